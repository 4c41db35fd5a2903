"""``zcc push``, ``zcc pull`` and ``zcc sentinel``: images into registries and back, and their sentinel variants."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.manual import DONE, manual
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
    registry_client,
)

if TYPE_CHECKING:
    from conformance.building.delivery import Sent, Target
    from conformance.building.sentinels import Change
    from conformance.reference.store import ContentStore
    from conformance.registry.client.options import ConnectionOptions
    from conformance.sources.reference import LayoutReference, RegistryReference
    from conformance.sources.source import ImageSource

_sentinel = typer.Typer(
    help="Add sentinel variants to an image that exists, or remove them.",
    no_args_is_help=True,
    epilog=manual("sentinel add registry.example/app:1", status=DONE),
)

LayoutArgument = Annotated[str, typer.Argument(metavar="LAYOUT", help="oci:DIR[:TAG] or DIR.")]
RegistryArgument = Annotated[str, typer.Argument(metavar="REF", help="host/name:tag")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=manual(
            "push oci:./layout:1 registry.example/app:1",
            status=DONE,
        )
    )(push)
    app.command(
        epilog=manual(
            "pull registry.example/app:1 oci:./layout",
            status=DONE,
        )
    )(pull)
    app.add_typer(_sentinel, name="sentinel")


def push(
    layout: LayoutArgument,
    ref: RegistryArgument,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Push an image of an OCI layout to a registry, byte for byte, with all that an index names.

    Existing blobs are not sent again, and the tag changes last: repeat the command after an interruption.
    """
    from conformance.building.delivery import RegistryTarget, bytes_of, deliver, pieces_of  # noqa: PLC0415 (start-up time)
    from conformance.reference.copier import Copier  # noqa: PLC0415
    from conformance.sources.layout import LayoutSource  # noqa: PLC0415

    with _refusals(), _scratch() as store:
        source = LayoutSource(_layout(layout))
        target = _registry(ref)
        connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
        plan = Copier(source, store).copy_plan()
        _expect_digest(target, str(plan.digest))
        with registry_client(target, connection) as client, progress("pushing") as on_bytes:
            on_bytes.expect(bytes_of(plan))
            sent = deliver(plan, RegistryTarget(client, target), pieces_of(source, {}, on_bytes), on_bytes)
        _print(str(target), str(plan.digest), sent)


