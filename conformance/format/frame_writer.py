"""Data frames of a layer that is written: each begins with the first byte after ``close``, and none is empty."""

import hashlib
from array import array
from collections.abc import Callable, Sequence
from typing import BinaryIO, Final

import zstandard

from conformance.format.digest import Digest

_ONE_SHOT: Final = 2**20
"""Bytes: a frame of at most this size is compressed at once, with its size in the header."""


class FrameNumbers:
    """The number of the current frame, without its content."""

    def __init__(self) -> None:
        self._number = 0
        self._is_open = False

    def write(self, content: bytes | memoryview) -> None:
        """The current frame has this content too."""
        self._is_open = self._is_open or bool(content)

    def close(self) -> tuple[bool, int]:
        """Whether a frame ends here, and the number of the next one."""
        ended, self._is_open = self._is_open, False
        self._number += ended
        return ended, self._number


class Compressor:
    """Compresses frames one after the other, in pieces of any size; ``emit`` receives the bytes."""

    def __init__(self, level: int, checksums: bool, emit: Callable[[bytes], None]) -> None:
        self._emit = emit
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=checksums)
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._stream: zstandard.ZstdCompressionObj | None = None

    def write(self, content: bytes) -> None:
        """Add content to the current frame."""
        if self._stream is not None:
            self._emit(self._stream.compress(content))
            return
        self._pending.append(content)
        self._pending_size += len(content)
        if self._pending_size > _ONE_SHOT:
            self._stream = self._compressor.compressobj()
            self._emit(self._stream.compress(self._take()))

    def last(self, content: memoryview) -> None:
        """Add the rest of the current frame, and end it; a frame with no other content is not copied."""
        if self._stream is None and not self._pending and len(content) <= _ONE_SHOT:
            self._emit(self._compressor.compress(content))
            return
        self.write(bytes(content))
        self.end()

    def end(self) -> None:
        """End the current frame."""
        if self._stream is not None:
            self._emit(self._stream.flush())
            self._stream = None
        else:
            self._emit(self._compressor.compress(self._take()))

    def _take(self) -> bytes:
        content = b"".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        return content


class Output:
    """The bytes of a blob, with the ends of its frames and its digest."""

    def __init__(self, blob: BinaryIO) -> None:
        self._blob = blob
        self._hash = hashlib.sha256()
        self._ends = array("Q")
        self.position = 0

    def append(self, raw: bytes | memoryview) -> None:
        """Write bytes, which may change afterwards."""
        self._blob.write(raw)
        self._hash.update(raw)
        self.position += len(raw)

    def frames(self, content: bytes | memoryview, sizes: Sequence[int]) -> None:
        """Write bytes in which frames end, each so many bytes behind the one before."""
        end = self._ends[-1] if self._ends else 0
        for size in sizes:
            end += size
            self._ends.append(end)
        self.append(content)

    def end(self) -> None:
        """A frame ends here."""
        self._ends.append(self.position)

    def start(self, number: int) -> int:
        """The offset of the frame of this number, and the end of the one before."""
        return self._ends[number - 1] if number else 0

    @property
    def digest(self) -> Digest:
        return Digest("sha256", self._hash.hexdigest())


class Frames(Output):
    """Compresses in the caller."""

    def __init__(self, blob: BinaryIO, level: int, checksums: bool) -> None:
        super().__init__(blob)
        self._numbers = FrameNumbers()
        self._compressor = Compressor(level, checksums, self.append)

    def write(self, content: bytes | memoryview) -> None:
        """Add content to the current frame."""
        self._numbers.write(content)
        if content:
            self._compressor.write(bytes(content))

    def close(self) -> int:
        """End the current frame; return the number of the next one."""
        ended, number = self._numbers.close()
        if ended:
            self._compressor.end()
            self.end()
        return number
