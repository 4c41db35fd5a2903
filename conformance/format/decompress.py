"""Decompression within bounds, whatever a hostile payload states (docs/format.md section 13)."""

from collections.abc import Iterator
from typing import Final

import zstandard

from conformance.format.errors import FormatError, LimitError

MAX_WINDOW: Final = 128 * 2**20
"""Bytes; larger windows are refused (LAYER-006)."""

# A four-byte RLE block yields up to 128 KiB, so one step of input yields at most 32 MiB of output.
_STEP: Final = 1024
_HEADER: Final = 18
"""Bytes of the longest frame header (RFC 8878 section 3.1.1)."""


class WindowError(FormatError):
    """The format permits the window of a frame, and the caller does not."""


def decompress(payload: bytes | memoryview, *, limit: int, what: str = "the payload") -> bytes:
    """The content of all frames; raise FormatError if these are not whole frames or hold more than ``limit`` bytes."""
    return b"".join(iterate(payload, limit=limit, what=what))


def iterate(
    payload: bytes | memoryview, *, limit: int, what: str = "the payload", window: int = MAX_WINDOW
) -> Iterator[bytes]:
    """Like ``decompress``, piece by piece: memory is bounded by the window and one piece of at most 32 MiB.

    Raise WindowError for content of more than ``window`` bytes behind a larger window, which the format permits: the
    memory of a window is taken only as it fills.
    """
    view = memoryview(payload)
    if not view:
        raise FormatError(f"{what} is empty: there is no zstd frame in it")
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    total = position = 0
    while position < len(view):
        frame, start = decompressor.decompressobj(), total
        is_wide = window_at(view[position:]) > window
        while not frame.eof:
            if position == len(view):
                raise FormatError(f"{what} ends in the middle of a zstd frame", where=f"byte {position}")
            step = view[position : position + _STEP]
            try:
                piece = frame.decompress(step)
            except zstandard.ZstdError as error:
                raise FormatError(f"{what} is not valid zstd: {_reason(error)}", where=f"byte {position}") from None
            position += len(step) - (len(frame.unused_data) if frame.eof else 0)
            total += len(piece)
            if is_wide and total - start > window:
                raise WindowError(f"{what} needs a window of more than {window} bytes")
            if total > limit:
                raise LimitError(f"{what} decompresses to more than {limit} bytes", where=f"byte {position}")
            if piece:
                yield piece


def window_at(frame: memoryview) -> int:
    """The window of a frame; 0 for one that has none, and for bytes that are no frame."""
    try:
        return int(zstandard.get_frame_parameters(bytes(frame[:_HEADER])).window_size)
    except zstandard.ZstdError:
        return 0


def _reason(error: zstandard.ZstdError) -> str:
    return str(error).removeprefix("zstd decompressor error: ").removeprefix("zstd decompress error: ")
