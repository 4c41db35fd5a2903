"""``zcc report``: what can be done with results that are there: sign, verify, attach, compare, merge, replay."""

import typer

from conformance.commands.report import attest, compare, replay

_report = typer.Typer(
    no_args_is_help=True,
    help="Sign, verify and attach results; compare, merge and replay them (docs/reports.md).",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for module in (attest, compare, replay):
        module.register(_report)
    app.add_typer(_report, name="report")
