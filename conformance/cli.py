"""``zcc``: judge one image, read the catalogue. Exit 0 conforms, 1 does not, 2 could not judge."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from conformance import __version__
from conformance.commands import adapter, build, certify, diff, inspect, registry

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.reports.model import SubjectReport

app = typer.Typer(
    name="zcc",
    help="Validation and conformance tests for zstd:chunked images and their sentinel variants.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
EXIT_FAILS, EXIT_CANNOT = 1, 2


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


@app.command()
def check(
    image: Annotated[
        str, typer.Argument(help="oci:DIR[:TAG], a layout directory, host/name:tag or host/name@sha256:…")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON document.")] = False,
    require_sentinel: Annotated[
        bool, typer.Option("--require-sentinel", help="An image without a sentinel variant does not conform.")
    ] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of every zstd:chunked layer.")] = False,
    panel: Annotated[
        bool, typer.Option("--panel/--no-panel", help="Feed the sentinel to the real tar readers on this machine.")
    ] = True,
    username: Annotated[str, typer.Option(help="User of the registry; the password is read from OCI_PASSWORD.")] = "",
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Speak HTTP (the default for loopback hosts).")
    ] = False,
    insecure: Annotated[bool, typer.Option("--insecure", help="Do not verify TLS certificates.")] = False,
    ca_file: Annotated[str, typer.Option(help="PEM file of certificate authorities to trust.")] = "",
) -> None:
    """Judge one image: index, manifests, configs, sentinel blobs, and the tables of its zstd:chunked layers."""
    from conformance.checking import CheckOptions, check_image  # noqa: PLC0415 (start-up time)
    from conformance.registry.credentials import CredentialError  # noqa: PLC0415
    from conformance.registry.options import ConnectionOptions  # noqa: PLC0415
    from conformance.reports.model import check_report, encode  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415
    from conformance.subjects.errors import SubjectError  # noqa: PLC0415

    connection = ConnectionOptions.from_environment(
        os.environ, username=username, plain_http=plain_http, insecure=insecure, ca_file=ca_file
    )
    try:
        options = CheckOptions(connection, use_panel=panel, require_sentinel=require_sentinel, deep=deep)
        report = check_image(image, options)
    except (SubjectError, CredentialError) as error:
        _cannot(str(error))
    catalogue = load_catalogue()
    if json:
        sys.stdout.buffer.write(encode(check_report(report, catalogue.revision)))
    else:
        _print_report(report)
    if not report.conforms:
        raise typer.Exit(EXIT_FAILS)


@app.command()
def requirements(
    json: Annotated[bool, typer.Option("--json", help="Print the catalogue as one JSON document.")] = False,
    untested: Annotated[bool, typer.Option("--untested", help="Only requirements that have no check yet.")] = False,
) -> None:
    """Print the catalogue of requirements, each with its checks and mutants."""
    from conformance.reports.catalogue import catalogue_entries, catalogue_json, catalogue_table  # noqa: PLC0415

    entries = catalogue_entries(untested_only=untested)
    if json:
        sys.stdout.buffer.write(catalogue_json(entries))
    else:
        _console().print(catalogue_table(entries))


inspect.register(app)
diff.register(app)
build.register(app)
adapter.register(app)
certify.register(app)
registry.register(app)


def _print_report(report: "SubjectReport") -> None:
    from conformance.reports import terminal  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415

    console, catalogue = _console(), load_catalogue()
    console.print(terminal.findings(report, catalogue))
    console.print()
    console.print(terminal.summary_table([report], catalogue))
    console.print()
    console.print(terminal.statement(report))


def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415

    # Piped output is for grep: never folded at 80 columns.
    return Console(
        highlight=False, markup=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 160
    )


def _cannot(message: str) -> NoReturn:
    typer.echo(f"zcc: {' '.join(message.split())}", err=True)
    raise typer.Exit(EXIT_CANNOT)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the ``zcc`` command."""
    try:
        app(args=None if argv is None else list(argv))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output is gone (zcc … | head): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILS)
