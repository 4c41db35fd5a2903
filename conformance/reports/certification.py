"""The output of ``zcc certify``: the verdict on each tool in each role, and the interoperability matrix."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Literal

import msgspec
from rich.table import Table
from rich.text import Text

from conformance.observed.interop import Cell, CellOutcome, ImageName
from conformance.observed.printable import safe
from conformance.reports.encoding import indented_json, schema_document
from conformance.reports.model import Report, SubjectReport, Tool
from conformance.reports.power import Property
from conformance.reports.verdict_line import verdict_line
from conformance.reports.words import short_name
from conformance.requirements import Profile, Role
from conformance.results import Ending, Verdict

SCHEMA_ID: Final = "urn:zstd-chunked-conformance:certificate:1"
SCHEMA_FILE: Final = "certificate.schema.json"
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
    return schema_document(named)


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
    """Tables for each image, registry and compression: producers down, consumers across; then copiers across."""
    for place, direct, copied in by_place(cells):
        found = {(cell.producer, cell.consumer): cell.outcome for cell in direct}
        yield _table(f"{named(*place)}: from producer (rows) to consumer (columns)", found, _STYLE)
        if copied:
            counts = copies(copied)
            style = {text: "green" if whole else "yellow" for text, whole in counts.values()}
            texts = {key: text for key, (text, _) in counts.items()}
            yield _table(f"{named(*place)}, copied: from producer (rows) by copier (columns)", texts, style)


def by_place(
    cells: Iterable[Cell],
) -> Iterator[tuple[tuple[ImageName, str, str], list[Cell], list[Cell]]]:
    """Image, registry and compression, with their cells: those without a copier, and those with one."""

    def place(cell: Cell) -> tuple[ImageName, str, str]:
        return cell.place

    for where, group in groupby(sorted(cells, key=place), key=place):
        listed = list(group)
        yield where, [cell for cell in listed if not cell.copier], [cell for cell in listed if cell.copier]


def named(image: ImageName, registry: str, compression: str) -> str:
    """Where the cells of a table are from, in words."""
    return f"{compression} through {registry}{', the large image' if image == 'large' else ''}"


def copies(copied: Iterable[Cell]) -> dict[tuple[str, str], tuple[str, bool]]:
    """By producer and copier how many consumers get the same tree from the copy, and whether that is all of them."""
    ends: dict[tuple[str, str], list[CellOutcome]] = {}
    for cell in copied:
        ends.setdefault((cell.producer, cell.copier), []).append(cell.outcome)
    counted: dict[tuple[str, str], tuple[str, bool]] = {}
    for key, outcomes in ends.items():
        same = outcomes.count("same tree")
        text = "not copied" if set(outcomes) == {"not copied"} else f"{same} of {len(outcomes)} same"
        counted[key] = text, same == len(outcomes)
    return counted


def _table(title: str, found: Mapping[tuple[str, str], str], style: Mapping[Any, str]) -> Table:
    """Producers down, others across."""
    others = list(dict.fromkeys(other for _, other in found))
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for other in others:
        table.add_column(safe(short_name(other)))
    for producer in dict.fromkeys(producer for producer, _ in found):
        row = [found.get((producer, other), "unsupported") for other in others]
        table.add_row(safe(short_name(producer)), *(Text(cell, style=style.get(cell, "dim")) for cell in row))
    return table


def reasons(cells: Iterable[Cell]) -> Iterator[str]:
    """Each reason once, with its first occurrence."""
    seen: set[tuple[str, ...]] = set()
    for cell in cells:
        who = {"not pushed": cell.producer, "not copied": cell.copier}.get(cell.outcome, cell.consumer)
        key = (who, cell.outcome, cell.compression, cell.image)
        if cell.reason and cell.outcome not in ("same tree", "unsupported") and key not in seen:
            seen.add(key)
            copier = f" -> {cell.copier}" if cell.copier else ""
            large = ", the large image" if cell.image == "large" else ""
            way = f"{cell.producer} -> {cell.registry}{copier} -> {cell.consumer}, {cell.compression}{large}"
            yield f"{way}: {cell.outcome}: {safe(cell.reason)}"


def _role_result(subject: SubjectReport) -> RoleResult:
    musts: dict[str, int] = {}
    for result in subject.verdicts:
        if result.level == "MUST":
            verdict: Verdict = result.verdict
            musts[verdict] = musts.get(verdict, 0) + 1
    warnings = sum(result.is_warning for result in subject.verdicts)
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
