"""An iterator of pieces as a file to read from."""

from collections.abc import Iterable


class PieceStream:
    """``read`` over an iterator of pieces; it returns at most the rest of the current piece, to avoid copies."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = iter(pieces)
        self._piece = memoryview(b"")
        self._position = 0

    def read(self, count: int) -> bytes | memoryview:
        """At most ``count`` bytes; none at the end."""
        while self._position == len(self._piece):
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._piece, self._position = memoryview(piece), 0
        start = self._position
        self._position = min(start + count, len(self._piece))
        return self._piece[start : self._position]

    def last_read(self, count: int) -> tuple[memoryview, int]:
        """The current piece, and where its last ``count`` bytes that were read begin."""
        return self._piece, self._position - count
