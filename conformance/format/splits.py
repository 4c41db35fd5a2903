"""Where the rolling sum of the reference ends chunks (docs/format.md section 9.5).

The sum depends on the last 64 bytes only: with age 0 for the newest, it is a constant plus the sum of (age + 1) * byte.
So all sums of a piece are computed together, as 24-bit lanes of one large integer, by doubling the window six times; a
loop over the bytes in Python would be ten times slower. With numpy, the low bytes of all sums are computed
first, and a whole sum only where its low byte is that of the target.
"""

import functools
from typing import Any, Final

WINDOW: Final = 64

# s2 & 0xffff == 0xffff, where s2 = 64 * 63 * 31 + the weighted sum of the window.
_TARGET: Final = (0xFFFF - WINDOW * (WINDOW - 1) * 31) & 0xFFFF
_TARGET_BYTES: Final = _TARGET.to_bytes(2, "little")
# Bytes for each sum: the largest, 255 * 64 * 65 / 2, needs 20 bits.
_LANE: Final = 3
_WORTH_NUMPY: Final = 800


class SplitFinder:
    """Finds the ends of chunks; its arrays are used again for each piece, which costs less than to make them."""

    def __init__(self) -> None:
        self._arrays: _Arrays | None = None

    def ends(self, known: bytes) -> list[int]:
        """The ends of chunks after the first 63 bytes of ``known``, counted from there."""
        numpy = _numpy() if len(known) > _WORTH_NUMPY else None
        if numpy is None:
            return splits_by_integers(known)
        if self._arrays is None or self._arrays.size < len(known):
            self._arrays = _Arrays(len(known), numpy)
        return splits_by_numpy(known, numpy, self._arrays)


class _Arrays:
    """Arrays for the sums of at most ``size`` bytes."""

    def __init__(self, size: int, numpy: Any, kind: str = "uint8") -> None:
        self.size = size
        self._all = tuple(numpy.empty(size, kind) for _ in range(3))
        self.is_near = numpy.empty(size, bool)

    def first(self, count: int) -> tuple[Any, ...]:
        """The first items of each array for sums."""
        return tuple(each[:count] for each in self._all)


@functools.cache
def _numpy() -> Any:
    """numpy, or None where it is not installed; imported for the first large file, because the import is slow."""
    try:
        import numpy  # noqa: PLC0415, ICN001
    except ImportError:
        return None
    return numpy


@functools.cache
def _weights(numpy: Any) -> Any:
    return numpy.arange(WINDOW, 0, -1, dtype=numpy.float32)


def splits_by_numpy(known: bytes, numpy: Any, arrays: _Arrays | None = None) -> list[int]:
    """What ``SplitFinder.ends`` returns, by arrays of bytes: a sum whose low byte is not the target's is another.

    One place of 256 is left of content without a pattern; where more than one of 16 is, all sums are computed in full.
    """
    arrays = arrays or _Arrays(len(known), numpy)
    content = numpy.frombuffer(known, dtype=numpy.uint8)
    low = _weighted_sums(content, numpy, arrays)[WINDOW - 1 :]
    near = numpy.equal(low, _TARGET & 0xFF, arrays.is_near[: len(low)]).nonzero()[0]
    if len(near) > len(known) // 16:
        wide = _Arrays(len(known), numpy, "uint16")
        near = numpy.flatnonzero(_weighted_sums(content.astype(numpy.uint16), numpy, wide)[WINDOW - 1 :] == _TARGET)
        return (near + 1).tolist()  # type: ignore[no-any-return]
    # Every window, as a view; numpy's own function for it takes longer than the sums.
    windows = numpy.ndarray((len(low), WINDOW), numpy.uint8, known, strides=(1, 1))[near]
    # The largest sum, 255 * 64 * 65 / 2, has 20 bits: as 32-bit floating point numbers they are exact.
    sums = (windows.astype(numpy.float32) @ _weights(numpy)).astype(numpy.uint32)
    return (near[sums & 0xFFFF == _TARGET] + 1).tolist()  # type: ignore[no-any-return]


def _weighted_sums(content: Any, numpy: Any, arrays: _Arrays) -> Any:
    """For each place the weighted sum of the window that ends there, modulo 256 or 2**16 by the type of ``content``.

    The window is doubled; ``multiples`` are the plain sums times its size, by which its older half weighs more.
    Places before the first whole window have any value.
    """
    add = numpy.add
    sums, multiples, spare = arrays.first(len(content))
    sums[0], multiples[0] = content[0], 0
    add(content, content, spare)
    add(content[1:], spare[:-1], sums[1:])
    add(spare[1:], spare[:-1], multiples[1:])
    size = 2
    while True:
        add(sums, multiples, spare)
        add(sums[size:], spare[:-size], sums[size:])
        size *= 2
        if size == WINDOW:
            return sums
        half = size // 2
        add(multiples[half:], multiples[:-half], spare[half:])
        add(spare, spare, multiples)


def splits_by_integers(known: bytes) -> list[int]:
    """What ``SplitFinder.ends`` returns, by one large integer, without numpy."""
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
