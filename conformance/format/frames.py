"""The position of every zstd and skippable frame of a blob, without decompressing (docs/format.md 9.1, RFC 8878).

Headers are decoded, blocks are counted, content is skipped. An attacker chooses the numbers: no memory is allocated by
them.
"""

import struct
from bisect import bisect_left
from collections.abc import Generator, Iterable
from enum import StrEnum
from typing import BinaryIO, Final

import msgspec

from conformance.format.errors import FormatError, StructureError

ZSTD_MAGIC: Final = 0xFD2FB528
SKIPPABLE_MAGIC: Final = 0x184D2A50
"""The first of sixteen magic numbers, and the only one that the reference writes (LAYER-007)."""
SKIPPABLE_HEADER: Final = 8
MAX_BLOCK: Final = 128 * 2**10
MAX_FRAMES: Final = 8 * 2**20
CUT_BLOCKS: Final = 32
"""Blocks in one step of a frame that is decompressed in steps: a step yields at most 4 MiB."""

_READ = 2**20
_MAX_HEADER: Final = 14
"""Bytes of the magic and the longest frame header without a dictionary."""
_WORD = struct.Struct("<I")
_DICTIONARY_BYTES = (0, 1, 2, 4)
_BLOCK_RLE, _BLOCK_COMPRESSED, _BLOCK_INVALID = 1, 2, 3


