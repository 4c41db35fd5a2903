"""Layers of any compression as tar streams, in pieces that are bounded whatever the layer holds."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import zstandard

from conformance.format.decompress import MAX_WINDOW
from conformance.format.errors import FormatError
from conformance.implementations.reference.compression import GZIP, ZSTD, compression_of

MAX_TAR: Final = 64 * 2**30
"""Bytes of one layer's tar that are read."""
_ZSTD_STEP: Final = 2**10
"""A block of four bytes yields up to 128 KiB, so one step of input at most 32 MiB of output."""
_GZIP_STEP, _GZIP_PIECE = 2**16, 2**20


def tar_of_layer(media_type: str, blob: Iterable[bytes], limit: int = MAX_TAR) -> Iterator[bytes]:
    """The tar in the blob's pieces. Raise FormatError when it is damaged or too long, NotSupportedError for no tar."""
    compression = compression_of(media_type)
    pieces = _zstd(blob) if compression == ZSTD else _gzip(blob) if compression == GZIP else iter(blob)
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            raise FormatError(f"the layer decompresses to more than {limit} bytes")
        yield piece


def _steps(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(view), size):
            yield bytes(view[start : start + size])


def _zstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """All frames; skippable ones yield nothing."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    frame: zstandard.ZstdDecompressionObj | None = None
    for step in _steps(pieces, _ZSTD_STEP):
        left = step
        while left:
            frame = frame or decompressor.decompressobj()
            try:
                piece = frame.decompress(left)
            except zstandard.ZstdError as error:
                raise FormatError(f"the layer is not valid zstd: {error}") from None
            left = b""
            if frame.eof:
                left, frame = frame.unused_data, None
            if piece:
                yield piece
    if frame is not None:
        raise FormatError("the layer ends in the middle of a zstd frame")


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """All members."""
    member = zlib.decompressobj(31)
    used = False
    for step in _steps(pieces, _GZIP_STEP):
        left = step
        while left:
            used = True
            try:
                piece = member.decompress(left, _GZIP_PIECE)
            except zlib.error as error:
                raise FormatError(f"the layer is not valid gzip: {error}") from None
            if piece:
                yield piece
            left = member.unconsumed_tail
            if member.eof:
                left, member, used = member.unused_data, zlib.decompressobj(31), False
    if used:
        raise FormatError("the layer ends in the middle of a gzip stream")
