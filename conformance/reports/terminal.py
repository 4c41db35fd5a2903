"""The result of a run for terminals (and, as SVG, for the README): verdicts first, then failures, notes and a table."""

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text

from conformance.observed.printable import safe
from conformance.reports.model import Report, SubjectReport
from conformance.reports.notes import notes
from conformance.reports.table import summary_tables
from conformance.reports.verdict_line import as_role, run_line, verdict_line
from conformance.reports.words import explained_by, finding_lines, verdict_word
from conformance.requirements import LEVELS, Catalogue, load_catalogue
from conformance.results import Ending, RequirementResult

_ENDING_STYLE: dict[Ending, str] = {
    "conforms": "bold green",
    "does-not-conform": "bold red",
    "incomplete": "bold yellow",
}


def print_report(console: Console, report: Report) -> None:
    """The verdict on each target, then every failure once, the notes, and the counts by role and level."""
    catalogue = load_catalogue()
    for subject in report.subjects:
        console.print(statement(subject, partial=report.partial))
    if report.partial and not report.subjects:
        console.print("partial run, no statement on conformance: no test that was selected gives a verdict")
    if report.stopped:
        console.print(Text(run_line(report), style=_ENDING_STYLE[report.ending or "incomplete"]))
    several = len(report.subjects) > 1
    for subject in report.subjects:
        print_details(console, subject, catalogue, named=several)
    for table in summary_tables(report.subjects, catalogue):
        console.print()
        console.print(table)


def print_details(console: Console, subject: SubjectReport, catalogue: Catalogue, *, named: bool) -> None:
    """The lines after the verdict on one target, if any."""
    blocks = [*_blocks(subject, catalogue), *notes(subject)]
    if not blocks:
        return
    console.print()
    if named:
        console.print(Text(safe(subject.subject) + as_role(subject), style="bold"))
    console.print(Group(*blocks))


def findings(subject: SubjectReport, catalogue: Catalogue) -> RenderableType:
    """Every failure and warning in full, then undecided and unsupported requirements, and notes."""
    return Group(*_blocks(subject, catalogue), *notes(subject))


def statement(subject: SubjectReport, *, partial: bool = False) -> Text:
    """The verdict on one target, in its colour."""
    style = "" if partial else _ENDING_STYLE[subject.ending or "incomplete"]
    return Text(verdict_line(subject, partial=partial), style=style)


def _blocks(subject: SubjectReport, catalogue: Catalogue) -> Iterator[RenderableType]:
    """A block for each failure; requirements that were not run for one reason are one block."""
    together: dict[tuple[object, ...], list[RequirementResult]] = {}
    for result in sorted(subject.verdicts, key=_gravest_first):
        if result.verdict in ("fail", "not-run") or (result.verdict == "waived" and result.telling):
            reasons = tuple((item.message, item.where) for item in result.telling)
            alike = (result.level, reasons, result.reason) if result.verdict == "not-run" else (result.id,)
            together.setdefault(alike, []).append(result)
    for first, *others in together.values():
        yield _headline(first, catalogue) if not others else _shared_headline((first, *others))
        for item in first.telling:
            yield from (Text("  " + line) for line in finding_lines(item))
        if first.reason:
            yield Text(f"  {safe(first.reason)}", style="dim")
        advice = catalogue.advice_on(first.id)
        if advice and first.verdict == "fail":
            yield Text(f"  advice:   {advice}")
        if first.verdict == "fail":
            yield Text(f"  more:     {explained_by(first.id)}")


def _gravest_first(result: RequirementResult) -> tuple[bool, bool, int]:
    return (not result.breaks_conformance, result.verdict == "not-run", LEVELS.index(result.level))


def _headline(result: RequirementResult, catalogue: Catalogue) -> Text:
    word = verdict_word(result).upper()
    style = "bold red" if result.breaks_conformance else "bold cyan" if word == "NOTE" else "bold yellow"
    return Text.assemble((f"{word} {result.id}", style), f" [{result.level}] {catalogue.statement_of(result.id)}")


def _shared_headline(results: Sequence[RequirementResult]) -> Text:
    ids = ", ".join(result.id for result in results)
    style = "bold red" if results[0].breaks_conformance else "bold yellow"
    count = f" [{results[0].level}] {len(results)} requirements, for one reason:"
    return Text.assemble((f"NOT-RUN {ids}", style), count)
