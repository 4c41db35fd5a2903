"""``zcc report``: operations on results: render, sign, verify, attach, compare, merge, replay."""

import typer

from conformance.commands.manual import DONE, manual
from conformance.commands.report import attest, compare, render, replay

_report = typer.Typer(
    no_args_is_help=True,
    help="Render, sign, verify and attach results; compare, merge and replay them (docs/reports.md).",
    epilog=manual("report render results.json --format html -o report.html", status=DONE),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for module in (attest, compare, render, replay):
        module.register(_report)
    app.add_typer(_report, name="report")
