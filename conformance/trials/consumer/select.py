"""Indexes to choose from: the requested manifests show which entry was selected."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from conformance.checks.trial_verdicts import INCONCLUSIVE, describe
from conformance.format.digest import Digest
from conformance.format.oci import read_index
from conformance.images import tampered
from conformance.images.composed import (
    Entry,
    Image,
    foreign_platform,
    gzip_layer,
    image,
    index,
    layer_of,
    sentinel_image,
)
from conformance.images.trees import Node, Tree
from conformance.implementations.adapter_document import Option
from conformance.observed.consumer import SelectionSeen
from conformance.observed.trials import RunSeen
from conformance.registry.server.deviations import Defect
from conformance.registry.server.faults import make_fault
from conformance.results import not_run, unsupported
from conformance.sources.platforms import machine_platform
from conformance.trials.consumer.bench import Pull, reads_layouts
from conformance.trials.consumer.trial import ConsumerTrials, Scenario, Seen
from conformance.trials.file_trees import expected_tree

_UNTRUE: Final = ("false", "TRUE", "1", "")


class Choice(msgspec.Struct, frozen=True):
    """An index and how it is pulled."""

    name: str
    entries: tuple[Entry, ...]
    options: tuple[Option, ...] = ()
    faults: Callable[[], Sequence[Defect]] = tuple
    toc_capable: bool = True
    no_ranges: bool = False


def choose(trials: ConsumerTrials, choice: Choice) -> Iterator[Seen]:
    """Let the tool pull the index; return its selection, or why it is unknown."""
    built = index(choice.entries)
    for operation in trials.operations:
        from_layout = reads_layouts(trials.subject.adapter, operation)
        if from_layout and choice.faults():
            yield unsupported("it reads layouts, which have no such faults", where=choice.name)
            continue
        run = trials.bench.pull(built, operation, Pull(options=choice.options), faults=choice.faults())
        if not trials.aware and trials.lacks_zstd(operation):
            yield unsupported("it reads no zstd layers, so that it cannot read these images", where=choice.name)
            continue
        problem = trials.problem("pair" if trials.aware else "plain pair", operation)
        shown = unpacked_positions(choice, run) if from_layout else asked_positions(choice, run)
        if shown is None:
            yield unsupported("it is given a layout, and does not show which entry it read", where=choice.name)
            continue
        yield observed(f"{operation}: {choice.name}", choice, built, run, problem, positions=shown, aware=trials.aware)


def asked_positions(choice: Choice, run: RunSeen) -> list[int]:
    """The entries whose manifests a run asked the registry for, in order."""
    digests = [entry.image.root for entry in choice.entries]
    asked = [
        item.url.rpartition("/")[2] for item in run.exchanges if item.method == "GET" and "/manifests/" in item.url
    ]
    return [digests.index(digest) for digest in asked if digest in digests]


def unpacked_positions(choice: Choice, run: RunSeen) -> list[int] | None:
    """The entry that a run unpacked from a layout, by the file in it; None where it shows no tree."""
    if run.tree is None:
        return None if run.succeeded else []
    contents = [str(Digest.of(entry.image.label.encode())) for entry in choice.entries]
    number = run.tree.get("number")
    return [contents.index(number.content)] if number is not None and number.content in contents else []


def observed(
    name: str, choice: Choice, built: Image, run: RunSeen, problem: str, *, positions: Sequence[int], aware: bool
) -> Seen:
    """The choice that a run made: whose layers it fetched, else the last entry it inspected.

    None when it refused what it could read.
    The choice of a tool that has a ``problem`` with a conforming image shows nothing.
    """
    if run.ending == "absent":
        return not_run(run.reason, where=name, evidence=run.evidence)
    if run.ending == "unsupported":
        return unsupported(run.reason, where=name, evidence=run.evidence)
    # A client that compares the manifests of a pair requests both: the fetched layers show its selection.
    positions = [place for place, entry in enumerate(choice.entries) if _fetched_layers(run, entry.image)] or positions
    chosen = positions[-1] if positions else None
    if run.ending in ("crashed", "timed-out") or problem:
        why = f"with a conforming image {problem}" if problem else f"the pull did not work ({describe(run)})"
        return not_run(f"{INCONCLUSIVE}{why}", where=name, evidence=run.evidence)
    if run.succeeded and len(choice.entries) > 1 and set(positions) == set(range(len(choice.entries))):
        return unsupported("it copies every entry of the index, so its choice cannot be seen", where=name)
    if not run.succeeded and chosen is not None and not choice.entries[chosen].image.sentinel:
        chosen = None
    return SelectionSeen(
        name,
        read_index(built.root_document.raw).view,
        machine_platform(),
        chosen,
        aware=aware,
        prefer_gzip="prefer-gzip" in choice.options,
        toc_capable=choice.toc_capable,
        has_sentinel_layer=None if chosen is None else bool(choice.entries[chosen].image.sentinel),
        evidence=run.evidence,
        read_whole_by_toc=run.succeeded and choice.no_ranges,
    )


def _fetched_layers(run: RunSeen, image: Image) -> bool:
    asked = {item.url.rpartition("/")[2] for item in run.exchanges if item.method == "GET" and "/blobs/" in item.url}
    return any(layer.digest in asked for layer in image.layers)


def plain(label: str = "plain", **more: object) -> Entry:
    """A plain zstd entry."""
    return Entry(image([layer_of(_numbered(label.encode()))], label=label), **more)  # type: ignore[arg-type]


def sentinel(label: str = "sentinel", value: str = "true", **more: object) -> Entry:
    """A sentinel entry."""
    layers = [layer_of(_numbered(label.encode()))]
    return Entry(sentinel_image(layers, label=label), sentinel=value, **more)  # type: ignore[arg-type]


def gzipped() -> Entry:
    """A gzip entry."""
    return Entry(image([gzip_layer(_numbered(b"gzip"))], label="gzip"), zstd=False)


def _numbered(content: bytes) -> Tree:
    """A file that tells the images apart, and /usr: composefs (cfsctl 0.9.4) takes no image without it."""
    return (Node("number", content=content), Node("usr", "dir", mode=0o755))


def _choices(make: Callable[[], Sequence[Choice]]) -> Scenario:
    def scenario(trials: ConsumerTrials) -> Iterator[Seen]:
        for choice in make():
            yield from choose(trials, choice)

    return scenario


def _no_toc_pulls(trials: ConsumerTrials) -> Iterator[Seen]:
    """Switched off where the tool can be told so; a registry without ranges in any case."""
    entries = (plain(), sentinel())
    if trials.has_option("no-partial"):
        yield from choose(trials, Choice("TOC pulls switched off", entries, ("no-partial",), toc_capable=False))
    without = Choice(
        "a registry without ranges",
        entries,
        faults=lambda: [make_fault("unsatisfiable")],
        toc_capable=False,
        no_ranges=True,
    )
    yield from choose(trials, without)


def _lying_annotation(trials: ConsumerTrials) -> Iterator[Seen]:
    """The entry is annotated, its manifest has no sentinel, and its layer has two readings."""
    choice = Choice("a lying annotation", (Entry(image([tampered.dual()]), sentinel="true"),))
    built = index(choice.entries)
    by_toc = expected_tree([tampered.DUAL_BY_TOC])
    for operation in trials.operations:
        name = f"{operation}: {choice.name}"
        run = trials.bench.pull(built, operation)
        if run.succeeded and run.tree is None:
            yield not_run(f"{INCONCLUSIVE}it does not show which reading it took", where=name, evidence=run.evidence)
            continue
        # A refusal is accepted here: only the selection is judged.
        response = msgspec.structs.replace(run, ending="succeeded") if run.ending == "refused" else run
        problem = trials.problem("plain two files", operation)
        positions = asked_positions(choice, run)
        seen = observed(name, choice, built, response, problem, positions=positions, aware=trials.aware)
        if isinstance(seen, SelectionSeen):
            relaxed = run.succeeded and {k: v.content for k, v in (run.tree or {}).items()} == {
                k: v.content for k, v in by_toc.items()
            }
            seen = msgspec.structs.replace(seen, relaxed=relaxed)
        yield seen


def _foreign_sentinel() -> Sequence[Choice]:
    entries = (sentinel(platform=foreign_platform()), plain("no platform", no_platform=True), plain())
    return [Choice("a foreign sentinel, and an entry without platform", entries)]


def _foreign_only() -> Sequence[Choice]:
    foreign = foreign_platform()
    entries = (plain("foreign", platform=foreign), sentinel(platform=foreign), plain())
    return [Choice("a sentinel of another platform only", entries)]


def _untrue() -> Sequence[Choice]:
    return [Choice(f"the annotation {value!r}", (plain(), sentinel(value=value))) for value in _UNTRUE]


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "SENT-SELECT-001": _choices(lambda: [Choice("a pair", (plain(), sentinel()))]),
    "SENT-SELECT-003": _choices(_foreign_sentinel),
    "SENT-SELECT-004": _choices(_foreign_only),
    "SENT-SELECT-005": _choices(_untrue),
    "SENT-SELECT-006": _lying_annotation,
    "SENT-SELECT-007": _choices(lambda: [Choice("gzip preferred", (gzipped(), plain(), sentinel()), ("prefer-gzip",))]),
    "SENT-SELECT-008": _no_toc_pulls,
    "SENT-SELECT-009": _choices(lambda: [Choice("a sentinel without platform", (sentinel(no_platform=True), plain()))]),
    "SENT-SELECT-010": _choices(
        lambda: [Choice("gzip preferred where there is none", (plain(), sentinel()), ("prefer-gzip",))]
    ),
}

UNAWARE: Final[Mapping[str, Scenario]] = {
    "SENT-SELECT-002": _choices(
        lambda: [
            Choice("a pair", (plain(), sentinel())),
            Choice("gzip and a pair", (gzipped(), plain(), sentinel())),
        ]
    ),
}
