"""Frames assembled by hand: frames of raw blocks, whose length does not depend on the content, and bombs.

A bomb is built in compressed form; no buffer here has its expanded size.
"""

import struct
from typing import Final

from conformance.format.frames import MAX_BLOCK, ZSTD_MAGIC, skippable

BOMB: Final = 2560 * 2**20
"""Expanded bytes of a bomb: more than the memory that a reader may use for the largest conforming TOC."""
_RAW, _RLE = 0, 1
_CHECKSUM = 4
_HAS_SIZE = 0xC0
# A window of 8 MiB, which every decoder accepts.
_WINDOW: Final = 13 << 3
# XXH64 of nothing with the seed 0, its low half (RFC 8878 section 3.1.1).
_EMPTY_CHECKSUM: Final = bytes.fromhex("99e9d851")


def raw_frame(content: bytes) -> bytes:
    """One zstd frame of raw blocks: its length depends on that of the content only."""
    pieces = [content[start : start + MAX_BLOCK] for start in range(0, len(content), MAX_BLOCK)] or [b""]
    blocks = [_block(_RAW, len(piece), piece, last=number == len(pieces) - 1) for number, piece in enumerate(pieces)]
    return _header(len(content)) + b"".join(blocks)


def zeros_frame(size: int, *, stated: int | None = None) -> bytes:
    """One frame that expands to ``size`` zero bytes, and may state another size; it has 4 bytes for every 128 KiB."""
    count, rest = divmod(size, MAX_BLOCK)
    sizes = [MAX_BLOCK] * count + ([rest] if rest or not count else [])
    whole = _block(_RLE, MAX_BLOCK, b"\0", last=False)
    last = _block(_RLE, sizes[-1], b"\0", last=True)
    return _header(size if stated is None else stated) + whole * (len(sizes) - 1) + last


def empty_frame(*, checksum: bool = False) -> bytes:
    """A frame without content, as the reference writer writes between others (LAYER-008)."""
    descriptor = 0x20 | (_CHECKSUM if checksum else 0)
    frame = struct.pack("<IBB", ZSTD_MAGIC, descriptor, 0) + _block(_RAW, 0, b"", last=True)
    return frame + (_EMPTY_CHECKSUM if checksum else b"")


def empty_frames() -> bytes:
    """Frames without content in both forms."""
    return empty_frame() + empty_frame(checksum=True)


def all_skippable() -> bytes:
    """A skippable frame of each of the sixteen magic numbers."""
    return b"".join(skippable(b"skip me" * (number % 3), magic=0x184D2A50 + number) for number in range(16))


def _header(size: int) -> bytes:
    return struct.pack("<IBBQ", ZSTD_MAGIC, _HAS_SIZE, _WINDOW, size)


def _block(kind: int, size: int, content: bytes, *, last: bool) -> bytes:
    return (size << 3 | kind << 1 | last).to_bytes(3, "little") + content
