"""``zcc adapter``: check adapter files, list the shipped ones."""

from pathlib import Path
from typing import Annotated

import typer

from conformance.commands.manual import DONE, manual
from conformance.commands.shared import EXIT_CANNOT, console
from conformance.commands.verbosity import say

_adapters = typer.Typer(
    help="Adapter files: how to run a tool (docs/adapters.md).",
    no_args_is_help=True,
    epilog=manual("adapter check mytool.toml", status=DONE),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(_adapters, name="adapter")


@_adapters.command(
    epilog=manual(
        "adapter check mytool.toml",
        status={0: "all can be used", 2: "one is wrong"},
    )
)
def check(files: Annotated[list[Path], typer.Argument(help="Adapter files (TOML).")]) -> None:
    """Show for each file what it describes and what will be unsupported, or one line with the error.

    The tool is asked for its version; an absent tool is reported, and is not an error in the file.
    """
    from conformance.implementations.adapter import AdapterError, load_adapter  # noqa: PLC0415 (start-up time)
    from conformance.implementations.adapter_limits import unsupported_of  # noqa: PLC0415
    from conformance.trials.under_test import ask_version  # noqa: PLC0415

    wrong = False
    for file in files:
        try:
            adapter = load_adapter(file)
        except AdapterError as error:
            typer.echo(f"zcc: {error}", err=True)
            wrong = True
        else:
            operations = ", ".join(adapter.operations)
            say(f"{file}: {adapter.name}, {', '.join(adapter.roles)}; operations: {operations}")
            version = ask_version(adapter)
            say(f"  version: {version.text or version.absent}")
            for line in unsupported_of(adapter):
                say(f"  unsupported: {line}")
    if wrong:
        raise typer.Exit(EXIT_CANNOT)


@_adapters.command(
    name="list",
    epilog=manual(
        "adapter list",
        status=DONE,
    ),
)
def list_shipped() -> None:
    """The shipped adapters, their roles, and the version of the tool on this machine."""
    from rich.table import Table  # noqa: PLC0415 (start-up time)

    from conformance.implementations.adapter import builtin_adapters, find_adapter  # noqa: PLC0415
    from conformance.trials.under_test import ask_version  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("adapter", "roles", "on this machine"):
        table.add_column(column)
    for name in builtin_adapters():
        adapter = find_adapter(name)
        version = ask_version(adapter)
        table.add_row(name, ", ".join(adapter.roles), version.absent or version.text)
    console().print(table)
