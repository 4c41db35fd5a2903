"""Counts of verdicts by role and level, in tables that fit 80 columns."""

from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from conformance.observed.printable import safe
from conformance.reports.model import SubjectReport
from conformance.requirements import LEVELS, Catalogue, Level, Role
from conformance.results import VERDICTS, Verdict

WIDTH: Final = 80
_STYLE: Final[dict[Verdict, str]] = {
    "pass": "green",
    "fail": "red",
    "waived": "yellow",
    "unsupported": "yellow",
    "not-applicable": "dim",
    "not-run": "magenta",
}
# Two lines each: the whole words are too wide for one line.
_HEADERS: Final[dict[Verdict, str]] = {
    "unsupported": "unsup-\nported",
    "not-applicable": "not appli-\ncable",
    "not-run": "not\nrun",
}


def summary_tables(subjects: Iterable[SubjectReport], catalogue: Catalogue) -> Iterator[RenderableType]:
    """For each target that has verdicts its name and its table."""
    for subject in subjects:
        rows = list(_rows(subject, catalogue))
        if rows:
            unchecked = any(row[3] for row in rows)
            yield Group(Text(safe(subject.subject), style="bold"), _table(rows, with_unchecked=unchecked))


def _table(rows: Iterable[tuple[Role, Level, dict[Verdict, int], int]], *, with_unchecked: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    for column in ("role", "level"):
        table.add_column(column)
    for verdict in VERDICTS:
        table.add_column(_HEADERS.get(verdict, verdict), justify="right")
    if with_unchecked:
        table.add_column("no check\nyet", justify="right")
    for role, level, counts, unchecked in rows:
        cells = [Text(str(counts[verdict]), style=_cell_style(verdict, level, counts[verdict])) for verdict in VERDICTS]
        table.add_row(role, level, *cells, *([str(unchecked)] if with_unchecked else []))
    return table


def _rows(subject: SubjectReport, catalogue: Catalogue) -> Iterator[tuple[Role, Level, dict[Verdict, int], int]]:
    for role in subject.roles:
        for level in LEVELS:
            mine = [result for result in subject.verdicts if result.level == level]
            counts: dict[Verdict, int] = {verdict: sum(r.verdict == verdict for r in mine) for verdict in VERDICTS}
            unchecked = sum(catalogue[name].level == level for name in subject.unchecked)
            if mine or unchecked:
                yield role, level, counts, unchecked


def _cell_style(verdict: Verdict, level: Level, count: int) -> str:
    if not count:
        return "dim"
    return "yellow" if verdict == "fail" and level != "MUST" else _STYLE[verdict]
