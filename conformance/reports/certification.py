"""The output of ``zcc certify``: the verdict on each tool in each role, and the interoperability matrix."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Literal

import msgspec
from rich.table import Table
from rich.text import Text

from conformance.reports.encoding import indented_json
from conformance.reports.model import Report, SubjectReport, Tool
from conformance.reports.power import Property
from conformance.reports.verdict_line import verdict_line
from conformance.reports.words import safe, short_name
from conformance.requirements import Profile, Role
from conformance.results import Ending, RequirementResult, Verdict

SCHEMA_ID: Final = "urn:zstd-chunked-conformance:certificate:1"
SCHEMA_FILE: Final = "certificate.schema.json"
CellOutcome = Literal[
    "same tree", "wrong tree", "refused", "crashed", "timed out", "unsupported", "not pushed", "absent"
]
_STYLE: Final[dict[CellOutcome, str]] = {
    "same tree": "green",
    "wrong tree": "bold red",
    "crashed": "red",
    "timed out": "red",
    "refused": "yellow",
}


_ENDING_STYLE: Final[dict[Ending, str]] = {"conforms": "green", "does-not-conform": "red", "incomplete": "yellow"}


class RoleResult(msgspec.Struct, frozen=True):
    """Counts of the MUST of one role by verdict; ``warnings`` are SHOULD that failed, ``unchecked`` have no check.

    ``verdict`` is the line on it, ``profiles`` what was claimed, ``waived`` the failures that the user declared.
    """

    role: Role
    conforms: bool
    musts: dict[str, int]
    warnings: int = 0
    unchecked: int = 0
    profiles: tuple[Profile, ...] = ()
    verdict: str = ""
    recorded_ending: Ending | None = msgspec.field(name="ending", default=None)
    waived: tuple[str, ...] = ()

    @property
    def ending(self) -> Ending:
        """The outcome of this role; certification reports of the first edition have only whether it conforms."""
        return self.recorded_ending or ("conforms" if self.conforms else "does-not-conform")


class ToolResult(msgspec.Struct, frozen=True):
    """One tool; ``absent`` names what is missing on this machine, ``problem`` is why its run wrote no results.

    ``power``: the generated examples that were tried on it, and the bounds.
    """

    name: str
    subject: str = ""
    roles: tuple[RoleResult, ...] = ()
    absent: str = ""
    problem: str = ""
    elapsed: float = 0.0
    power: tuple[Property, ...] = ()

    @property
    def was_judged(self) -> bool:
        return not (self.absent or self.problem)


class Cell(msgspec.Struct, frozen=True):
    """One image from a producer through a registry to a consumer."""

    producer: str
    compression: str
    registry: str
    consumer: str
    outcome: CellOutcome
    reason: str = ""


class CertificationReport(msgspec.Struct, frozen=True):
    """One call of ``zcc certify``."""

    tools: tuple[ToolResult, ...]
    matrix: tuple[Cell, ...]
    started: datetime
    elapsed: float
    tool: Tool = Tool()
    schema: Literal["urn:zstd-chunked-conformance:certificate:1"] = SCHEMA_ID


def tool_result(name: str, report: Report) -> ToolResult:
    """The counts of a run's report."""
    roles = tuple(_role_result(subject) for subject in report.subjects)
    subject = report.subjects[0].subject if report.subjects else ""
    power = tuple(each for each in report.power if each.subject)
    return ToolResult(name, subject, roles, elapsed=report.elapsed, power=power)


def encode(certification: CertificationReport) -> bytes:
    """The certification report as indented JSON."""
    return indented_json(certification)


def build_schema() -> dict[str, Any]:
    """The JSON Schema of CertificationReport, generated from the model."""
    schema = msgspec.json.schema(CertificationReport)
    named = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Certification report of zstd-chunked-conformance",
        **schema,
    }
    # Converted through JSON: defaults of tuples are lists there.
    return dict(msgspec.json.decode(msgspec.json.encode(named)))


