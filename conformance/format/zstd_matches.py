"""How far back the matches of a zstd frame reach, without executing them (RFC 8878, 3.1.1.3.2 and 3.1.1.4).

The window of a frame guarantees the greatest distance (3.1.1.1.2). Go's decoder refuses a match beyond it; libzstd
takes whatever bytes its buffer has there, and these depend on how it is called.
"""

from itertools import chain
from typing import Final

from conformance.format.errors import FormatError
from conformance.format.fse import Cell, decoding_table, read_distribution

_LENGTH_BITS: Final = ((16, 0), (4, 1), (2, 2), (2, 3), (1, 4), *((1, bits) for bits in range(6, 17)))
_MATCH_BITS: Final = ((32, 0), (4, 1), (2, 2), (2, 3), (2, 4), (1, 5), *((1, bits) for bits in range(7, 17)))
_LENGTHS: Final = (4, 3, *[2] * 11, *[1] * 3, *[2] * 9, 3, 2, *[1] * 5, *[-1] * 4)
_OFFSETS: Final = (*[1] * 6, *[2] * 3, *[1] * 15, *[-1] * 5)
_MATCHES: Final = (1, 4, 3, *[2] * 6, *[1] * 37, *[-1] * 7)
_MOST_OFFSET: Final = 31
_SPAN: Final = 16
"""Bytes that hold the bits of one sequence, whatever its codes."""

Value = tuple[int, int]
"""The least value of a code, and the bits that are added to it."""
State = tuple[int, int, int, int]
"""The value of a state, and the bits and the base of the next one."""
Table = list[State]


def _values(first: int, groups: tuple[tuple[int, int], ...]) -> list[Value]:
    found, base = [], first
    for bits in chain.from_iterable([bits] * count for count, bits in groups):
        found.append((base, bits))
        base += 1 << bits
    return found


_KINDS: Final[tuple[tuple[list[Value], int, tuple[int, ...], int], ...]] = (
    (_values(0, _LENGTH_BITS), 9, _LENGTHS, 6),
    ([(1 << code, code) for code in range(_MOST_OFFSET + 1)], 8, _OFFSETS, 5),
    (_values(3, _MATCH_BITS), 9, _MATCHES, 6),
)
"""Literals, offsets, matches: values of the codes, greatest accuracy, the default distribution and its accuracy."""


def _states(cells: list[Cell], values: list[Value]) -> Table:
    if any(symbol >= len(values) for symbol, _, _ in cells):
        raise FormatError("a sequence has an unknown code")
    return [(*values[symbol], width, base) for symbol, width, base in cells]


_DEFAULTS: Final = tuple(_states(decoding_table(counts, bits), values) for values, _, counts, bits in _KINDS)


