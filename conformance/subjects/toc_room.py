"""How much the TOCs of one image may fill in memory together (docs/format.md section 13).

The limit of one TOC (TOC-009) is no bound for hundreds of them, each some KiB on the wire.
"""

from typing import Final

from conformance.format.decompress import iterate
from conformance.format.errors import FormatError, LimitError
from conformance.format.toc import MAX_TOC, decompress_toc

FLOOR: Final = 64 * 2**20
"""Bytes of JSON for any image."""
RATIO: Final = 64
"""And so many more for each byte that was transferred: digests alone keep real TOCs far below."""


class NoRoomError(FormatError):
    """A TOC of ``size`` bytes, within its limit, that is not read because it would fill too much memory."""

    def __init__(self, what: str, size: int) -> None:
        super().__init__(what)
        self.size = size


class TocRoom:
    """What is left for the TOCs of one image."""

    def __init__(self) -> None:
        self._left = FLOOR

    def decompress(self, payload: bytes) -> bytes:
        """The JSON bytes of a TOC payload; FormatError as of ``decompress_toc``, NoRoomError if there is no room."""
        self._left += RATIO * len(payload)
        limit = min(self._left, MAX_TOC)
        try:
            document = decompress_toc(payload, limit=limit)
        except LimitError:
            if limit == MAX_TOC:
                raise
            size = _size(payload)
            raise NoRoomError(
                f"{size} bytes of JSON in {len(payload)} are more than this image may fill", size
            ) from None
        self._left -= len(document)
        return document


def _size(payload: bytes) -> int:
    return sum(len(piece) for piece in iterate(payload, limit=MAX_TOC, what="the TOC"))
