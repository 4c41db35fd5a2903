"""Compares how far the matches of frames reach back with the windows of these frames (LAYER-017).

Only a frame with more content than its window can have such a match, so that nearly all frames are not inspected.
"""

from typing import Final

import msgspec

from conformance.format.errors import FormatError
from conformance.format.frames import Frame
from conformance.format.zstd_matches import Matches

MAX_SEQUENCES: Final = 4 * 2**20
"""Sequences of one layer that are inspected, in ten seconds or so."""
MAX_FAR: Final = 64
MAX_HELD: Final = 4 * 2**20
"""Bytes of a frame that wait until it is known whether its content is larger than its window."""

_RLE, _COMPRESSED = 1, 2


class FarMatch(msgspec.Struct, frozen=True):
    """A frame at byte ``offset`` of the blob, its window, and the greatest distance of a match in it."""

    offset: int
    window: int
    distance: int


class WindowWatch:
    """Takes the frames of a layer: one that is there at once by ``whole``, any other in steps, then ``end``."""

    def __init__(self) -> None:
        self.far: list[FarMatch] = []
        """The first MAX_FAR frames with a match beyond their window."""
        self._left = MAX_SEQUENCES
        self._matches: Matches | None = None
        self._held: list[bytes] = []
        self._held_size = self._content = 0

    @property
    def is_spent(self) -> bool:
        """Whether more sequences were there than are inspected."""
        return self._left <= 0

    def whole(self, frame: Frame, data: memoryview, content: int) -> None:
        """A frame from its first block on, and the bytes of content that it has."""
        if content > frame.window and not self.is_spent:
            self._matches = Matches()
            self._blocks(frame, data)
            self.end()

    def step(self, frame: Frame, data: memoryview, content: int) -> None:
        """Whole blocks of a frame, and the bytes of content that they have."""
        known = frame.content_size
        if self.is_spent or (known is not None and known <= frame.window):
            return
        self._content += content
        if self._matches is None:
            self._held.append(bytes(data))
            self._held_size += len(data)
            if self._content <= frame.window and self._held_size <= MAX_HELD:
                return
            self._matches = Matches()
            data = memoryview(b"".join(self._held))
            self._held = []
        self._blocks(frame, data)

    def end(self) -> None:
        """The end of a frame."""
        self._matches, self._held, self._held_size, self._content = None, [], 0, 0

    def _blocks(self, frame: Frame, data: memoryview) -> None:
        matches = self._matches
        if matches is None:
            return
        at = 0
        while at < len(data) and not self.is_spent:
            header = int.from_bytes(data[at : at + 3], "little")
            kind, size = header >> 1 & 3, header >> 3
            start, at = at + 3, at + 3 + (1 if kind == _RLE else size)
            before = matches.count
            try:
                if kind == _COMPRESSED:
                    matches.block(bytes(data[start:at]))
                else:
                    matches.plain(size)
            except FormatError:  # the frame does not decompress (LAYER-002)
                return
            self._left -= matches.count - before
            if header & 1:
                break
        if matches.farthest > frame.window and len(self.far) < MAX_FAR:
            found = FarMatch(frame.offset, frame.window, matches.farthest)
            if self.far and self.far[-1].offset == frame.offset:
                self.far.pop()
            self.far.append(found)
