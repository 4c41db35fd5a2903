"""A report as an SVG picture: ``python -m conformance.reports.picture results.json report.svg``."""

import io
import sys
from pathlib import Path

from rich.console import Console

from conformance.reports import terminal
from conformance.reports.model import Report, read_report

_WIDTH = 128


def picture(report: Report, *, title: str) -> str:
    """The end of a run, as the terminal shows it."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, highlight=False, markup=False)
    terminal.print_report(console, report)
    return console.export_svg(title=title)


def main(arguments: list[str]) -> int:
    """Draw one results.json."""
    source, target = (Path(name) for name in arguments[:2])
    title = arguments[2] if len(arguments) > 2 else "pytest --registry"
    report = read_report(source.read_bytes())
    target.write_text(picture(report, title=title), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
