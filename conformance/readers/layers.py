"""Runs real readers on the data layers of an image: ``zcc check --deep --readers``."""

import time
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor
from conformance.format.toc import Toc
from conformance.format.unpack import LayerUnpacker
from conformance.observed.image import Stored
from conformance.observed.layer import LayerSeen, LayersSeen, ReaderSeen
from conformance.readers.limits import features_of
from conformance.readers.panel import MAX_TAR, Panel, versions
from conformance.readers.toc_reading import beside, reading_of
from conformance.sources.source import ImageSource

MAX_SECONDS: Final = 600.0
"""Maximum seconds for all layers of an image: remaining layers are not run."""
MAX_WAIT: Final = 120.0
"""Maximum seconds for the reading of one layer by one program."""
_READ: Final = 2**20


class _NotAskedError(Exception):
    """A layer is not given to the readers; the message states why."""


def ask_readers(source: ImageSource, seen: LayersSeen) -> LayersSeen:
    """Each zstd:chunked layer that has a TOC, with the readings of the readers on this machine."""
    until = time.monotonic() + MAX_SECONDS
    with Panel(timeout=MAX_WAIT) as panel:
        layers = tuple(_asked(source, layer, panel, until) for layer in seen.layers)
    return msgspec.structs.replace(seen, layers=layers)


def _asked(source: ImageSource, layer: LayerSeen, panel: Panel, until: float) -> LayerSeen:
    if not layer.is_current or layer.toc.toc is None:
        return layer
    try:
        if time.monotonic() > until:
            raise _NotAskedError(f"the readers had {MAX_SECONDS:g} s for all layers")
        readers = tuple(_views(layer.toc.toc, *_contents(source, layer.descriptor), layer.descriptor, panel))
    except _NotAskedError as error:
        return msgspec.structs.replace(layer, readers_problem=str(error))
    return msgspec.structs.replace(layer, readers=readers)


def _views(toc: Toc, blob: bytes, tar: bytes, descriptor: Descriptor, panel: Panel) -> Iterator[ReaderSeen]:
    said, used, known = reading_of(toc), features_of(tar), versions(panel.readers)
    annotations = msgspec.json.encode(descriptor.annotations or {})
    readings = panel.read_tars([tar])[0] | panel.read_with_commands(tar)
    readings |= panel.read_layers([(blob, annotations)])[0]
    for name, reading in readings.items():
        yield beside(said, name, known.get(name, ""), reading, used)


def _contents(source: ImageSource, descriptor: Descriptor) -> tuple[bytes, bytes]:
    """The blob and its tar; raise _NotAskedError when they cannot be read, or are too large for the readers."""
    if descriptor.size > MAX_TAR:
        raise _NotAskedError(_too_large())
    with source.open_blob(descriptor) as blob:
        if isinstance(blob, Stored):
            raise _NotAskedError(blob.detail)
        try:
            return _unpacked(blob)
        except FormatError as error:
            raise _NotAskedError(error.what) from None
        except OSError as error:
            raise _NotAskedError(error.strerror or str(error)) from None


def _unpacked(blob: BinaryIO) -> tuple[bytes, bytes]:
    pieces: list[bytes] = []
    tar = bytearray()
    unpacker = LayerUnpacker(limit=MAX_TAR)
    size = 0
    while piece := blob.read(_READ):
        size += len(piece)
        if size > MAX_TAR:
            raise _NotAskedError(_too_large())
        pieces.append(piece)
        for batch in unpacker.feed(piece):
            tar += batch
    for batch in unpacker.finish():
        tar += batch
    return b"".join(pieces), bytes(tar)


def _too_large() -> str:
    return f"layers of more than {MAX_TAR // 2**20} MiB are not given to the readers"
