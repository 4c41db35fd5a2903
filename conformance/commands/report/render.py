"""``zcc report render``: existing results, in another form."""

from typing import Annotated

import typer

from conformance.commands.manual import DONE, manual
from conformance.commands.output import write_forms
from conformance.commands.report.files import Results, read_results
from conformance.commands.shared import cannot


def register(report: typer.Typer) -> None:
    """Add the command."""
    report.command(
        epilog=manual(
            "report render reports/latest/results.json --format markdown",
            status=DONE,
        )
    )(render)


def render(
    results: Results,
    form: Annotated[
        str, typer.Option("--format", help="json, junit, html, sarif, codequality, markdown, badge or badge-svg.")
    ],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="- is standard output.")] = "-",
) -> None:
    """Write results in another form. No verdict changes."""
    from conformance.commands.report_forms import FORMS  # noqa: PLC0415 (start-up time)
    from conformance.commands.report_forms import render as rendered  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415

    if form not in FORMS:
        cannot(f"--format {form}: not one of {', '.join(FORMS)}")
    report = read_results(results)[0]
    write_forms([(form, output)], lambda name: rendered(name, report, load_catalogue()))
