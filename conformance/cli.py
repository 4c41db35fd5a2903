"""``zcc``: the commands by name. Exit 0 conforms (or done), 1 does not, 2 could not judge."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from conformance import __version__
from conformance.commands import adapter, build, certify, check, diff, inspect, registry, requirements

app = typer.Typer(
    name="zcc",
    help="Validation and conformance tests for zstd:chunked images and their sentinel variants.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (check, inspect, diff, build, certify, adapter, registry, requirements):
    command.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zcc {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the ``zcc`` command."""
    try:
        app(args=None if argv is None else list(argv))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output is gone (zcc … | head): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(check.EXIT_FAILS)
