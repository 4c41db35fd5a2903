"""Prints a summary as lines of text, and as a page for Markdown and HTML."""

from collections.abc import Iterator

from conformance.anatomy.words import count_text
from conformance.audit.summary import FailingLayer, LargeToc, Summary, TagPulls
from conformance.reports.page import TONE_OF, Listing, Page, Paragraph, Section
from conformance.results import Ending

_ENDING = {"conforms": "conform", "does-not-conform": "do not conform", "incomplete": "could not be decided"}
_WHOLE: dict[Ending, str] = {
    "conforms": "Every image conforms.",
    "does-not-conform": "Not every image conforms.",
    "incomplete": "Not every image could be judged.",
}
_CLAIM = {"pair": "with a sentinel variant", "layer": "zstd:chunked without sentinel", "": "not zstd:chunked"}
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def lines(summary: Summary) -> Iterator[str]:
    """The summary for a terminal; each list has a heading, which states whether it is cut."""
    run = summary.run
    yield f"{count_text(summary.images, 'image')}, {summary.judged} judged ({summary.contents} different), " + (
        f"{summary.not_judged} could not be judged" + (f", {summary.waiting} waiting" if summary.waiting else "")
    )
    yield f"{count_text(run.requests, 'request')}, {amount(run.bytes)} received, {run.seconds:.1f} s"
    if not run.finished:
        yield "not finished: run the same command again to continue"
    for heading, entries in _lists(summary):
        yield ""
        yield heading
        yield from (f"  {entry}" for entry in entries)


def page(summary: Summary) -> Page:
    """The summary as a page, to be rendered as HTML or Markdown."""
    tone = TONE_OF[summary.ending]
    lead = tuple(Paragraph(line) for line in _head(summary))
    sections = tuple(
        Section(heading, (Listing(tuple(entry.strip() for entry in entries)),)) for heading, entries in _lists(summary)
    )
    return Page(f"Audit of {summary.run.started}", (Paragraph(_WHOLE[summary.ending], tone), *lead), sections)


def _head(summary: Summary) -> Iterator[str]:
    for line in lines(summary):
        if not line:
            return
        yield line


def _lists(summary: Summary) -> Iterator[tuple[str, list[str]]]:
    if summary.profiles:
        yield (
            "Images",
            [
                f"{each.images:>7} {_CLAIM.get(each.profile, each.profile)}: {_ENDING[each.ending]}"
                for each in summary.profiles
            ],
        )
    if summary.requirements:
        failing = [f"{each.images:>7} {each.requirement} ({each.level})" for each in summary.requirements]
        yield "Requirements that fail, with the number of images", failing
    if summary.undecided:
        yield (
            "Requirements that could not be decided, with the number of images",
            [f"{each.images:>7} {each.requirement}: {each.reason}" for each in summary.undecided],
        )
    if summary.layers:
        yield (
            f"Layers on which a requirement fails ({_cut(len(summary.layers), summary.failing_layers)})",
            [
                f"{each.digest} in {count_text(each.images, 'image')}: {', '.join(each.requirements)}"
                for each in summary.layers
            ],
        )
    if summary.judged:
        yield "Pulls", list(_pulls(summary))
    if summary.tag_pulls is not None:
        yield "Pulls of a tag by a client that has the previous tag", list(_tag_pulls(summary.tag_pulls))
    if summary.large_tocs:
        yield (
            "TOCs near a limit of clients",
            [
                f"{_in_images(each)}: {amount(each.toc_size)}; the limit is {amount(each.limit)}"
                for each in summary.large_tocs
            ],
        )
    if summary.problems:
        yield (
            f"Could not be judged ({_cut(len(summary.problems), summary.not_judged)})",
            [f"{each.reference}: {each.problem}" for each in summary.problems],
        )
    difference = summary.difference
    if difference is not None:
        counts = f"{difference.new} new, {difference.gone} deleted, {difference.updated} with other content"
        changes = [f"{each.reference}: {each.before}, now {each.after}" for each in difference.changes]
        ended = f"{difference.changed} with another outcome ({_cut(len(changes), difference.changed)})"
        yield f"Since the run of {difference.since}", [counts, ended, *changes]


def _pulls(summary: Summary) -> Iterator[str]:
    pulls = summary.pulls
    yield (
        f"{pulls.in_parts:>7} {_images(pulls.in_parts)} can be pulled in parts, {pulls.mixed} with some layers, "
        f"{pulls.whole} only whole"
    )
    yield (
        f"{pulls.layers_in_parts:>7} of {count_text(pulls.layers, 'different layer')} can be pulled in parts: "
        f"{amount(pulls.bytes_in_parts)} of {amount(pulls.bytes)}{_share(pulls.bytes_in_parts, pulls.bytes)}"
    )
    yield f"{pulls.without_sentinel:>7} {_images(pulls.without_sentinel)} without sentinel variant"
    for count, what in (
        (pulls.lost_annotations, "with a layer that lost its annotations"),
        (pulls.legacy, "with legacy annotations only on a layer"),
    ):
        if count:
            yield f"{count:>7} {_images(count)} {what}"


def _in_images(layer: FailingLayer | LargeToc) -> str:
    return f"{layer.digest} in {count_text(layer.images, 'image')}"


def _images(count: int) -> str:
    return "image" if count == 1 else "images"


def _tag_pulls(pulls: TagPulls) -> Iterator[str]:
    yield f"{pulls.pairs} pairs: {amount(pulls.full.bytes)} in whole layers, {pulls.full.requests} requests"
    for words, cost in (("by file", pulls.by_file), ("by chunk", pulls.by_chunk)):
        share = _share(cost.bytes, pulls.full.bytes)
        yield f"in parts {words}: {amount(cost.bytes)}{share}, {cost.requests} requests, {cost.ranges} ranges"
    for each in pulls.largest:
        costs = f"{amount(each.by_file.bytes)} by file, {amount(each.by_chunk.bytes)} by chunk"
        yield f"{each.new} ({each.platform}): {costs}, {amount(each.full.bytes)} whole"


def _share(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.1f} %)" if whole else ""


def _cut(shown: int, count: int) -> str:
    return str(count) if shown == count else f"{count}; {shown} are shown"


def amount(size: int) -> str:
    """A number of bytes in a suitable unit."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{size} bytes" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"
