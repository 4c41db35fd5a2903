"""``zcc readers``: the real tar readers on this machine, and the installation of those that can be installed."""

import sys
from typing import Annotated

import typer

from conformance.commands.manual import manual
from conformance.commands.shared import EXIT_DIFFERS
from conformance.commands.verbosity import quieted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "readers",
            "readers install",
            status={0: "all are here", 1: "one is missing"},
        )
    )(readers)


def readers(
    action: Annotated[str, typer.Argument(help="list, or install: build and fetch the available ones.")] = "list",
) -> None:
    """List the real tar readers on this machine with their versions."""
    from conformance.readers.__main__ import main  # noqa: PLC0415 (start-up time)

    if action not in ("list", "install"):
        raise typer.BadParameter(f"{action!r} is neither list nor install")
    sys.stdout.flush()
    with quieted():
        status = main(["--install"] if action == "install" else [])
    if status:
        raise typer.Exit(EXIT_DIFFERS)
