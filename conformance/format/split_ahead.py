"""The ends of chunks in small files, found for many files of a tar at once.

The sum of a window depends on its bytes only, and not on where a file begins, except for the first windows of a file:
before it there are zeros. A call of numpy for each small file takes longer than the sums of its bytes.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from conformance.format.chunker import HOLE, Part
from conformance.format.piece_stream import PieceStream
from conformance.format.splits import WINDOW, SplitFinder, splits_by_integers

_SMALL: Final = 2**17
"""Bytes of the largest file whose chunks are found this way."""
_BLOCK: Final = 2**17
"""Bytes of a piece whose sums are computed at once."""
_ZEROS: Final = bytes(HOLE)
_BEFORE: Final = WINDOW - 1


class SplitAhead:
    """Knows the ends of chunks in the current piece of a stream, as if the whole piece were one file."""

    def __init__(self, stream: PieceStream, finder: SplitFinder) -> None:
        self._stream = stream
        self._finder = finder
        self._piece = memoryview(b"")
        self._blocks: dict[int, list[int]] = {}

    def parts(self, content: bytes | memoryview) -> list[Part] | None:
        """The parts of a file; ``content`` is all of it, and was read last from the stream.

        None where its chunks are not known from the piece: it is large or has a hole, or the piece has little more.
        """
        piece, start = self._stream.last_read(len(content))
        if not 0 < len(content) <= _SMALL or len(piece) < _BLOCK:
            return None
        raw = bytes(content)
        if _ZEROS in raw:
            return None
        if piece is not self._piece:
            self._piece, self._blocks = piece, {}
        ends = splits_by_integers(bytes(_BEFORE) + raw[:_BEFORE])
        ends += [end - start for end in self._ends(start + WINDOW, start + len(raw))]
        if not ends or ends[-1] < len(raw):
            ends.append(len(raw))
        return [
            Part(raw[begin:end], zeros=False, starts=True) for begin, end in zip((0, *ends[:-1]), ends, strict=True)
        ]

    def _ends(self, first: int, last: int) -> list[int]:
        """The ends at these offsets in the piece, and between them."""
        found: list[int] = []
        for number in range((first - 1) // _BLOCK, (last - 1) // _BLOCK + 1):
            ends = self._block(number)
            found += ends[bisect_left(ends, first) : bisect_right(ends, last)]
        return found

    def _block(self, number: int) -> list[int]:
        """The ends after the first byte of a block up to its end, each with a whole window before it in the piece."""
        if number not in self._blocks:
            begin = max(0, number * _BLOCK - _BEFORE)
            known = bytes(self._piece[begin : (number + 1) * _BLOCK])
            self._blocks[number] = [begin + _BEFORE + end for end in self._finder.ends(known)]
        return self._blocks[number]
