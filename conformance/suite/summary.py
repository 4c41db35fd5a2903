"""The end of a run as lines of text."""

from collections.abc import Iterator
from io import StringIO

from rich.console import Console

from conformance.reports import terminal
from conformance.reports.model import Report

_TABLE = 132  # the table beside a subject such as registry.example:5000/team/app:v1, unbroken; the rest is not folded


def summary_lines(report: Report, *, colour: bool, width: int) -> Iterator[str]:
    """The table by role and level, every failure, and a closing sentence for each subject."""
    out = StringIO()
    console = Console(
        file=out,
        width=max(width, _TABLE),
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    terminal.print_report(console, report)
    yield from out.getvalue().splitlines()
