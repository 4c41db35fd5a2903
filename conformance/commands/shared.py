"""Shared by commands: the console, the options of a registry, and the error exit."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from conformance.observed.masking import SECRETS

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.registry.client.client import RegistryClient
    from conformance.registry.client.options import ConnectionOptions
    from conformance.sources.reference import RegistryReference

EXIT_DIFFERS, EXIT_CANNOT = 1, 2
_MAX_LINE = 2000

Image = Annotated[str, typer.Argument(help="oci:DIR[:TAG], a layout directory, host/name:tag or host/name@sha256:…")]
Username = Annotated[str, typer.Option(help="User of the registry; the password is read from OCI_PASSWORD.")]
PlainHttp = Annotated[bool, typer.Option("--plain-http", help="Use plain HTTP (the default for loopback hosts).")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Do not verify TLS certificates.")]
CaFile = Annotated[str, typer.Option(help="PEM file of certificate authorities to trust.")]


def console() -> "Console":
    """Standard output; piped output is not folded at 80 columns, for grep."""
    from rich.console import Console  # noqa: PLC0415 (start-up time)

    class _Console(Console):
        """Rich ends the process with status 1, which is a verdict here, when its output pipe is closed."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    terminal = sys.stdout.isatty()
    return _Console(highlight=False, markup=False, soft_wrap=not terminal, width=None if terminal else 200)


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


@contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """A line on standard error that counts bytes, where that is a terminal; the function that reports them."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda count: shown.advance(task, count)


def in_words(error: Exception) -> str:
    """One line for an unexpected error, without secrets."""
    if isinstance(error, OSError):
        return SECRETS.mask(f"{error.filename or 'standard output'}: {error.strerror or error}")
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = SECRETS.mask(repr(" ".join(str(error).split())))[:400]
    where = f"{Path(place.filename).name}:{place.lineno}"
    return f"internal error, please report it: {type(error).__name__} {text} at {where} (ZCC_TRACEBACK=1 shows more)"
