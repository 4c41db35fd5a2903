"""Decompresses a blob to a tar in one pass, and records the start of each frame in the blob and in the tar.

Memory is bounded whatever the blob states: a frame whose blocks cannot have more than 4 MiB is decompressed at once,
any other frame in steps of CUT_BLOCKS blocks (docs/format.md section 9.1; LAYER-006, LAYER-009).
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

import msgspec
import zstandard

from conformance.format.decompress import MAX_WINDOW
from conformance.format.errors import ChecksumError, FormatError, LimitError, StructureError
from conformance.format.frames import SKIPPABLE_MAGIC, Frame, FrameScanner
from conformance.format.window_watch import FarMatch, WindowWatch

MAX_KEPT: Final = 64
"""Skippable frames and irregular frames that are recorded individually; further ones are counted."""

_BATCH: Final = 4 * 2**20
_MAGIC_BYTES: Final = 4


class FrameTable(msgspec.Struct):
    """The frames of one blob. ``offsets`` are their first bytes in the blob, ``tar_offsets`` the tar bytes before each.

    Both have one item more than there are frames, for the end. ``skippable`` has the last MAX_KEPT of them, ``wide``
    the first MAX_KEPT data frames whose window is beyond 128 MiB, ``with_dictionary`` the one that needs a dictionary,
    ``far`` the first frames with a match beyond their window (``unwatched``: not all were inspected for them).
    """

    offsets: "array[int]" = msgspec.field(default_factory=lambda: array("Q"))
    tar_offsets: "array[int]" = msgspec.field(default_factory=lambda: array("Q"))
    data_count: int = 0
    skippable_count: int = 0
    skippable: list[Frame] = []
    wide: list[Frame] = []
    with_dictionary: list[Frame] = []
    last_data_end: int = 0
    first: Frame | None = None
    far: list[FarMatch] = []
    unwatched: bool = False

    def index_of(self, offset: int) -> int | None:
        """The index of the frame that begins at this byte of the blob (the number of frames for the end), or None."""
        index = bisect_left(self.offsets, offset)
        return index if index < len(self.offsets) and self.offsets[index] == offset else None

    def tar_offset_at(self, offset: int) -> int | None:
        """The number of tar bytes before the frame that begins at this byte of the blob; None if none begins there."""
        index = self.index_of(offset)
        return None if index is None else self.tar_offsets[index]

    def _begin(self, frame: Frame) -> None:
        """Record the header of a frame, also of one that then does not decompress."""
        self.first = self.first or frame
        if frame.window > MAX_WINDOW:
            self.wide.append(frame)
            del self.wide[MAX_KEPT:]
        if frame.dictionary_id:  # it ends the pass
            self.with_dictionary.append(frame)

    def _add(self, frame: Frame, tar_offset: int) -> None:
        self.offsets.append(frame.offset)
        self.tar_offsets.append(tar_offset)
        if frame.is_skippable:
            self.skippable_count += 1
            self.skippable.append(frame)
            del self.skippable[:-MAX_KEPT]
            return
        self.data_count += 1
        self.last_data_end = frame.end


class LayerUnpacker:
    """``feed`` it the blob in pieces of any size and receive the tar in batches of some MiB; then ``finish``.

    Both raise FormatError for bytes that are not frames, for content that does not decompress, and when the tar exceeds
    ``limit`` bytes; the table then has the frames of the pieces before. ``watch``: inspect matches too.
    """

    def __init__(self, *, limit: int, watch: bool = False) -> None:
        self.table = FrameTable()
        self._watch = WindowWatch() if watch else None
        self.size = 0
        """The number of tar bytes so far."""
        self._limit = limit
        self._scanner = FrameScanner()
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        self._buffer = b""
        self._base = 0
        """The position of the first byte of the buffer in the blob."""
        self._stream: zstandard.ZstdDecompressionObj | None = None
        self._stream_start: int
        self._fed: int
        """The position in the blob up to which the open frame is decompressed."""
        self._batch: list[bytes] = []
        self._batch_size = 0

    def set_limit(self, limit: int) -> None:
        """Change the limit; LimitError when the tar has more bytes already."""
        self._limit = limit
        self._check_limit()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Decompress the next bytes of the blob."""
        self._scanner.feed(piece)
        self._buffer += piece
        frames, cuts = self._scanner.take()
        cut = 0
        for frame in frames:
            until = bisect_left(cuts, frame.end, cut)
            inside = cuts[cut:until]
            if self._stream is not None or inside or _lies(frame):
                yield from self._long_frame(frame, inside)
                cut = until
            else:
                self._frame(frame)
                if self._batch_size >= _BATCH:
                    yield self._take()
        left = cuts[cut:]
        if left and self._scanner.open_frame is not None:
            yield from self._steps(self._scanner.open_frame, left)
        self._trim()

    def finish(self) -> Iterator[bytes]:
        """The rest of the tar, at the end of the blob."""
        end = self._scanner.finish().size
        self.table.offsets.append(end)
        self.table.tar_offsets.append(self.size)
        if self._batch:
            yield self._take()

    def _frame(self, frame: Frame) -> None:
        """Decompress a frame that cannot have more than a batch at once."""
        self.table._begin(frame)
        self.table._add(frame, self.size)
        if frame.is_skippable:
            return
        view = memoryview(self._buffer)[frame.offset - self._base : frame.end - self._base]
        try:
            content = self._decompressor.decompress(view, max_output_size=frame.bound)
        except zstandard.ZstdError as error:
            raise _error(error, frame.offset) from None
        if self._watch is not None:
            self._watch.whole(frame, view[frame.payload_offset - frame.offset :], len(content))
            self._watched()
        self._out(content)

    def _long_frame(self, frame: Frame, cuts: list[int]) -> Iterator[bytes]:
        yield from self._steps(frame, [*cuts, frame.end])
        if self._stream is None or not self._stream.eof:
            raise StructureError("a zstd frame does not end where its blocks do", where=f"byte {frame.end}")
        self._stream = None
        if self._watch is not None:
            self._watch.end()
        self.table._add(frame, self._stream_start)

    def _steps(self, frame: Frame, cuts: list[int]) -> Iterator[bytes]:
        """Decompress this frame, complete or not, up to each of these positions."""
        if self._stream is None:
            self.table._begin(frame)
            self._stream = self._decompressor.decompressobj()
            self._stream_start, self._fed = self.size, frame.offset
        view = memoryview(self._buffer)
        for cut in cuts:
            step = view[self._fed - self._base : cut - self._base]
            try:
                content = self._stream.decompress(step)
            except zstandard.ZstdError as error:
                raise _error(error, self._fed) from None
            if self._watch is not None:
                self._watch.step(frame, step[max(frame.payload_offset - self._fed, 0) :], len(content))
                self._watched()
            self._fed = cut
            self._out(content)
            if self._batch_size >= _BATCH:
                yield self._take()

    def _watched(self) -> None:
        if self._watch is not None:
            self.table.far, self.table.unwatched = self._watch.far, self._watch.is_spent

    def _out(self, content: bytes) -> None:
        self.size += len(content)
        self._check_limit()
        self._batch.append(content)
        self._batch_size += len(content)

    def _check_limit(self) -> None:
        if self.size > self._limit:
            raise LimitError(f"the layer decompresses to more than the {self._limit} bytes it can account for")

    def _take(self) -> bytes:
        batch = b"".join(self._batch)  # a single part is not copied
        self._batch, self._batch_size = [], 0
        return batch

    def _trim(self) -> None:
        """Drop decompressed bytes, and all bytes of a skippable frame."""
        start = (self._scanner.open_offset if self._stream is None else self._fed) - self._base
        dropped = max(start, 0)
        self._buffer = self._buffer[dropped:]
        self._base += dropped
        magic = int.from_bytes(self._buffer[:_MAGIC_BYTES], "little")
        begins_skippable = self._stream is None and magic & 0xFFFFFFF0 == SKIPPABLE_MAGIC
        # Only a skippable frame can begin before the buffer: its first piece was dropped here.
        if begins_skippable or start < 0:
            self._base += len(self._buffer)
            self._buffer = b""


def _lies(frame: Frame) -> bool:
    """Whether the header states a size that the blocks cannot have.

    Decompressing at once allocates the size of the header, and ignores the blocks when it is 0.
    """
    said = frame.content_size
    return said is not None and (said == 0 or said > frame.bound)


def _error(error: zstandard.ZstdError, offset: int) -> FormatError:
    text = str(error).removeprefix("decompression error: ").removeprefix("zstd decompressor error: ")
    kind = ChecksumError if "checksum" in text else FormatError
    return kind(f"a zstd frame does not decompress: {text}", where=f"byte {offset}")
