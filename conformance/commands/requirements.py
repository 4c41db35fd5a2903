"""``zcc requirements``: the catalogue."""

import sys
from typing import Annotated

import typer

from conformance.commands.shared import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(requirements)


def requirements(
    json: Annotated[bool, typer.Option("--json", help="Print the catalogue as one JSON document.")] = False,
    untested: Annotated[bool, typer.Option("--untested", help="Only requirements that have no check yet.")] = False,
) -> None:
    """Print the catalogue of requirements, each with its checks and mutants."""
    from conformance.reports.catalogue import (  # noqa: PLC0415 (start-up time)
        catalogue_entries,
        catalogue_json,
        catalogue_table,
    )

    entries = catalogue_entries(untested_only=untested)
    if json:
        sys.stdout.buffer.write(catalogue_json(entries))
    else:
        console().print(catalogue_table(entries) if entries else "every requirement has a check")