class FrameKind(StrEnum):
    """Data frames have tar bytes; ordinary decoders ignore skippable ones."""

    DATA = "data"
    SKIPPABLE = "skippable"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame: bytes ``offset`` to ``end`` of the blob, its payload within (for data: its blocks).

    The other fields are for data frames only: ``window`` in bytes, ``content_size`` if the header states it,
    ``known_size`` if no block is compressed, ``dictionary_id`` (0: none), ``checksum`` (low half of XXH64).
    """

    kind: FrameKind
    magic: int
    offset: int
    end: int
    payload_offset: int
    payload_end: int
    window: int = 0
    content_size: int | None = None
    known_size: int | None = None
    dictionary_id: int = 0
    checksum: int | None = None
    blocks: int = 0

    @property
    def payload_size(self) -> int:
        """Bytes on the wire without the header and checksum."""
        return self.payload_end - self.payload_offset

    @property
    def bound(self) -> int:
        """The most bytes that a data frame can hold."""
        return self.blocks * min(self.window, MAX_BLOCK)

    @property
    def is_skippable(self) -> bool:
        return self.kind is FrameKind.SKIPPABLE


class FrameMap(msgspec.Struct, frozen=True):
    """All frames of a blob in order, without a byte between them; ``size`` is the size of the blob."""

    frames: tuple[Frame, ...]
    size: int

    @property
    def data(self) -> tuple[Frame, ...]:
        return tuple(frame for frame in self.frames if not frame.is_skippable)

    @property
    def skippable(self) -> tuple[Frame, ...]:
        return tuple(frame for frame in self.frames if frame.is_skippable)

    def index_of(self, offset: int) -> int | None:
        """The index of the frame that begins at ``offset``; ``len(frames)`` for the end of the blob, None between."""
        index = bisect_left(self.frames, offset, key=lambda frame: frame.offset)
        if index == len(self.frames):
            return index if offset == self.size else None
        return index if self.frames[index].offset == offset else None

    def between(self, start: int, end: int) -> tuple[Frame, ...]:
        """The frames that fill [start, end) exactly; raise FormatError if ``start`` or ``end`` is inside a frame."""
        first, last = self.index_of(start), self.index_of(end)
        if first is None:
            raise FormatError("no frame begins here", where=f"byte {start}")
        if last is None:
            raise FormatError("no frame ends here", where=f"byte {end}")
        if last < first:
            raise FormatError(f"the range [{start}, {end}) ends before it begins", where=f"byte {start}")
        return self.frames[first:last]


class FrameScanner:
    """Incremental form: ``feed`` the blob in pieces of any size, then ``finish``.

    ``frames`` has the complete frames so far, also after a FormatError. ``cuts`` are positions inside frames of more
    than CUT_BLOCKS blocks, CUT_BLOCKS blocks apart.
    """

    def __init__(self, *, max_frames: int = MAX_FRAMES) -> None:
        self.frames: list[Frame] = []
        self.cuts: list[int] = []
        self.open_offset = 0
        """The start of the incomplete frame."""
        self.open_frame: Frame | None = None
        """The last data frame whose header was read; its blocks and its end are not known yet."""
        self._max_frames = max_frames
        self._count = 0
        self._is_between = False
        """Whether the walk is between two frames."""
        self._position = 0
        self._buffer = b""
        self._steps = self._walk()
        # The request of the walk to ``feed``: negative, a number of bytes to skip; positive, a number of bytes to read.
        self._wanted = next(self._steps)

    def feed(self, piece: bytes | memoryview) -> None:
        """Scan the next bytes; raise StructureError where they are not frames."""
        view = memoryview(piece)
        start = 0
        while True:
            if self._is_between and not self._buffer:
                start = self._whole_frames(view, start)
            if self._wanted < 0:
                step = min(-self._wanted, len(view) - start)
                start += step
                self._position += step
                self._wanted += step
                if self._wanted < 0:
                    return
                self._wanted = self._steps.send(b"")
            else:
                missing = self._wanted - len(self._buffer)
                taken = bytes(view[start : start + missing])
                start += len(taken)
                self._position += len(taken)
                if len(taken) < missing:
                    self._buffer += taken
                    return
                response, self._buffer = self._buffer + taken, b""
                self._wanted = self._steps.send(response)

    def _whole_frames(self, view: memoryview, start: int) -> int:
        """Scan the frames from ``start`` that are complete in this piece, quickly; return where they end.

        Irregular and long frames are left to the walk, which reports what is wrong.
        """
        while (frame := _plain_frame(view, start, self._position)) is not None and self._count < self._max_frames:
            self.frames.append(frame)
            self._count += 1
            start += frame.end - frame.offset
            self._position = self.open_offset = frame.end
        return start

    def finish(self) -> FrameMap:
        """The map of all frames not taken; raise StructureError if the blob ends inside a frame."""
        if self.open_offset != self._position:
            raise StructureError("the blob ends in the middle of this frame", where=f"byte {self.open_offset}")
        return FrameMap(tuple(self.frames), self._position)

    def take(self) -> tuple[list[Frame], list[int]]:
        """The frames and cuts since the last call; the scanner forgets them."""
        taken = self.frames, self.cuts
        self.frames, self.cuts = [], []
        return taken

    def _walk(self) -> Generator[int, bytes, None]:
        while True:
            self.open_offset = self._position
            self._is_between = True
            (magic,) = _WORD.unpack((yield 4))
            self._is_between = False
            offset = self.open_offset
            self._count += 1
            if self._count > self._max_frames:
                raise StructureError(f"there are more than {self._max_frames} frames", where=f"byte {offset}")
            if magic & 0xFFFFFFF0 == SKIPPABLE_MAGIC:
                (length,) = _WORD.unpack((yield 4))
                yield from _skip(length)
                start = offset + SKIPPABLE_HEADER
                self.frames.append(Frame(FrameKind.SKIPPABLE, magic, offset, start + length, start, start + length))
            elif magic == ZSTD_MAGIC:
                frame = yield from self._data_frame(offset)
                self.frames.append(frame)
            else:
                raise StructureError(f"no frame begins here: the magic number is 0x{magic:08X}", where=f"byte {offset}")

    def _data_frame(self, offset: int) -> Generator[int, bytes, Frame]:
        (descriptor,) = yield 1
        if descriptor & 8:
            raise StructureError("the reserved bit of the frame header is set", where=f"byte {offset + 4}")
        single = bool(descriptor & 0x20)
        size_flag = descriptor >> 6
        if not single:
            (byte,) = yield 1
            base = 1 << (10 + (byte >> 3))
            window = base + (base >> 3) * (byte & 7)
        dictionary_bytes = _DICTIONARY_BYTES[descriptor & 3]
        dictionary = int.from_bytes((yield dictionary_bytes), "little") if dictionary_bytes else 0
        content_size: int | None = None
        size_bytes = 1 << size_flag if size_flag or single else 0
        if size_bytes:
            content_size = int.from_bytes((yield size_bytes), "little") + (256 if size_bytes == 2 else 0)
            if single:
                window = content_size
        start = self._position
        self.open_frame = Frame(
            FrameKind.DATA,
            ZSTD_MAGIC,
            offset,
            start,
            start,
            start,
            window=window,
            content_size=content_size,
            dictionary_id=dictionary,
        )
        blocks, known_size = yield from self._blocks(min(window, MAX_BLOCK))
        payload_end = self._position
        checksum: int | None = _WORD.unpack((yield 4))[0] if descriptor & 4 else None
        return Frame(
            FrameKind.DATA,
            ZSTD_MAGIC,
            offset,
            self._position,
            start,
            payload_end,
            window=window,
            content_size=content_size,
            known_size=known_size,
            dictionary_id=dictionary,
            checksum=checksum,
            blocks=blocks,
        )

    def _blocks(self, max_block: int) -> Generator[int, bytes, tuple[int, int | None]]:
        """Skip the blocks of a frame: their number, and the size of their content if no block is compressed."""
        count = 0
        known: int | None = 0
        while True:
            where = self._position
            header = int.from_bytes((yield 3), "little")
            kind, size = header >> 1 & 3, header >> 3
            if kind == _BLOCK_INVALID:
                raise StructureError("a block has the reserved type 3", where=f"byte {where}")
            if size > max_block:
                raise StructureError(
                    f"a block of {size} bytes is larger than the {max_block} allowed", where=f"byte {where}"
                )
            yield from _skip(1 if kind == _BLOCK_RLE else size)
            count += 1
            known = None if known is None or kind == _BLOCK_COMPRESSED else known + size
            if header & 1:
                return count, known
            if not count % CUT_BLOCKS:
                self.cuts.append(self._position)


def _plain_frame(view: memoryview, start: int, offset: int) -> Frame | None:
    """The frame that begins at ``start`` of a piece and at ``offset`` of the blob, if it lies wholly in the piece.

    Also None for bytes that are not a frame, and for a frame of more than CUT_BLOCKS blocks.
    """
    end = len(view)
    if start + _MAX_HEADER > end:
        return None
    (magic,) = _WORD.unpack_from(view, start)
    if magic != ZSTD_MAGIC:
        return None
    descriptor = view[start + 4]
    if descriptor & 0b1011:  # the reserved bit, or a dictionary
        return None
    position = start + 5
    single, size_flag = descriptor & 0x20, descriptor >> 6
    if not single:
        base = 1 << (10 + (view[position] >> 3))
        window = base + (base >> 3) * (view[position] & 7)
        position += 1
    content_size: int | None = None
    if size_flag or single:
        size_bytes = 1 << size_flag
        content_size = int.from_bytes(view[position : position + size_bytes], "little") + (
            256 if size_bytes == 2 else 0
        )
        if single:
            window = content_size
        position += size_bytes
    payload = position
    max_block = min(window, MAX_BLOCK)
    known: int | None = 0
    for blocks in range(1, CUT_BLOCKS):  # noqa: B007 (it is used after the loop)
        if position + 3 > end:
            return None
        header = view[position] | view[position + 1] << 8 | view[position + 2] << 16
        kind, size = header >> 1 & 3, header >> 3
        if kind == _BLOCK_INVALID or size > max_block:
            return None
        position += 3 + (1 if kind == _BLOCK_RLE else size)
        known = None if known is None or kind == _BLOCK_COMPRESSED else known + size
        if header & 1:
            break
    else:
        return None
    stop = position + 4 if descriptor & 4 else position
    if stop > end:
        return None
    checksum: int | None = _WORD.unpack_from(view, position)[0] if descriptor & 4 else None
    shift = offset - start
    return Frame(
        FrameKind.DATA,
        ZSTD_MAGIC,
        offset,
        stop + shift,
        payload + shift,
        position + shift,
        window=window,
        content_size=content_size,
        known_size=known,
        checksum=checksum,
        blocks=blocks,
    )


def map_frames(blob: bytes | memoryview | BinaryIO | Iterable[bytes], *, max_frames: int = MAX_FRAMES) -> FrameMap:
    """Map a blob given as bytes, as a file from its current position, or as pieces; FormatError has the offset."""
    scanner = FrameScanner(max_frames=max_frames)
    if isinstance(blob, bytes | memoryview):
        scanner.feed(blob)
    elif hasattr(blob, "read"):
        while piece := blob.read(_READ):
            scanner.feed(piece)
    else:
        for piece in blob:
            scanner.feed(piece)
    return scanner.finish()


def skippable(payload: bytes, *, magic: int = SKIPPABLE_MAGIC) -> bytes:
    """A skippable frame around ``payload`` (less than 4 GiB)."""
    return struct.pack("<II", magic, len(payload)) + payload


def _skip(count: int) -> Generator[int, bytes, None]:
    if count:
        yield -count
