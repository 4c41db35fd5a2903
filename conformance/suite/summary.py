"""The end of a run as lines of text."""

from collections.abc import Iterator, Sequence
from io import StringIO

from rich.console import Console

from conformance.reports import terminal
from conformance.reports.model import Report
from conformance.reports.table import WIDTH
from conformance.suite.invariants import Tried


def summary_lines(report: Report, tried: Sequence[Tried], *, colour: bool) -> Iterator[str]:
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
    if tried:
        console.print("\nGenerated artifacts, for which this held (the suite's control of its own checks):")
    for each in sorted(tried, key=lambda each: each.statement):
        console.print(f"  {each.examples:5} examples: {each.statement}")
    yield from (line.rstrip() for line in out.getvalue().splitlines())
