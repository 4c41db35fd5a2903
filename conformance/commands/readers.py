"""``zcc readers``: the real tar readers on this machine, and the installation of those that can be installed."""

import sys
from typing import Annotated

import typer

from conformance.commands.shared import EXIT_DIFFERS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(readers)


def readers(
    action: Annotated[str, typer.Argument(help="list, or install: build and fetch the available ones.")] = "list",
) -> None:
    """List the real tar readers on this machine with their versions; exit 1 when one is missing."""
    from conformance.readers.__main__ import main  # noqa: PLC0415 (start-up time)

    if action not in ("list", "install"):
        raise typer.BadParameter(f"{action!r} is neither list nor install")
    sys.stdout.flush()
    if main(["--install"] if action == "install" else []):
        raise typer.Exit(EXIT_DIFFERS)
