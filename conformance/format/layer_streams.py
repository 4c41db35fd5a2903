"""Layers of any compression as tar streams, in pieces of bounded size."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from conformance.format.errors import FormatError, LimitError
from conformance.format.media_types import GZIP, ZSTD
from conformance.format.unpack import LayerUnpacker

_GZIP_PIECE: Final = 2**20


def tar_stream(compression: str, blob: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The tar of the blob in pieces; raise FormatError when it is damaged, LimitError for more than ``limit`` bytes."""
    if compression == ZSTD:
        yield from _zstd(blob, limit)
        return
    total = 0
    for piece in _gzip(blob) if compression == GZIP else blob:
        total += len(piece)
        if total > limit:
            raise LimitError(f"the layer decompresses to more than {limit} bytes")
        yield piece


def _zstd(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The content of all frames; skippable ones have none."""
    unpacker = LayerUnpacker(limit=limit)
    for piece in pieces:
        yield from unpacker.feed(piece)
    yield from unpacker.finish()


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The content of all members."""
    member = zlib.decompressobj(31)
    used = False
    for piece in pieces:
        left = piece
        while left:
            used = True
            try:
                content = member.decompress(left, _GZIP_PIECE)
            except zlib.error as error:
                raise FormatError(f"the layer is not valid gzip: {error}") from None
            if content:
                yield content
            left = member.unconsumed_tail
            if member.eof:
                left, member, used = member.unused_data, zlib.decompressobj(31), False
    if used:
        raise FormatError("the layer ends in the middle of a gzip stream")
