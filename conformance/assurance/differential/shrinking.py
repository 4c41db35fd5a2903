"""Shrinks the archive of a fault: fewer pieces, and each header as close to an ordinary one as possible."""

from collections.abc import Callable
from typing import Final

from conformance.assurance.differential.draft import BLOCK, Draft, Piece, parse

MAX_TRIES: Final = 150
_PLAIN: Final = (
    (0, b"f".ljust(100, b"\0")),
    (100, b"0000644\0"),
    (108, b"0000000\0"),
    (116, b"0000000\0"),
    (124, b"00000000000\0"),
    (136, b"00000000000\0"),
    (156, b"0"),
    (157, bytes(100)),
    (257, b"ustar\x0000"),
    (265, bytes(32)),
    (297, bytes(32)),
    (329, b"0000000\0"),
    (337, b"0000000\0"),
    (345, bytes(155)),
    (500, bytes(12)),
)


def shrink(tar: bytes, still: Callable[[bytes], bool]) -> bytes:
    """A smaller archive for which ``still`` is true, as it is for ``tar``; at most MAX_TRIES are tried."""
    return _Shrinking(tar, still).run()


class _Shrinking:
    def __init__(self, tar: bytes, still: Callable[[bytes], bool]) -> None:
        self._best, self._still, self._tries = tar, still, 0

    def run(self) -> bytes:
        while self._tries < MAX_TRIES and self._one_round():
            continue
        return self._best

    def _one_round(self) -> bool:
        """Whether anything became simpler."""
        before = self._best
        self._without_pieces()
        self._with_plain_fields()
        self._with_less_content()
        return self._best != before

    def _take(self, draft: Draft) -> bool:
        tar = draft.build()
        if tar == self._best or self._tries >= MAX_TRIES:
            return False
        self._tries += 1
        if self._still(tar):
            self._best = tar
            return True
        return False

    def _without_pieces(self) -> None:
        index = 0
        while index < len((draft := parse(self._best)).pieces):
            del draft.pieces[index]
            index += not self._take(draft)
        draft = parse(self._best)
        draft.end[:] = bytes(2 * BLOCK)
        self._take(draft)

    def _with_plain_fields(self) -> None:
        for index in range(len(parse(self._best).pieces)):
            for start, plain in _PLAIN:
                draft = parse(self._best)
                if index >= len(draft.pieces):
                    return
                if draft.pieces[index].header[start : start + len(plain)] != plain:
                    draft.pieces[index].header[start : start + len(plain)] = plain
                    self._take(draft)

    def _with_less_content(self) -> None:
        for index, piece in enumerate(parse(self._best).pieces):
            if not piece.payload or piece.flag in b"xgLKX":
                continue
            draft = parse(self._best)
            draft.pieces[index] = Piece(bytearray(piece.header), bytearray())
            draft.pieces[index].header[124:136] = b"00000000000\0"
            self._take(draft)