def verdict_lines(tools: Iterable[ToolResult]) -> Iterator[Text]:
    """One line for each role of each tool, and one for each tool that could not be judged."""
    for tool in tools:
        if not tool.was_judged:
            word, why = ("absent", tool.absent) if tool.absent else ("not judged", tool.problem)
            yield Text(f"{safe(tool.name)}: {word}: {safe(why)}", style="bold yellow")
        for role in tool.roles:
            line = role.verdict or f"{safe(tool.subject)} as {role.role}: {role.ending.replace('-', ' ')}"
            yield Text(line, style=_ENDING_STYLE[role.ending])


def tools_table(tools: Iterable[ToolResult]) -> Table:
    """Counts of MUST: a row for each role of each tool that was judged; it fits 80 columns."""
    table = Table(title="MUST by role", title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("tool", overflow="fold", max_width=22)
    table.add_column("role")
    for column in ("pass", "fail", "waived", "not\nrun", "unsup-\nported", "not appli-\ncable"):
        table.add_column(column, justify="right")
    for tool in tools:
        for role in tool.roles:
            counted = ("pass", "fail", "waived", "not-run", "unsupported", "not-applicable")
            table.add_row(
                safe(short_name(tool.subject)), role.role, *(str(role.musts.get(name, 0)) for name in counted)
            )
    return table


def what_broke(name: str, report: Report) -> Iterator[str]:
    """For each role that does not conform, the MUST that failed and those that were not run."""
    for subject in report.subjects:
        broken = [result for result in subject.verdicts if result.breaks_conformance]
        for verdict in ("fail", "not-run"):
            ids = [result.id for result in broken if result.verdict == verdict]
            if ids:
                yield f"{safe(name)} as {subject.roles[0]}: {verdict}: {', '.join(ids)}"


def matrix_tables(cells: Sequence[Cell]) -> Iterator[Table]:
    """One table for each registry and compression: producers down, consumers across."""

    def place(cell: Cell) -> tuple[str, str]:
        return cell.registry, cell.compression

    for (registry, compression), group in groupby(sorted(cells, key=place), key=place):
        listed = list(group)
        consumers = list(dict.fromkeys(cell.consumer for cell in listed))
        title = f"{compression} through {registry}: from producer (rows) to consumer (columns)"
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        table.add_column("")
        for consumer in consumers:
            table.add_column(safe(short_name(consumer)))
        for producer in dict.fromkeys(cell.producer for cell in listed):
            row = {cell.consumer: cell.outcome for cell in listed if cell.producer == producer}
            cells_of_row = [row.get(consumer, "unsupported") for consumer in consumers]
            table.add_row(
                safe(short_name(producer)), *(Text(cell, style=_STYLE.get(cell, "dim")) for cell in cells_of_row)
            )
        yield table


def reasons(cells: Iterable[Cell]) -> Iterator[str]:
    """Each reason once, with its first occurrence."""
    seen: set[tuple[str, str, str]] = set()
    for cell in cells:
        key = (cell.consumer if cell.outcome != "not pushed" else cell.producer, cell.outcome, cell.compression)
        if cell.reason and cell.outcome not in ("same tree", "unsupported") and key not in seen:
            seen.add(key)
            way = f"{cell.producer} -> {cell.registry} -> {cell.consumer}, {cell.compression}"
            yield f"{way}: {cell.outcome}: {safe(cell.reason)}"


def _role_result(subject: SubjectReport) -> RoleResult:
    musts: dict[str, int] = {}
    for result in subject.verdicts:
        if result.level == "MUST":
            verdict: Verdict = result.verdict
            musts[verdict] = musts.get(verdict, 0) + 1
    warnings = sum(_is_warning(result) for result in subject.verdicts)
    return RoleResult(
        subject.roles[0],
        subject.conforms,
        musts,
        warnings,
        len(subject.unchecked),
        tuple(claim.profile for claim in subject.claims),
        verdict_line(subject),
        subject.ending,
        tuple(f"{result.id}: {result.reason}" for result in subject.verdicts if result.verdict == "waived"),
    )


def _is_warning(result: RequirementResult) -> bool:
    return result.level != "MUST" and result.verdict == "fail"
