"""``zcc build``: an image from directories and tars, by the reference writer."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.manual import manual
from conformance.commands.shared import cannot, console, progress

if TYPE_CHECKING:
    from conformance.building.image import BuiltImage, LayerSource
    from conformance.building.walk import WalkRules
    from conformance.sources.reference import LayoutReference

_TAG = "latest"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "build ./app -o oci:./layout:1 --sentinel",
            'build base.tar ./app -o oci:./layout:1 --cmd "/app --serve"',
            status={0: "built", 2: "failed"},
        )
    )(build)


def build(
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DIR|TAR]…", help="A layer each, the lowest first: a directory, or an uncompressed tar."
        ),
    ] = None,
    *,
    output: Annotated[str, typer.Option("--output", "-o", metavar="oci:DIR[:TAG]", help="Where the image goes.")],
    compression: Annotated[str, typer.Option(help="zstd:chunked, zstd, gzip or uncompressed.")] = "zstd:chunked",
    sentinel: Annotated[bool, typer.Option("--sentinel", help="Write the sentinel variant as well.")] = False,
    platform: Annotated[
        str, typer.Option(help="os/architecture or os/architecture/variant; default: that of this machine.")
    ] = "",
    tar: Annotated[
        list[str] | None,
        typer.Option("--tar", metavar="FILE", help="A tar for a layer below the others; may be repeated."),
    ] = None,
    created: Annotated[
        str, typer.Option(metavar="TIME", help="RFC 3339 or seconds; SOURCE_DATE_EPOCH when not given, or none.")
    ] = "",
    mtime: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Time of all entries of directories; without it none is later than SOURCE_DATE_EPOCH."
        ),
    ] = "",
    owner: Annotated[str, typer.Option(metavar="UID:GID", help="Owner of all entries of directories.")] = "",
    cmd: Annotated[
        str,
        typer.Option(
            metavar="WORDS", help='The command of the container: words as in a shell, or ["a", "JSON", "array"].'
        ),
    ] = "",
    entrypoint: Annotated[
        str, typer.Option(metavar="WORDS", help="The program that gets the words of --cmd as arguments.")
    ] = "",
    env: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="May be repeated.")] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="May be repeated.")] = None,
    user: Annotated[str, typer.Option(metavar="USER[:GROUP]", help="The user of the process.")] = "",
    workdir: Annotated[str, typer.Option(metavar="DIR", help="The working directory.")] = "",
) -> None:
    """Build an image and put it into an OCI layout, new or existing: the tag is added or replaced.

    The same input and options give the same bytes.
    """
    from conformance.building.errors import BuildError  # noqa: PLC0415 (start-up time)
    from conformance.building.image import COMPRESSIONS, BuildOptions, build_image  # noqa: PLC0415
    from conformance.building.layout import open_layout  # noqa: PLC0415
    from conformance.building.run_settings import RunSettings, pairs_of, words_of  # noqa: PLC0415
    from conformance.building.walk import size_about  # noqa: PLC0415
    from conformance.format.errors import FormatError  # noqa: PLC0415
    from conformance.format.oci import Platform  # noqa: PLC0415
    from conformance.format.times import format_time  # noqa: PLC0415
    from conformance.sources.errors import SourceError  # noqa: PLC0415
    from conformance.sources.platforms import machine_platform  # noqa: PLC0415

    if compression not in COMPRESSIONS:
        cannot(f"--compression {compression!r} is not one of {', '.join(COMPRESSIONS)}")
    try:
        epoch = _time("SOURCE_DATE_EPOCH", os.environ.get("SOURCE_DATE_EPOCH", ""))
        moment = _time("--created", created) if created else epoch
        options = BuildOptions(
            Platform.parse(platform) if platform else machine_platform(),
            compression,
            sentinel,
            "" if moment is None else format_time(moment),
            RunSettings(
                words_of("--cmd", cmd),
                words_of("--entrypoint", entrypoint),
                pairs_of("--env", env or []),
                pairs_of("--label", label or []),
                user,
                workdir,
            ),
        )
        names = [*(tar or []), *(given or [])]
        target = _target(output, names)
        with progress("building") as on_bytes, open_layout(target.directory) as layout:
            on_bytes.expect(sum(size_about(Path(name)) for name in names))
            sources = _sources(names, _rules(mtime, epoch, owner), on_bytes)
            built = build_image(sources, layout.store, options)
            layout.tag(built.root, target.tag or _TAG)
    except (BuildError, FormatError, SourceError) as error:
        cannot(str(error))
    _print(built, target, compression, sentinel)


def _target(output: str, names: Sequence[str]) -> "LayoutReference":
    from conformance.building.errors import BuildError  # noqa: PLC0415
    from conformance.building.layout import expect_tag  # noqa: PLC0415
    from conformance.sources.reference import LayoutReference, parse_reference  # noqa: PLC0415

    target = parse_reference(output)
    if not isinstance(target, LayoutReference):
        raise BuildError(f"{output}: an image is built into a layout: -o oci:DIR[:TAG]")
    for name in names:
        if Path(name).is_dir() and target.directory.resolve().is_relative_to(Path(name).resolve()):
            raise BuildError(f"{target.directory}: the layout is inside {name}, which is the input of the image")
    if target.tag:
        expect_tag(target.tag)
    return target


def _sources(names: Iterable[str], rules: "WalkRules", on_bytes: Callable[[int], None]) -> list["LayerSource"]:
    from conformance.building.image import LayerSource  # noqa: PLC0415
    from conformance.building.streams import file_pieces  # noqa: PLC0415
    from conformance.building.walk import tar_pieces  # noqa: PLC0415

    def told(pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            on_bytes(len(piece))
            yield piece

    def source(name: str) -> LayerSource:
        path = Path(name)
        is_tar = path.is_file()
        return LayerSource(name, lambda: told(file_pieces(path) if is_tar else tar_pieces(path, rules)))

    return [source(name) for name in names]


def _rules(mtime: str, epoch: int | None, owner: str) -> "WalkRules":
    from conformance.building.errors import BuildError  # noqa: PLC0415
    from conformance.building.walk import WalkRules  # noqa: PLC0415

    numbers = owner.split(":") if owner else []
    if owner and (len(numbers) != 2 or not all(part.isdecimal() and len(part) < 11 for part in numbers)):
        raise BuildError(f"--owner {owner[:40]!r} is not UID:GID in numbers")
    pair = (int(numbers[0]), int(numbers[1])) if numbers else None
    return WalkRules(_time("--mtime", mtime), epoch, pair)


def _time(name: str, text: str) -> int | None:
    """Nanoseconds since 1970; None for ""."""
    from conformance.building.errors import BuildError  # noqa: PLC0415
    from conformance.format.errors import FormatError  # noqa: PLC0415
    from conformance.format.times import NANOSECONDS, parse_time  # noqa: PLC0415

    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 13:
        return int(text) * NANOSECONDS
    try:
        return parse_time(text)
    except FormatError:
        raise BuildError(f"{name} {text[:40]!r} is neither RFC 3339 nor seconds since 1970") from None


def _print(built: "BuiltImage", target: "LayoutReference", compression: str, sentinel: bool) -> None:
    from conformance.anatomy.words import size_text  # noqa: PLC0415
    from conformance.observed.printable import safe  # noqa: PLC0415

    what = "index of the plain and the sentinel variant" if sentinel else "manifest"
    out = console()
    out.print(f"oci:{safe(str(target.directory))}:{target.tag or _TAG}  {built.root.digest}  {what}")
    for position, layer in enumerate(built.layers):
        facts = (f"{size_text(layer.descriptor.size)}", f"from {size_text(layer.tar_size)} of tar")
        out.print(f"layer {position}  {compression}  {layer.descriptor.digest}  {', '.join(facts)}  {safe(layer.name)}")
