"""Writes layers, config, manifest and index of one image into a content store."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final, cast

import msgspec

from conformance.building.errors import BuildError
from conformance.building.process_sink import process_sinks
from conformance.building.run_settings import RunSettings
from conformance.building.streams import Counted, Hashed, checked
from conformance.format.assembled import manifest_of
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.errors import FormatError
from conformance.format.names import CONFIG_TYPE, INDEX_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor, Platform
from conformance.format.piece_stream import PieceStream
from conformance.format.sentinel import canonical_sentinel
from conformance.format.variant import make_sentinel_variant, wrap_single
from conformance.format.writer import write_layer
from conformance.reference.compression import CHUNKED, MEDIA_TYPE, compressed
from conformance.reference.store import ContentStore

CREATED_BY: Final = "zcc build"
COMPRESSIONS: Final = tuple(MEDIA_TYPE)


class LayerSource(msgspec.Struct, frozen=True):
    """The source of one layer: its name for the user, and a function that returns the tar."""

    name: str
    pieces: Callable[[], Iterable[bytes]]


class BuildOptions(msgspec.Struct, frozen=True):
    """``created``: RFC 3339, "" for none."""

    platform: Platform
    compression: str = CHUNKED
    sentinel: bool = False
    created: str = ""
    settings: RunSettings = RunSettings()


class BuiltLayer(msgspec.Struct, frozen=True):
    """A layer in the store."""

    name: str
    descriptor: Descriptor
    diff_id: Digest
    tar_size: int


class BuiltImage(msgspec.Struct, frozen=True):
    """An image in the store; ``root`` is the descriptor for the tag."""

    root: Descriptor
    layers: tuple[BuiltLayer, ...]


def build_image(sources: Sequence[LayerSource], store: ContentStore, options: BuildOptions) -> BuiltImage:
    """Write everything except the tag, the lowest layer first. Raise BuildError when no image can be built."""
    if options.sentinel and options.compression != CHUNKED:
        raise BuildError(f"a sentinel variant needs layers in {CHUNKED}, not {options.compression}")
    if not sources:
        raise BuildError("there is nothing to build from: give directories or tars")
    layers = tuple(build_layer(source, store, options.compression) for source in sources)
    config = _config(layers, options)
    manifest = _manifest(layers, config)
    for content in (config, manifest):
        store.put(content)
    if not options.sentinel:
        return BuiltImage(_described(MANIFEST_TYPE, manifest), layers)
    variant = make_sentinel_variant(manifest, config, canonical_sentinel())
    index = wrap_single(manifest, config, variant)
    for content in (variant.sentinel, variant.config, variant.manifest, index):
        store.put(content)
    return BuiltImage(_described(INDEX_TYPE, index), layers)


def build_layer(source: LayerSource, store: ContentStore, compression: str) -> BuiltLayer:
    """Write one layer; the whole tar is never in memory."""
    try:
        write = _chunked_layer if compression == CHUNKED else _plain_layer
        return write(source, store, compression)
    except FormatError as error:
        raise BuildError(f"{source.name}: {error}") from None


def _chunked_layer(source: LayerSource, store: ContentStore, compression: str) -> BuiltLayer:
    tar = Counted(source.pieces())
    with store.writing(digest=False) as writing, process_sinks() as sink:
        # Only read() of the source and write() of the target are called.
        written = write_layer(cast(BinaryIO, PieceStream(tar)), cast(BinaryIO, writing), sink=sink)
        writing.commit(written.digest)
    descriptor = Descriptor(MEDIA_TYPE[compression], str(written.digest), written.size, written.annotations)
    return BuiltLayer(source.name, descriptor, written.diff_id, tar.size)


def _plain_layer(source: LayerSource, store: ContentStore, compression: str) -> BuiltLayer:
    tar = Hashed(source.pieces())
    with store.writing() as writing:
        for piece in compressed(checked(_not_empty(tar)), compression):
            writing.write(piece)
        size, digest = writing.size, writing.commit()
    return BuiltLayer(source.name, Descriptor(MEDIA_TYPE[compression], str(digest), size), tar.digest, tar.size)


def _not_empty(tar: Iterable[bytes]) -> Iterator[bytes]:
    """Refuse an empty tar, which readers do not accept as a layer."""
    empty = True
    for piece in tar:
        empty = empty and not piece
        yield piece
    if empty:
        raise FormatError("the tar has no bytes")


def _config(layers: Sequence[BuiltLayer], options: BuildOptions) -> bytes:
    platform = options.platform
    created = {"created": options.created} if options.created else {}
    variant = {"variant": platform.variant} if platform.variant else {}
    return encode(
        {
            **created,
            "architecture": platform.architecture,
            "os": platform.os,
            **variant,
            "config": options.settings.fields(),
            "rootfs": {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in layers]},
            "history": [{**created, "created_by": CREATED_BY} for _ in layers],
        }
    )


def _manifest(layers: Sequence[BuiltLayer], config: bytes) -> bytes:
    fields = manifest_of(_fields(_described(CONFIG_TYPE, config)), [_fields(layer.descriptor) for layer in layers])
    return encode(fields)


def _described(media_type: str, content: bytes) -> Descriptor:
    return Descriptor(media_type, str(Digest.of(content)), len(content))


def _fields(descriptor: Descriptor) -> dict[str, Any]:
    fields = {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}
    return fields | ({"annotations": descriptor.annotations} if descriptor.annotations else {})
