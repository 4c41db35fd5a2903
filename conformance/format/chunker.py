"""The split of a file into chunks as the reference computes it (docs/format.md section 9.5)."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from conformance.format.splits import WINDOW, SplitFinder

HOLE: Final = 1024
"""A run of so many zeros or more is a separate chunk, of type ``zeros``."""

_ZEROS: Final = bytes(HOLE)
_NONZERO: Final = re.compile(rb"[^\x00]")
_PIECE: Final = 2**17
# Of a whole window, all bytes except the newest.
_BEFORE: Final = WINDOW - 1


class Part(msgspec.Struct, frozen=True):
    """Content in file order; ``starts`` is True where a new chunk begins. A chunk is one or more parts."""

    content: bytes | memoryview
    zeros: bool
    starts: bool


class Chunk(msgspec.Struct, frozen=True):
    """A chunk of a file, in bytes of its content."""

    offset: int
    size: int
    zeros: bool = False


class Chunker:
    """The chunks of one file: ``feed`` it in pieces of any size, then ``finish``. Several may have one ``finder``."""

    def __init__(self, finder: SplitFinder | None = None) -> None:
        self._finder = finder or SplitFinder()
        self._history = bytes(_BEFORE)
        self._pending = b""
        """Zeros at the end of the bytes fed so far; it is not yet known whether they are a hole."""
        self._starts = True
        self._in_hole = False

    def feed(self, piece: bytes | memoryview) -> Iterator[Part]:
        """The parts that later bytes cannot change."""
        view = memoryview(piece)
        for start in range(0, len(view), _PIECE):
            yield from self._piece(b"".join((self._history, self._pending, view[start : start + _PIECE])))

    def finish(self) -> Iterator[Part]:
        """The remaining parts, at the end of the file."""
        if self._pending:
            yield from self._data(self._history + self._pending)
            self._pending = b""

    def _piece(self, known: bytes) -> Iterator[Part]:
        """``known``: the last bytes before the piece, and the piece."""
        position, self._pending = _BEFORE, b""
        while position < len(known):
            if self._in_hole:
                match = _NONZERO.search(known, position)
                end = match.start() if match else len(known)
                if end > position:
                    yield self._hole_part(known[position:end])
                if match is None:
                    return
                self._in_hole, self._starts = False, True
                position = end
            hole = known.find(_ZEROS, position)
            if hole < 0:
                certain = _end_without_zeros(known, position)
                self._pending = known[certain:]
                yield from self._data(self._following(known, position, certain))
                return
            yield from self._data(self._following(known, position, hole))
            self._in_hole, self._starts = True, True
            position = hole

    def _following(self, known: bytes, start: int, end: int) -> bytes:
        """These bytes, and before them the last ones: they are in ``known`` only at its start."""
        if start == _BEFORE:
            return known if end == len(known) else known[:end]
        return self._history + known[start:end]

    def _hole_part(self, content: bytes) -> Part:
        part = Part(content, zeros=True, starts=self._starts)
        self._starts = False
        self._history = bytes(_BEFORE)
        return part

    def _data(self, known: bytes) -> Iterator[Part]:
        """``known``: the last bytes before the content, and the content."""
        if len(known) == _BEFORE:
            return
        self._history = known[-_BEFORE:]
        content = memoryview(known)[_BEFORE:]
        begin = 0
        for end in self._finder.ends(known):
            yield Part(content[begin:end], zeros=False, starts=self._starts)
            self._starts, begin = True, end
        if begin < len(content):
            yield Part(content[begin:], zeros=False, starts=self._starts)
            self._starts = False


def _end_without_zeros(known: bytes, start: int) -> int:
    """The end of the bytes from ``start`` on without zeros at their end: a hole may begin with these."""
    if known[-1]:
        return len(known)
    # There is no hole: fewer than HOLE zeros are at the end.
    tail = max(start, len(known) - HOLE)
    return tail + len(known[tail:].rstrip(b"\x00"))


def chunks(content: bytes) -> tuple[Chunk, ...]:
    """The chunks of a whole file; none for an empty one."""
    chunker = Chunker()
    found: list[Chunk] = []
    for part in (*chunker.feed(content), *chunker.finish()):
        if part.starts:
            offset = found[-1].offset + found[-1].size if found else 0
            found.append(Chunk(offset, len(part.content), part.zeros))
        else:
            found[-1] = Chunk(found[-1].offset, found[-1].size + len(part.content), part.zeros)
    return tuple(found)
