"""The compressions of layers: recognised by media type, read within bounds, written reproducibly."""

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import zstandard

from conformance.format.decompress import iterate
from conformance.format.errors import FormatError
from conformance.format.media_types import COMPRESSION_OF, GZIP, UNCOMPRESSED, ZSTD
from conformance.format.names import LAYER_GZIP_TYPE, LAYER_TAR_TYPE, LAYER_ZSTD_TYPE
from conformance.reference.errors import NotSupportedError

CHUNKED: Final = "zstd:chunked"

MEDIA_TYPE: Final = {
    GZIP: LAYER_GZIP_TYPE,
    ZSTD: LAYER_ZSTD_TYPE,
    CHUNKED: LAYER_ZSTD_TYPE,
    UNCOMPRESSED: LAYER_TAR_TYPE,
}
_STEP: Final = 2**16
_LEVEL: Final = 6


def compression_of(media_type: str) -> str:
    """gzip, zstd or uncompressed; NotSupportedError for a layer that is not a tar, or encrypted."""
    try:
        return COMPRESSION_OF[media_type]
    except KeyError:
        raise NotSupportedError(f"a layer of the media type {media_type[:120]!r} cannot be read") from None


def is_tar_layer(media_type: str) -> bool:
    """Whether a layer of this media type can be read."""
    return media_type in COMPRESSION_OF


def decompressed(blob: bytes, compression: str, limit: int) -> Iterator[bytes]:
    """The tar in a blob, from all members or frames; FormatError when damaged or of more than ``limit`` bytes."""
    if compression == ZSTD:
        yield from iterate(blob, limit=limit, what="the layer")
    elif compression == GZIP:
        yield from _gunzip(blob, limit)
    else:
        yield blob


def compress(tar: Path, out: BinaryIO, compression: str) -> None:
    """Write the tar as gzip, as one zstd frame, or uncompressed; the same bytes every time."""
    with tar.open("rb") as file:
        for piece in compressed(iter(lambda: file.read(2**20), b""), compression):
            out.write(piece)


def compressed(pieces: Iterable[bytes], compression: str) -> Iterator[bytes]:
    """The compressed tar, piece by piece."""
    if compression == UNCOMPRESSED:
        yield from pieces
        return
    compressor = (
        zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)  # a gzip header without time and name
        if compression == GZIP
        else zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    )
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def _gunzip(blob: bytes, limit: int) -> Iterator[bytes]:
    view, position, total = memoryview(blob), 0, 0
    while position < len(view):
        member = zlib.decompressobj(31)
        tail = b""
        while not member.eof:
            step = tail or bytes(view[position : position + _STEP])
            position += 0 if tail else len(step)
            if not step:
                raise FormatError("the gzip layer ends in the middle")
            try:
                piece = member.decompress(step, 16 * _STEP)
            except zlib.error as error:
                raise FormatError(f"the layer is not valid gzip: {error}") from None
            tail = member.unconsumed_tail
            total += len(piece)
            if total > limit:
                raise FormatError(f"the layer decompresses to more than {limit} bytes")
            yield piece
        position -= len(member.unused_data)
