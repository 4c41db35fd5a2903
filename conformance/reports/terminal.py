"""The table by role and level, and the failures, for terminals (and, as SVG, for the README)."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from conformance.endings import Ending
from conformance.reports.model import Report, SubjectReport
from conformance.reports.verdict_line import verdict_line
from conformance.reports.words import finding_lines, safe
from conformance.requirements import LEVELS, Catalogue, Level, Role, load_catalogue
from conformance.results import VERDICTS, Finding, RequirementResult, Verdict

_STYLE: dict[Verdict, str] = {
    "pass": "green",
    "fail": "red",
    "waived": "yellow",
    "unsupported": "yellow",
    "not-applicable": "dim",
    "not-run": "magenta",
}

_ENDING_STYLE: dict[Ending, str] = {
    "conforms": "bold green",
    "does-not-conform": "bold red",
    "incomplete": "bold yellow",
}


def print_report(console: Console, report: Report) -> None:
    """The table by role and level, every failure, and a closing sentence for each subject."""
    catalogue = load_catalogue()
    console.print(summary_table(report.subjects, catalogue))
    for subject in report.subjects:
        console.print()
        console.print(findings(subject, catalogue))
        console.print(statement(subject, partial=report.partial))


def summary_table(subjects: Iterable[SubjectReport], catalogue: Catalogue) -> RenderableType:
    """Counts of verdicts by subject, role and level."""
    table = Table(title="Conformance", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in ("subject", "role", "level"):
        table.add_column(column, overflow="fold")
    for verdict in VERDICTS:
        table.add_column(verdict, justify="right")
    table.add_column("no check yet", justify="right")
    for subject in subjects:
        for role, level, counts, unchecked in _rows(subject, catalogue):
            cells = [
                Text(str(counts[verdict]), style=_cell_style(verdict, level, counts[verdict])) for verdict in VERDICTS
            ]
            table.add_row(safe(subject.subject), role, level, *cells, str(unchecked))
    return table


def findings(subject: SubjectReport, catalogue: Catalogue) -> RenderableType:
    """Every failure and warning in full, then what was not run, unsupported or worth knowing.

    Requirements that were not run for the same reason are one block, their ids in its headline.
    """
    blocks: list[RenderableType] = []
    together: dict[tuple[object, ...], list[RequirementResult]] = {}
    for result in sorted(subject.verdicts, key=_gravest_first):
        if result.verdict in ("fail", "not-run") or (result.verdict == "waived" and _shown(result)):
            reasons = tuple((item.message, item.where) for item in _shown(result))
            alike = (result.level, reasons, result.reason) if result.verdict == "not-run" else (result.id,)
            together.setdefault(alike, []).append(result)
    for first, *others in together.values():
        blocks.append(_headline(first, catalogue) if not others else _shared_headline((first, *others)))
        for item in _shown(first):
            blocks.extend(Text("  " + line) for line in finding_lines(item))
        if first.reason:
            blocks.append(Text(f"  {safe(first.reason)}", style="dim"))
    blocks.extend(_remarks(subject))
    return Group(*blocks)


def _shown(result: RequirementResult) -> list[Finding]:
    return [item for item in result.findings if item.outcome in ("fail", "not-run")]


def statement(subject: SubjectReport, *, partial: bool = False) -> Text:
    """The verdict on one subject, in its colour."""
    style = "" if partial else _ENDING_STYLE[subject.ending or "incomplete"]
    return Text(verdict_line(subject, partial=partial), style=style)


def _rows(subject: SubjectReport, catalogue: Catalogue) -> Iterator[tuple[Role, Level, dict[Verdict, int], int]]:
    for role in subject.roles:
        for level in LEVELS:
            mine = [result for result in subject.verdicts if role in result.roles and result.level == level]
            counts: dict[Verdict, int] = {verdict: sum(r.verdict == verdict for r in mine) for verdict in VERDICTS}
            unchecked = sum(
                catalogue[name].level == level and role in catalogue[name].roles for name in subject.unchecked
            )
            if mine or unchecked:
                yield role, level, counts, unchecked


def _cell_style(verdict: Verdict, level: Level, count: int) -> str:
    if not count:
        return "dim"
    return "yellow" if verdict == "fail" and level != "MUST" else _STYLE[verdict]


def _gravest_first(result: RequirementResult) -> tuple[bool, bool, int]:
    return (not result.breaks_conformance, result.verdict == "not-run", LEVELS.index(result.level))


def _headline(result: RequirementResult, catalogue: Catalogue) -> Text:
    word = "WARNING" if result.verdict == "fail" and result.level != "MUST" else result.verdict.upper()
    style = "bold red" if result.breaks_conformance else "bold yellow"
    return Text.assemble((f"{word} {result.id}", style), f" [{result.level}] {catalogue[result.id].statement}")


def _shared_headline(results: Sequence[RequirementResult]) -> Text:
    ids = ", ".join(result.id for result in results)
    style = "bold red" if results[0].breaks_conformance else "bold yellow"
    count = f" [{results[0].level}] {len(results)} requirements, for one reason:"
    return Text.assemble((f"NOT-RUN {ids}", style), count)


def _remarks(subject: SubjectReport) -> Iterator[Text]:
    if subject.needs_deep:
        count = len(subject.needs_deep)
        yield Text(
            f"note: {count} requirements need every byte of the layers: not looked at without --deep", style="cyan"
        )
    for note in subject.notes:
        yield Text(f"note: {safe(note)}", style="cyan")
    alike: dict[str, dict[str, dict[str, None]]] = {}
    for result in subject.verdicts:
        for finding in result.findings:
            if finding.outcome in ("info", "unsupported"):
                places = alike.setdefault(finding.message, {})
                places.setdefault(result.id, {})[finding.where] = None
    for message, places in alike.items():
        where = {place for of_one in places.values() for place in of_one}
        at = f" ({safe(where.pop())})" if len(where) == 1 and where != {""} else ""
        yield Text(f"note: {', '.join(places)}: {safe(message)}{at}", style="dim")
