"""``zcc registry``: the recording registry as a command, to debug clients."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.manual import manual
from conformance.commands.shared import cannot
from conformance.commands.verbosity import say

if TYPE_CHECKING:
    from conformance.observed.evidence import Exchange

_SHOWN = ("range", "content-range")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "registry --port 5000",
            "registry --fault short-body",
            "registry --list-faults",
            status={0: "ended by Ctrl-C", 2: "could not run"},
        )
    )(registry)


def registry(
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port on loopback (0: any free port).")] = 5000,
    directory: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Store the content in this directory (default: in memory).")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME[=VALUE]", help="A deviation; may be repeated.")
    ] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Print the faults by name and end.")] = False,
) -> None:
    """Run the embedded registry on 127.0.0.1 until Ctrl-C; every exchange is a line of output."""
    from conformance.registry.server.embedded import EmbeddedRegistry  # noqa: PLC0415 (start-up time)
    from conformance.registry.server.faults import FAULTS, FaultError, parse_fault  # noqa: PLC0415
    from conformance.registry.server.storage import StorageError  # noqa: PLC0415

    if list_faults:
        width = max(len(name) for name in FAULTS)
        for name, kind in FAULTS.items():
            say(f"{name:<{width}}  {kind.summary}{f' [={kind.value}]' if kind.value else ''}")
        return
    try:
        faults = [parse_fault(text) for text in fault or ()]
    except FaultError as error:
        cannot(str(error))
    try:
        with EmbeddedRegistry(defects=faults, port=port, directory=directory, on_exchange=_print) as running:
            _wait(f"{running.url} (Ctrl-C ends it)")
    except (RuntimeError, StorageError) as error:
        cannot(str(error))


def _wait(message: str) -> None:
    try:
        say(message)
        threading.Event().wait()
    except KeyboardInterrupt:
        say("ended")


def _print(exchange: "Exchange") -> None:
    """Method, path, status, sizes and seconds; ranges if present."""
    path = "/" + exchange.url.split("/", 3)[-1]
    ranges = [
        f"{name}: {value}"
        for name, value in (*exchange.request_headers, *exchange.response_headers)
        if name.lower() in _SHOWN
    ]
    sizes = f"{exchange.request_size} bytes in, {exchange.response_size} out, {exchange.elapsed:.3f} s"
    line = "  ".join([f"{exchange.method} {path} -> {exchange.status}", sizes, *ranges])
    say("".join(character if character.isprintable() else "?" for character in line[:1000]))
