"""Shared by commands: the console, the options of a registry, and the error exit."""

import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from conformance.commands.verbosity import is_quiet
from conformance.observed.masking import SECRETS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from conformance.registry.client.client import RegistryClient
    from conformance.registry.client.options import ConnectionOptions
    from conformance.sources.reference import RegistryReference

EXIT_DIFFERS, EXIT_CANNOT = 1, 2
_MAX_LINE = 2000
_UNFOLDED = 200

Image = Annotated[
    str,
    typer.Argument(metavar="REF", help="oci:DIR[:TAG], a layout directory, host/name:tag or host/name@sha256:…"),
]
Username = Annotated[str, typer.Option(help="User of the registry; the password is read from OCI_PASSWORD.")]
PlainHttp = Annotated[bool, typer.Option("--plain-http", help="Use plain HTTP (the default for loopback hosts).")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Do not verify TLS certificates.")]
CaFile = Annotated[str, typer.Option(help="PEM file of certificate authorities to trust.")]


def console(*, tree: bool = False) -> "Console":
    """Standard output; nothing with --quiet.

    Piped output is 80 columns wide (or COLUMNS), but only tables are folded: sentences, and the lines of a tree, are
    not, for grep.
    """
    from rich.console import Console  # noqa: PLC0415 (start-up time)

    class _Console(Console):
        """Rich ends the process with status 1, which is a verdict here, when its output pipe is closed."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    piped = not sys.stdout.isatty()
    width = _UNFOLDED if tree and piped else None
    return _Console(highlight=False, markup=False, soft_wrap=piped, quiet=is_quiet(), width=width)


def cannot(message: str) -> NoReturn:
    """One line on standard error, and exit status 2."""
    masked = SECRETS.mask(" ".join(message.split()))
    line = "".join(character if character.isprintable() else "?" for character in masked)
    typer.echo(f"zcc: {line[:_MAX_LINE]}", err=True)
    raise typer.Exit(EXIT_CANNOT)


def connection_options(
    username: str,
    *,
    plain_http: bool,
    insecure: bool,
    ca_file: str,
    environment: Mapping[str, str] | None = None,
) -> "ConnectionOptions":
    """How to reach registries, by the options and the environment; ends the command where these cannot be used."""
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415 (start-up time)
    from conformance.registry.client.options import ConnectionOptions  # noqa: PLC0415

    given = os.environ if environment is None else environment
    try:
        return ConnectionOptions.from_environment(
            given, username=username, plain_http=plain_http, insecure=insecure, ca_file=ca_file
        )
    except CredentialError as error:
        cannot(str(error))


@contextmanager
def registry_client(reference: "RegistryReference", connection: "ConnectionOptions") -> "Iterator[RegistryClient]":
    """A client for the repository of this image, closed at the end."""
    from conformance.sources.remote import client_for  # noqa: PLC0415 (start-up time)

    client = client_for(reference, connection)
    try:
        yield client
    finally:
        client.close()


class ByteCount:
    """Counts bytes: a call reports bytes that are done, ``expect`` adds bytes that are to come."""

    def __init__(self, shown: "Progress | None" = None, what: str = "") -> None:
        self._shown, self._total = shown, 0
        self._task = shown.add_task(what, total=None) if shown is not None else None

    def __call__(self, count: int) -> None:
        if self._shown is not None and self._task is not None:
            self._shown.advance(self._task, count)

    def expect(self, count: int) -> None:
        """Add this number of bytes to the total."""
        self._total += count
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, total=self._total)


@contextmanager
def progress(what: str) -> Iterator[ByteCount]:
    """A line on standard error that counts bytes of a total, where that is a terminal."""
    if is_quiet() or not sys.stderr.isatty():
        yield ByteCount()
        return
    from rich.console import Console  # noqa: PLC0415 (start-up time)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as shown:
        yield ByteCount(shown, what)


def in_words(error: Exception) -> str:
    """One line for an unexpected error, without secrets."""
    if isinstance(error, OSError):
        return SECRETS.mask(f"{error.filename or 'standard output'}: {error.strerror or error}")
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = SECRETS.mask(repr(" ".join(str(error).split())))[:400]
    where = f"{Path(place.filename).name}:{place.lineno}"
    return f"internal error, please report it: {type(error).__name__} {text} at {where} (ZCC_TRACEBACK=1 shows more)"
