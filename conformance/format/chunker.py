"""The split of a file into chunks as the reference computes it (docs/format.md section 9.5).

The rolling sum depends on the last 64 bytes only: with age 0 for the newest, it is a constant plus the sum of (age + 1)
* byte. So all sums of a piece are computed together, as 24-bit lanes of one large integer, by doubling the window six
times; a loop over the bytes in Python would be ten times slower. With numpy (the extra "fast"), the
low bytes of all sums are computed first, and a whole sum only where its low byte is that of the target.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

WINDOW: Final = 64
HOLE: Final = 1024
"""A run of so many zeros or more is a separate chunk, of type ``zeros``."""

# s2 & 0xffff == 0xffff, where s2 = 64 * 63 * 31 + the weighted sum of the window.
_TARGET: Final = (0xFFFF - WINDOW * (WINDOW - 1) * 31) & 0xFFFF
_TARGET_BYTES: Final = _TARGET.to_bytes(2, "little")
_ZEROS: Final = bytes(HOLE)
_NONZERO: Final = re.compile(rb"[^\x00]")
_PIECE: Final = 2**16
# Bytes for each sum: the largest, 255 * 64 * 65 / 2, needs 20 bits.
_LANE: Final = 3
_WORTH_NUMPY: Final = 2**11


class Part(msgspec.Struct, frozen=True):
    """Content in file order; ``starts`` is True where a new chunk begins. A chunk is one or more parts."""

    content: bytes
    zeros: bool
    starts: bool


class Chunk(msgspec.Struct, frozen=True):
    """A chunk of a file, in bytes of its content."""

    offset: int
    size: int
    zeros: bool = False


class Chunker:
    """The chunks of one file: ``feed`` it in pieces of any size, then ``finish``."""

    def __init__(self) -> None:
        self._history = bytes(WINDOW - 1)
        self._pending = b""
        """Zeros at the end of the bytes fed so far; it is not yet known whether they are a hole."""
        self._starts = True
        self._in_hole = False

    def feed(self, piece: bytes | memoryview) -> Iterator[Part]:
        """The parts that later bytes cannot change."""
        view = memoryview(piece)
        for start in range(0, len(view), _PIECE):
            yield from self._piece(self._pending + bytes(view[start : start + _PIECE]))

    def finish(self) -> Iterator[Part]:
        """The remaining parts, at the end of the file."""
        if self._pending:
            yield from self._data(self._pending)
            self._pending = b""

    def _piece(self, data: bytes) -> Iterator[Part]:
        position = 0
        self._pending = b""
        while position < len(data):
            if self._in_hole:
                match = _NONZERO.search(data, position)
                end = match.start() if match else len(data)
                if end > position:
                    yield self._hole_part(data[position:end])
                if match is None:
                    return
                self._in_hole, self._starts = False, True
                position = end
            hole = data.find(_ZEROS, position)
            if hole < 0:
                certain = len(data[position:].rstrip(b"\x00")) + position
                self._pending = data[certain:]
                yield from self._data(data[position:certain])
                return
            yield from self._data(data[position:hole])
            self._in_hole, self._starts = True, True
            position = hole

    def _hole_part(self, content: bytes) -> Part:
        part = Part(content, zeros=True, starts=self._starts)
        self._starts = False
        self._history = bytes(WINDOW - 1)
        return part

    def _data(self, content: bytes) -> Iterator[Part]:
        if not content:
            return
        known = self._history + content
        self._history = known[-(WINDOW - 1) :]
        begin = 0
        for end in _splits(known):
            yield Part(content[begin:end], zeros=False, starts=self._starts)
            self._starts, begin = True, end
        if begin < len(content):
            yield Part(content[begin:], zeros=False, starts=self._starts)
            self._starts = False


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


@functools.cache
def _numpy() -> Any:
    """numpy, or None where it is not installed; imported for the first large file, because the import is slow."""
    try:
        import numpy  # noqa: PLC0415, ICN001
    except ImportError:
        return None
    return numpy


def _splits(known: bytes) -> list[int]:
    """The ends of chunks after the first 63 bytes of ``known``, counted from there."""
    numpy = _numpy() if len(known) > _WORTH_NUMPY else None
    return splits_by_integers(known) if numpy is None else splits_by_numpy(known, numpy)


def splits_by_numpy(known: bytes, numpy: Any) -> list[int]:
    """The same with arrays of bytes: where the low byte of the sum is not that of the target, the sum is another.

    One place of 256 is left of content without a pattern; where more than one of 16 is, all sums are computed in full.
    """
    content = numpy.frombuffer(known, dtype=numpy.uint8)
    low = _weighted_sums(content, numpy)[WINDOW - 1 :] == _TARGET & 0xFF
    near = numpy.flatnonzero(low)
    if len(near) > len(known) // 16:
        near = numpy.flatnonzero(_weighted_sums(content.astype(numpy.uint16), numpy)[WINDOW - 1 :] == _TARGET)
        return (near + 1).tolist()  # type: ignore[no-any-return]
    # Every window, as a view; numpy's own function for it takes longer than the sums.
    windows = numpy.ndarray((len(known) - WINDOW + 1, WINDOW), numpy.uint8, known, strides=(1, 1))[near]
    # The largest sum, 255 * 64 * 65 / 2, has 20 bits: as 32-bit floating point numbers they are exact.
    sums = (windows.astype(numpy.float32) @ _weights(numpy)).astype(numpy.uint32)
    return (near[sums & 0xFFFF == _TARGET] + 1).tolist()  # type: ignore[no-any-return]


@functools.cache
def _weights(numpy: Any) -> Any:
    return numpy.arange(WINDOW, 0, -1, dtype=numpy.float32)


def _weighted_sums(content: Any, numpy: Any) -> Any:
    """For each place the weighted sum of the window that ends there, modulo 256 or 2**16 by the type of ``content``.

    The window is doubled; ``multiples`` are the plain sums times its size, by which its older half weighs more.
    """
    sums, multiples = content.copy(), content
    more, doubled = numpy.empty_like(content), numpy.empty_like(content)
    spare = numpy.zeros_like(content)
    size = 1
    while size < WINDOW:
        numpy.add(sums, multiples, out=more)
        numpy.add(sums[size:], more[:-size], out=sums[size:])
        size *= 2
        if size < WINDOW:
            numpy.add(multiples[size // 2 :], multiples[: -size // 2], out=spare[size // 2 :])
            numpy.add(spare, spare, out=doubled)
            multiples = doubled
    return sums


def splits_by_integers(known: bytes) -> list[int]:
    """The same with one large integer, without numpy."""
    count = len(known)
    lanes = bytearray(_LANE * count)
    lanes[::_LANE] = known
    sums = int.from_bytes(lanes, "little")
    weighted = sums
    for doubling in range(WINDOW.bit_length() - 1):
        shift = 8 * _LANE << doubling
        older = sums << shift
        weighted += (weighted << shift) + (older << doubling)
        sums += older
    # Lanes past the end belong to no byte: there are at most 63 more lanes than bytes.
    lanes = bytearray(weighted.to_bytes(_LANE * (count + WINDOW), "little"))
    low = bytearray(2 * count)
    low[::2] = lanes[0 : _LANE * count : _LANE]
    low[1::2] = lanes[1 : _LANE * count : _LANE]
    found: list[int] = []
    position = 2 * (WINDOW - 1)
    while (position := low.find(_TARGET_BYTES, position)) >= 0:
        if position % 2 == 0:
            found.append(position // 2 - (WINDOW - 1) + 1)
        position += 1
    return found
