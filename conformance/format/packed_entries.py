"""Entries of a large TOC, stored as compressed JSON and decoded when they are inspected.

A decoded entry takes several hundred bytes, its compressed JSON some tens: so the TOCs of a large image fit into memory
together.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, overload

import msgspec
import zstandard

from conformance.format.toc import Entry

_LEVEL: Final = 1
_DECODER: Final = msgspec.json.Decoder(list[Entry])
_Slice = tuple[int, int, list[Entry]]
_NONE: Final[_Slice] = (0, 0, [])


class PackedEntries(Sequence[Entry]):
    """A sequence of entries, filled slice by slice with ``append``; two slices are decoded at a time."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._starts = array("Q", [0])
        self._current = self._before = _NONE
        self.held = 0
        """Bytes of the compressed slices."""

    def append(self, raw: bytes, count: int) -> int:
        """Add ``count`` entries as JSON, separated by commas; return the bytes that they take."""
        packed = zstandard.compress(raw, _LEVEL)
        self._packed.append(packed)
        self._starts.append(self._starts[-1] + count)
        self.held += len(packed)
        return len(packed)

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int, /) -> Entry: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[Entry]: ...
    def __getitem__(self, index: int | slice, /) -> Entry | list[Entry]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        start, end, entries = self._current
        if not start <= index < end:
            start, _, entries = self._find(index)
        return entries[index - start] if index >= 0 else self[index + len(self)]

    def __iter__(self) -> Iterator[Entry]:
        for number in range(len(self._packed)):
            yield from self._decode(number)

    def _find(self, index: int) -> _Slice:
        """Decode the slice with this entry, unless it is one of the two decoded ones."""
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        if index < 0:
            return _NONE
        self._current, self._before = self._before, self._current
        if not self._current[0] <= index < self._current[1]:
            number = bisect_right(self._starts, index) - 1
            self._current = (self._starts[number], self._starts[number + 1], self._decode(number))
        return self._current

    def _decode(self, number: int) -> list[Entry]:
        return _DECODER.decode(b"[" + zstandard.decompress(self._packed[number]) + b"]")
