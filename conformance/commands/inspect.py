"""``zcc inspect``: what an image consists of, as a tree, a picture or JSON."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.bound import Timeout, time_bound
from conformance.commands.manual import manual
from conformance.commands.shared import (
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
    from conformance.anatomy.model import ImageView


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "inspect registry.example/app:tag",
            "inspect --layer 0 oci:./layout:1",
            "inspect --svg anatomy.svg oci:./layout:1",
            status={0: "shown", 2: "could not be read"},
        )
    )(inspect)


def inspect(
    image: Image,
    json: Annotated[bool, typer.Option("--json", help="Print the anatomy as one JSON document.")] = False,
    svg: Annotated[str, typer.Option("--svg", metavar="FILE", help="Write a picture instead.")] = "",
    platform: Annotated[
        str, typer.Option(help="Only manifests for this platform: os/architecture or os/architecture/variant.")
    ] = "",
    layer: Annotated[
        int | None, typer.Option(min=0, help="Only the layer at this position, with its frames and entries listed.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Cut no list.")] = False,
    frames: Annotated[
        bool, typer.Option("--frames", help="Read whole blobs of a registry, to map their frames.")
    ] = False,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
    timeout: Timeout = None,
) -> None:
    """Show what an image consists of: index, manifests, layers, frames, TOC, tar-split, footer, sentinel.

    For an image in a registry only the ends of the layers are fetched, by Range requests.
    """
    from conformance.anatomy.tree import MAX_LISTED, image_tree  # noqa: PLC0415 (start-up time)
    from conformance.anatomy.walk import ViewOptions, view_image  # noqa: PLC0415
    from conformance.audit.checking import open_source  # noqa: PLC0415
    from conformance.format.errors import FormatError  # noqa: PLC0415
    from conformance.format.oci import Platform  # noqa: PLC0415
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415
    from conformance.sources.errors import SourceError  # noqa: PLC0415
    from conformance.sources.reference import LayoutReference, parse_reference  # noqa: PLC0415

    limit = None if show_all or svg else (0 if layer is None else MAX_LISTED)
    try:
        connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
        local = isinstance(parse_reference(image), LayoutReference)
        with time_bound(timeout, reads_whole=frames), progress("reading layers") as on_bytes:
            options = ViewOptions(
                frames or local,
                limit,
                Platform.parse(platform) if platform else None,
                layer,
                on_bytes,
                on_bytes.expect,
            )
            view = view_image(open_source(image, connection), options)
    except (SourceError, CredentialError, FormatError) as error:
        cannot(str(error))
    if svg:
        _draw(view, Path(svg))
    elif json:
        from conformance.anatomy.document import encode  # noqa: PLC0415

        sys.stdout.buffer.write(encode(view))
    else:
        console(tree=True).print(image_tree(view, None if show_all else MAX_LISTED))


def _draw(view: "ImageView", path: Path) -> None:
    from conformance.anatomy.svg import picture  # noqa: PLC0415

    try:
        path.write_text(picture(view), "utf-8")
    except OSError as error:
        cannot(f"{path}: {error.strerror}")