def pull(
    ref: Annotated[str, typer.Argument(metavar="REF", help="host/name:tag or host/name@sha256:…")],
    layout: LayoutArgument,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Pull an image of a registry into an OCI layout, byte for byte, with all that an index names.

    Everything is verified by its digest. Repeat the command after an interruption: received content is retained,
    and partial blobs are continued.
    """
    from conformance.building.delivery import PulledLayout, bytes_of, deliver, pieces_of  # noqa: PLC0415 (start-up time)
    from conformance.building.download import BlobDownload  # noqa: PLC0415
    from conformance.building.layout import continued_layout, expect_tag  # noqa: PLC0415
    from conformance.reference.copier import Copier  # noqa: PLC0415
    from conformance.sources.remote import RemoteSource  # noqa: PLC0415

    with _refusals():
        source_reference, target = _registry(ref), _layout(layout)
        name = target.tag or ("latest" if source_reference.by_digest else source_reference.reference)
        expect_tag(name)
        connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
        with registry_client(source_reference, connection) as client, progress("pulling") as on_bytes:
            source = RemoteSource(client, source_reference)
            with _scratch() as store:
                plan = Copier(source, store).copy_plan()
            writer = continued_layout(target.directory)
            with writer.incoming() as directory:
                download = BlobDownload(client, source_reference.repository, directory, on_bytes=on_bytes)
                on_bytes.expect(bytes_of(plan))
                sent = deliver(plan, PulledLayout(writer, name, download), pieces_of(source, {}), on_bytes)
        _print(f"oci:{target.directory}:{name}", str(plan.digest), sent)


@_sentinel.command(
    epilog=manual(
        "sentinel add registry.example/app:1",
        "sentinel add oci:./layout:1",
        status={0: "done, or nothing to do", 2: "failed"},
    )
)
def add(
    image: Image,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Add a sentinel variant for every platform that may have one: the tag then names an index with both variants.

    Layers and plain manifests are not changed. A platform with a layer that is not zstd:chunked gets none.
    """
    from conformance.building.sentinels import plan_addition  # noqa: PLC0415 (start-up time)

    connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
    _change(image, connection, plan_addition)


@_sentinel.command(
    epilog=manual(
        "sentinel strip registry.example/app:1",
        "sentinel strip oci:./layout:1",
        status={0: "done, or nothing to do", 2: "failed"},
    )
)
def strip(
    image: Image,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Remove all sentinel variants: the tag then names the same image with its plain variants only.

    Layers and plain manifests are not changed; the blobs of the variants remain until garbage collection.
    """
    from conformance.building.sentinels import plan_removal  # noqa: PLC0415 (start-up time)

    connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
    _change(image, connection, plan_removal)


def _change(
    image: str,
    connection: "ConnectionOptions",
    planned: "Callable[[ImageSource, ContentStore], Change]",
) -> None:
    """Plan a change of an image and apply it to its source."""
    from conformance.building.delivery import deliver, pieces_of  # noqa: PLC0415 (start-up time)

    with _refusals(), _opened(image, connection) as (source, target):
        with _scratch() as store:
            change = planned(source, store)
        sent = deliver(change.plan, target, pieces_of(source, change.made)) if change.changed else None
    for line in change.left_out:
        console().print(f"left without a sentinel variant: {line}")
    _print(image, str(change.plan.digest), sent)


@contextmanager
def _opened(image: str, connection: "ConnectionOptions") -> "Iterator[tuple[ImageSource, Target]]":
    """An image to read, and its location to write to."""
    from conformance.building.delivery import LayoutTarget, RegistryTarget  # noqa: PLC0415 (start-up time)
    from conformance.building.errors import BuildError  # noqa: PLC0415
    from conformance.building.layout import continued_layout  # noqa: PLC0415
    from conformance.sources.layout import LayoutSource  # noqa: PLC0415
    from conformance.sources.reference import LayoutReference, parse_reference  # noqa: PLC0415
    from conformance.sources.remote import RemoteSource  # noqa: PLC0415

    reference = parse_reference(image)
    if isinstance(reference, LayoutReference):
        layout = LayoutSource(reference)
        entry = layout.entry()
        if entry is None:
            raise BuildError(f"{reference}: its index.json is itself the index of the image: no entry can be changed")
        yield layout, LayoutTarget(continued_layout(reference.directory), reference.tag, entry.digest)
        return
    if reference.by_digest:
        raise BuildError(f"{reference}: a digest identifies fixed bytes; give a tag")
    with registry_client(reference, connection) as client:
        yield RemoteSource(client, reference), RegistryTarget(client, reference)


@contextmanager
def _scratch() -> "Iterator[ContentStore]":
    """A temporary store for one command."""
    import tempfile  # noqa: PLC0415 (start-up time)
    from pathlib import Path  # noqa: PLC0415

    from conformance.reference.store import ContentStore  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="zcc-") as directory:
        yield ContentStore(Path(directory))


@contextmanager
def _refusals() -> Iterator[None]:
    """A failure is one line, and exit status 2."""
    from conformance.building.errors import BuildError  # noqa: PLC0415 (start-up time)
    from conformance.format.errors import FormatError  # noqa: PLC0415
    from conformance.reference.errors import NotSupportedError, RefusalError  # noqa: PLC0415
    from conformance.registry.client.client import TransportError  # noqa: PLC0415
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415
    from conformance.sources.errors import SourceError  # noqa: PLC0415

    try:
        yield
    except NotSupportedError as error:
        cannot(f"not supported: {error}")
    except (BuildError, FormatError, RefusalError, TransportError, CredentialError, SourceError) as error:
        cannot(str(error))


def _layout(text: str) -> "LayoutReference":
    from conformance.building.errors import BuildError  # noqa: PLC0415 (start-up time)
    from conformance.sources.reference import LayoutReference, parse_reference  # noqa: PLC0415

    reference = parse_reference(text)
    if not isinstance(reference, LayoutReference):
        raise BuildError(f"{text}: an OCI layout is named oci:DIR[:TAG]")
    return reference


def _registry(text: str) -> "RegistryReference":
    from conformance.building.errors import BuildError  # noqa: PLC0415 (start-up time)
    from conformance.sources.reference import RegistryReference, parse_reference  # noqa: PLC0415

    reference = parse_reference(text)
    if not isinstance(reference, RegistryReference):
        raise BuildError(f"{text}: an image in a registry is named host/name:tag")
    return reference


def _expect_digest(target: "RegistryReference", digest: str) -> None:
    from conformance.building.errors import BuildError  # noqa: PLC0415 (start-up time)

    if target.by_digest and target.reference != digest:
        raise BuildError(f"{target}: the image in the layout has the digest {digest}")


def _print(where: str, digest: str, sent: "Sent | None") -> None:
    from conformance.anatomy.words import size_text  # noqa: PLC0415 (start-up time)
    from conformance.observed.printable import safe  # noqa: PLC0415

    if sent is None:
        console().print(f"{safe(where)}  {digest}  nothing to do")
        return
    facts = [
        f"{sent.blobs} {'blob' if sent.blobs == 1 else 'blobs'} copied, {size_text(sent.size)}",
        f"{sent.present} already there",
    ]
    if sent.left_out:
        facts.append(f"{sent.left_out} not distributable and left out")
    console().print(f"{safe(where)}  {digest}  {'; '.join(facts)}")
