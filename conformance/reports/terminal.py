"""The table by role and level, and the failures, for terminals (and, as SVG, for the README)."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from conformance.reports.model import Report, SubjectReport
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
    """The closing sentence for one subject."""
    failed = sum(result.verdict == "fail" and result.level == "MUST" for result in subject.verdicts)
    missing = sum(result.verdict == "not-run" and result.level == "MUST" for result in subject.verdicts)
    warnings = sum(result.verdict == "fail" and result.level != "MUST" for result in subject.verdicts)
    passed = sum(result.verdict == "pass" for result in subject.verdicts)
    tail = f" ({warnings} warning{'s' if warnings != 1 else ''}: failed SHOULD)" if warnings else ""
    name = safe(subject.subject) + _as_role(subject)
    if partial:
        return Text(f"{name}: partial run, no statement on conformance; {passed} passed, {failed} MUST failed{tail}")
    if failed or missing:
        parts = [f"{failed} MUST failed"] * bool(failed) + [f"{missing} MUST not run"] * bool(missing)
        return Text(f"{name} does not conform: {', '.join(parts)}{tail}", style="bold red")
    if not subject.conforms:
        return Text(f"{name} does not conform: see the notes{tail}", style="bold red")
    if not passed:
        return Text(f"{name}: nothing to judge{tail}", style="yellow")
    return Text(f"{name} conforms to the {passed} requirements that apply and have a check{tail}", style="bold green")


def _as_role(subject: SubjectReport) -> str:
    """In which role, where the same subject may have several."""
    named = [role for role in subject.roles if role not in ("artifact", "registry")]
    return f" as {' and '.join(named)}" if named else ""


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
