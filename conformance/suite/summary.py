"""The end of a run as lines of text."""

from collections.abc import Iterator
from io import StringIO

from rich.console import Console

from conformance.reports import terminal
from conformance.reports.model import Report
from conformance.requirements import load_catalogue


def summary_lines(report: Report, *, colour: bool, width: int) -> Iterator[str]:
    """The table by role and level, every failure, and a closing sentence for each subject."""
    out = StringIO()
    console = Console(
        file=out,
        width=max(width, 110),
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    catalogue = load_catalogue()
    console.print(terminal.summary_table(report.subjects, catalogue))
    for subject in report.subjects:
        console.print()
        console.print(terminal.findings(subject, catalogue))
        console.print(terminal.statement(subject, partial=report.partial))
    yield from out.getvalue().splitlines()