class Matches:
    """``block`` takes the blocks of one frame in order, without their headers; ``farthest`` is the greatest distance.

    Raises FormatError where the sequences are malformed: such a frame does not decompress either.
    """

    def __init__(self) -> None:
        self.size = 0
        """Bytes of content so far."""
        self.farthest = 0
        self.count = 0
        """Sequences so far."""
        self._repeated = (1, 4, 8)
        self._tables: list[Table | None] = [None, None, None]

    def plain(self, size: int) -> None:
        """A raw or RLE block."""
        self.size += size

    def block(self, data: bytes) -> None:
        """A compressed block."""
        try:
            literals, at = _literals(data)
            count, at = _count(data, at)
            if not count:
                self.size += literals
                return
            at = self._read_tables(data, at)
            self._sequences(data[at:], count, literals)
        except IndexError:
            raise FormatError("the sequences of a block are cut") from None

    def _read_tables(self, data: bytes, at: int) -> int:
        modes = data[at]
        at += 1
        for place, (values, most_bits, _, _) in enumerate(_KINDS):
            mode = modes >> (6 - 2 * place) & 3
            if mode == 0:
                self._tables[place] = _DEFAULTS[place]
            elif mode == 1:
                self._tables[place] = _states([(data[at], 0, 0)], values)
                at += 1
            elif mode == 2:
                counts, accuracy, size = read_distribution(data[at:], most_bits=most_bits, symbols=len(values))
                self._tables[place] = _states(decoding_table(counts, accuracy), values)
                at += size
        return at

    def _sequences(self, data: bytes, count: int, literals: int) -> None:
        """The bits are read from the last to the first."""
        lengths, offsets, matches = self._tables
        if lengths is None or offsets is None or matches is None:
            raise FormatError("a block repeats a table that no block has")
        left, (length_state, offset_state, match_state) = _begin(data, (lengths, offsets, matches))
        # Zeros in front: the bits of a sequence may be cut, and are read before that is noticed.
        data, left = bytes(_SPAN) + data, left + 8 * _SPAN
        position, farthest = self.size, self.farthest
        first, second, third = self._repeated
        for number in range(1, count + 1):
            low = (left + 7 >> 3) - _SPAN
            window = int.from_bytes(data[low : low + _SPAN], "little")
            at = left - 8 * low
            base, bits, offset_width, offset_base = offsets[offset_state]
            at -= bits
            value = base + (window >> at & ((1 << bits) - 1))
            base, bits, match_width, match_base = matches[match_state]
            at -= bits
            match = base + (window >> at & ((1 << bits) - 1))
            base, bits, length_width, length_base = lengths[length_state]
            at -= bits
            length = base + (window >> at & ((1 << bits) - 1))
            place = value if length else value + 1
            if value > 3:  # smaller ones are the places of earlier offsets
                first, second, third = value - 3, first, second
            elif place == 2:
                first, second = second, first
            elif place == 3:
                first, second, third = third, first, second
            elif place == 4:
                first, second, third = first - 1, first, second
            position += length
            literals -= length
            if first > farthest or first < 1:
                if not 0 < first <= position:
                    raise FormatError("a match begins before the content")
                farthest = first
            position += match
            if number < count:
                at -= length_width
                length_state = length_base + (window >> at & ((1 << length_width) - 1))
                at -= match_width
                match_state = match_base + (window >> at & ((1 << match_width) - 1))
                at -= offset_width
                offset_state = offset_base + (window >> at & ((1 << offset_width) - 1))
            left = at + 8 * low
            if left < 8 * _SPAN or literals < 0:
                raise FormatError("the sequences of a block are cut")
        self._repeated = first, second, third
        self.size, self.farthest = position + literals, farthest
        self.count += count


def _begin(data: bytes, tables: tuple[Table, Table, Table]) -> tuple[int, list[int]]:
    """The bits that are left, and the first state of each table. The highest bit that is set is a mark."""
    if not data or not data[-1]:
        raise FormatError("the sequences of a block have no end")
    left = 8 * len(data) - 9 + data[-1].bit_length()
    bits = int.from_bytes(data[-_SPAN:], "little")
    hidden = 8 * max(len(data) - _SPAN, 0)
    states = []
    for table in tables:
        width = len(table).bit_length() - 1
        left -= width
        if left < 0:
            raise FormatError("the sequences of a block are cut")
        states.append(bits >> (left - hidden) & ((1 << width) - 1))
    return left, states


def _literals(data: bytes) -> tuple[int, int]:
    """The number of literals, and where their section ends."""
    kind, form = data[0] & 3, data[0] >> 2 & 3
    if kind < 2:  # raw, or one byte repeated
        length = (1, 2, 1, 3)[form]
        count = int.from_bytes(data[:length], "little") >> (3 if length == 1 else 4)
        return count, length + (1 if kind else count)
    length, bits = ((3, 10), (3, 10), (4, 14), (5, 18))[form]
    header = int.from_bytes(data[:length], "little") >> 4
    mask = (1 << bits) - 1
    return header & mask, length + (header >> bits & mask)


def _count(data: bytes, at: int) -> tuple[int, int]:
    """The number of sequences, and where it ends."""
    first = data[at]
    if first < 128:
        return first, at + 1
    if first < 255:
        return (first - 128 << 8) + data[at + 1], at + 2
    return int.from_bytes(data[at + 1 : at + 3], "little") + 0x7F00, at + 3
