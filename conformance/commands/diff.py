"""``zcc diff``: two images, or the two readings of one. Exit 0 the same, 1 different, 2 could not compare."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.bound import Timeout, time_bound
from conformance.commands.manual import manual
from conformance.commands.shared import (
    EXIT_DIFFERS,
    CaFile,
    Image,
    Insecure,
    PlainHttp,
    Username,
    cannot,
    connection_options,
    console,
    progress,
)

if TYPE_CHECKING:
    from conformance.anatomy.difference.pulling import PullDifference


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "diff registry.example/app:1 registry.example/app:2",
            "diff oci:./layout:1",
            "diff --pull registry.example/app:1 registry.example/app:2",
            status={0: "the same (with --pull: counted)", 1: "different", 2: "could not compare"},
        )
    )(diff)


def diff(
    image: Image,
    other: Annotated[
        str,
        typer.Argument(metavar="[OTHER]", help="REF of the other image; without it the TOCs of REF against its tars."),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the differences as one JSON document.")] = False,
    files: Annotated[bool, typer.Option("--files", help="Compare only the trees that the images unpack to.")] = False,
    toc: Annotated[
        bool, typer.Option("--toc", help="Read the trees from the TOCs: nothing else of the layers is fetched.")
    ] = False,
    pull: Annotated[
        bool,
        typer.Option("--pull", help="The cost of a pull of OTHER for a client that has REF."),
    ] = False,
    platform: Annotated[str, typer.Option(help="Only this platform: os/architecture or os/architecture/variant.")] = "",
    show_all: Annotated[bool, typer.Option("--all", help="Cut no list.")] = False,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
    timeout: Timeout = None,
) -> None:
    """Show what differs between two images, or between the TOC and the tar of each layer of one.

    With --pull the bytes of a partial pull are computed from the TOCs.
    """
    from conformance.anatomy.difference import terminal  # noqa: PLC0415
    from conformance.anatomy.difference.duality import compare_readings  # noqa: PLC0415
    from conformance.anatomy.difference.images import CompareOptions, compare_images  # noqa: PLC0415
    from conformance.anatomy.difference.model import DiffError  # noqa: PLC0415
    from conformance.anatomy.difference.pulling import compare_pulls  # noqa: PLC0415
    from conformance.audit.checking import open_source  # noqa: PLC0415 (start-up time)
    from conformance.format.errors import FormatError  # noqa: PLC0415
    from conformance.format.oci import Platform  # noqa: PLC0415
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415
    from conformance.sources.errors import SourceError  # noqa: PLC0415

    if not other and pull:
        cannot("--pull is for two images: the one that a client has, and the one that it pulls")
    if not other and (files or toc or platform):
        cannot("--files, --toc and --platform are for two images")
    if pull and (files or toc):
        cannot("--pull reads the TOCs: leave --files and --toc out")
    try:
        connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
        with time_bound(timeout, reads_whole=not (toc or pull)), progress("reading layers") as on_bytes:
            first = open_source(image, connection)
            wanted = Platform.parse(platform) if platform else None
            if pull:
                costs = compare_pulls(first, open_source(other, connection), wanted)
            elif other:
                options = CompareOptions(toc, files, wanted, on_bytes, on_bytes.expect)
                difference = compare_images(first, open_source(other, connection), options)
            else:
                difference = compare_readings(first, on_bytes, on_bytes.expect)
    except (DiffError, SourceError, CredentialError, FormatError) as error:
        cannot(str(error))
    if pull:
        _print_pull(costs, json=json)
        return
    if json:
        sys.stdout.buffer.write(terminal.encode(difference))
    else:
        out = console()
        for line in terminal.lines(difference, None if show_all else terminal.MAX_LISTED):
            out.print(line)
    if not difference.is_same:
        raise typer.Exit(EXIT_DIFFERS)


def _print_pull(costs: "PullDifference", *, json: bool) -> None:
    from conformance.anatomy.difference import pulling  # noqa: PLC0415 (start-up time)

    if json:
        sys.stdout.buffer.write(pulling.encode(costs))
        return
    out = console()
    for line in pulling.lines(costs):
        out.print(line)
