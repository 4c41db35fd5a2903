"""The end of a run as lines of text."""

from collections.abc import Iterator
from io import StringIO

from rich.console import Console

from conformance.reports import terminal
from conformance.reports.model import Report
from conformance.reports.power import power_lines
from conformance.reports.table import WIDTH


def summary_lines(report: Report, *, colour: bool) -> Iterator[str]:
    """The verdicts, the failures, the notes and the tables; text is not folded, tables fit 80 columns."""
    out = StringIO()
    console = Console(
        file=out,
        width=WIDTH,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    terminal.print_report(console, report)
    for line in power_lines(report.power):
        console.print(line)
    yield from (line.rstrip() for line in out.getvalue().splitlines())
