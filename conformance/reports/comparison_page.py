"""A comparison of two results as a page, and as JSON."""

from collections.abc import Iterator
from typing import Final

from conformance.reports.comparison import KINDS, Change, Comparison, Kind
from conformance.reports.model import Report, made_by
from conformance.reports.page import Cell, Page, Paragraph, Section, Table, Tone, row
from conformance.requirements import Catalogue

_HEADINGS: Final[dict[Kind, str]] = {
    "new-failure": "New failures",
    "undecided": "No longer decided",
    "mended": "Mended",
    "evidence": "Fails as before, with different evidence",
    "verdict": "Other changed verdicts",
    "level": "Levels that changed",
    "added": "Newly judged",
    "removed": "No longer judged",
}
_TONES: Final[dict[Kind, Tone]] = {"new-failure": "fail", "undecided": "warning", "mended": "pass"}
_SHOWN: Final = 3


def comparison_page(comparison: Comparison, old: Report, new: Report, catalogue: Catalogue) -> Page:
    """The changes, the most severe first."""
    sections = [
        Section(_HEADINGS[kind], (_table(comparison.of(kind), catalogue),), kind)
        for kind in KINDS
        if comparison.of(kind)
    ]
    facts = (("old", made_by(old)), ("new", made_by(new)))
    return Page("Comparison of two results", tuple(_lead(comparison)), tuple(sections), facts)


def _lead(comparison: Comparison) -> Iterator[Paragraph]:
    worse = [change for change in comparison.of("new-failure") if change.level == "MUST"]
    lost = [change for change in comparison.of("undecided") if change.level == "MUST"]
    mended = comparison.of("mended")
    if worse:
        yield Paragraph(f"{len(worse)} MUST newly failed: {_ids(worse)}", "fail")
    if lost:
        yield Paragraph(f"{len(lost)} MUST no longer decided: {_ids(lost)}", "warning")
    if comparison.old_only:
        yield Paragraph(f"no longer judged: {', '.join(comparison.old_only)}", "warning")
    if not worse and not lost and not comparison.old_only:
        yield Paragraph(f"no MUST newly failed, of {comparison.compared} verdicts compared", "pass")
    if mended:
        yield Paragraph(f"{len(mended)} mended: {_ids(mended)}", "pass")
    if comparison.new_only:
        yield Paragraph(f"judged only now: {', '.join(comparison.new_only)}")
    for before, after in comparison.named_otherwise:
        yield Paragraph(f"{after} is compared with {before}")
    if comparison.catalogue:
        yield Paragraph("the two runs used different catalogues: some changes may result from that", "warning")


def _ids(changes: tuple[Change, ...] | list[Change]) -> str:
    return ", ".join(dict.fromkeys(change.id for change in changes))


def _table(changes: tuple[Change, ...], catalogue: Catalogue) -> Table:
    rows = tuple(_row(change, catalogue) for change in changes)
    return Table(("requirement", "level", "target", "old", "new", "what"), rows)


def _row(change: Change, catalogue: Catalogue) -> tuple[Cell, ...]:
    told = [f"now: {text}" for text in change.come[:_SHOWN]] + [f"before: {text}" for text in change.gone[:_SHOWN]]
    more = len(change.come) + len(change.gone) - len(told)
    text = "; ".join(told) + (f"; and {more} more" if more else "")
    return row(
        Cell(change.id, _TONES.get(change.kind, "")),
        change.level,
        change.subject,
        change.before or "-",
        change.after or "-",
        text or catalogue.statement_of(change.id),
    )
