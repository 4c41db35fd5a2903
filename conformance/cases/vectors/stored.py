"""Compression whose bytes depend on no library: zstd frames of raw and RLE blocks, gzip members of stored blocks.

The output of libzstd and zlib depends on the version; that of a vector must not. Runs of one byte, which are frequent
in
tar headers, become RLE blocks, so a small layer stays small.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from conformance.cases.vectors.xxhash64 import xxh64
from conformance.format.frames import ZSTD_MAGIC

_BLOCK: Final = 2**17
"""Maximum bytes of a block (RFC 8878 section 3.1.1.2.3: Block_Maximum_Size is 128 KiB)."""
_RAW, _RLE = 0, 1
_RUN: Final = re.compile(rb"(.)\1{11,}", re.DOTALL)  # a run is worth a block when it saves more than two block headers


class UnsupportedError(Exception):
    """An option of the compressor that stored blocks cannot represent."""


def zstd_frame(content: bytes, *, checksum: bool) -> bytes:
    """One frame, its content size in the header (RFC 8878 section 3.1.1)."""
    size = len(content)
    if size < 256:
        flag, field = 0, struct.pack("<B", size)
    elif size < 65_536 + 256:
        flag, field = 1, struct.pack("<H", size - 256)
    else:
        flag, field = 2, struct.pack("<I", size)
    header = struct.pack("<I", ZSTD_MAGIC) + bytes([flag << 6 | 1 << 5 | checksum << 2]) + field
    blocks = list(_blocks(content)) or [(_RAW, 0, b"")]
    body = b"".join(
        ((length << 3) | (kind << 1) | (number == len(blocks) - 1)).to_bytes(3, "little") + stored
        for number, (kind, length, stored) in enumerate(blocks)
    )
    return header + body + (struct.pack("<I", xxh64(content) & 0xFFFFFFFF) if checksum else b"")


def gzip_member(content: bytes, compresslevel: int = 9, *, mtime: float | None = None) -> bytes:
    """One gzip member of stored blocks (RFC 1952, RFC 1951 section 3.2.4); the level has no effect."""
    del compresslevel
    pieces = [content[start : start + 0xFFFF] for start in range(0, len(content), 0xFFFF)] or [b""]
    body = b"".join(
        struct.pack("<BHH", number == len(pieces) - 1, len(piece), len(piece) ^ 0xFFFF) + piece
        for number, piece in enumerate(pieces)
    )
    header = b"\x1f\x8b\x08\0" + struct.pack("<I", int(mtime or 0)) + b"\0\xff"
    return header + body + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def compress(content: bytes, level: int = 3) -> bytes:
    """A replacement for ``zstandard.compress``; UnsupportedError for another level, which would have no effect."""
    if level != 3:
        raise UnsupportedError(f"compression level {level}")
    return zstd_frame(content, checksum=False)


class StoredCompressor:
    """A replacement for ``zstandard.ZstdCompressor``, with the methods that the writers of this project use."""

    def __init__(self, level: int = 3, *, write_checksum: bool = False, **options: object) -> None:
        if options or level != 3:
            raise UnsupportedError(", ".join(options) or f"compression level {level}")
        self._checksum = write_checksum

    def compress(self, content: bytes) -> bytes:
        """One frame."""
        return zstd_frame(content, checksum=self._checksum)

    def compressobj(self) -> "_Stream":
        """One frame, from content given piece by piece."""
        return _Stream(checksum=self._checksum)


class _Stream:
    def __init__(self, *, checksum: bool) -> None:
        self._checksum = checksum
        self._content = b""

    def compress(self, content: bytes) -> bytes:
        self._content += content
        return b""

    def flush(self, mode: int = 0) -> bytes:
        if mode:
            raise UnsupportedError("the end of a block inside a frame")
        return zstd_frame(self._content, checksum=self._checksum)


def _blocks(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Kind, length and stored bytes of each block."""
    place = 0
    for run in _RUN.finditer(content):
        yield from _raw(content[place : run.start()])
        for start in range(run.start(), run.end(), _BLOCK):
            yield _RLE, min(_BLOCK, run.end() - start), run[1]
        place = run.end()
    yield from _raw(content[place:])


def _raw(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    for start in range(0, len(content), _BLOCK):
        piece = content[start : start + _BLOCK]
        yield _RAW, len(piece), piece
