"""The footer, TOC and tar-split of one layer, within one set of limits: for judging, inspecting and comparing.

A conforming layer costs one request: these are its last frames and lie together. Judges nothing. The reference
implementation has a reader of its own (``reference.toc_loader``).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from conformance.format.decompress import WindowError, iterate
from conformance.format.errors import FormatError
from conformance.format.footer import CURRENT_SIZE, FORM_OF_SIZE, Footer
from conformance.format.frames import SKIPPABLE_HEADER, SKIPPABLE_MAGIC
from conformance.format.oci import Descriptor
from conformance.format.positions import Position, TocPosition
from conformance.format.segment_rules import SegmentRules
from conformance.format.spans import united
from conformance.format.tarsplit import FileRecord, Record, parse
from conformance.format.toc import MAX_TOC
from conformance.observed.evidence import Evidence
from conformance.sources.source import ImageSource, Place
from conformance.sources.table_budget import MAX_TABLE_WINDOW, MAX_TABLES, MAX_TOC_ENTRIES, NoRoomError

MAX_TAR_SPLIT: Final = 256 * 2**20
"""Bytes of a compressed tar-split; the format has no limit (docs/format.md section 13)."""
MAX_TAR_SPLIT_DOCUMENT: Final = 4 * 2**30
"""Bytes of a decompressed one; it is streamed."""
_FOOTER_FRAME: Final = SKIPPABLE_HEADER + CURRENT_SIZE


class FoundFooter(msgspec.Struct, frozen=True):
    """The last bytes of a blob, and the footer in them; ``problem`` states why there is none ("": none is there).

    ``offset`` is that of its frame in the blob.
    """

    raw: bytes = b""
    footer: Footer | None = None
    problem: str = ""
    offset: int = 0


class LayerTables:
    """What was read of one blob, to find its tables in.

    ``problem`` is why bytes were not received ("": they were), ``notes`` what the source states beside them;
    ``skippable`` the payload lengths of the skippable frames that were seen, by payload offset; ``unread`` the payload
    offsets of frame headers that the footer names and that were not received.
    """

    def __init__(self, source: ImageSource, layer: Descriptor) -> None:
        self._source, self._layer = source, layer
        self._pieces: dict[int, memoryview] = {}
        self.skippable: dict[int, int] = {}
        self.evidence: dict[Evidence, None] = {}
        self.stored_size: int | None = None
        self.problem = ""
        self.notes: dict[str, None] = {}
        self.unread: tuple[int, ...] = ()

    def fetch(self, *tables: Position | None, with_end: bool = True) -> None:
        """Read the end of the blob, and those of the tables that lie in it and may be in memory at once."""
        places = [place for at in tables if at is not None and (place := self._framed(at)) is not None]
        wanted = [*self._held(places), *(self._tail() if with_end else ())]
        self._fetch([place for place in wanted if self._read(*place) is None])

    def payload(self, at: Position) -> memoryview | None:
        """The fetched payload at this position; None where it was not fetched."""
        content = self._read(at.offset, at.compressed)
        if content is not None:
            self._header(at.offset)
        return content

    def expect(self, at: Position) -> memoryview:
        """The fetched payload at this position; FormatError states why it was not fetched."""
        content = self.payload(at)
        if content is None:
            raise FormatError(self.problem or f"{at} is not within the blob, or beyond the limits")
        return content

    def footer(self) -> FoundFooter:
        """The payload of the last skippable frame, in whichever form; and headers of what it names."""
        size = self._layer.size
        for length in FORM_OF_SIZE:
            if self._header(size - length) == length:
                raw = bytes(self._read(size - length, length) or b"")
                break
        else:
            raw = b"".join(self._read(*place) or b"" for place in self._tail())
            return FoundFooter(raw, problem=self.problem)
        try:
            footer = Footer.parse(raw)
        except FormatError as error:
            return FoundFooter(raw, problem=str(error))
        named = [footer.toc.offset, *([footer.tar_split.offset] if footer.tar_split else [])]
        elsewhere = [
            (offset - SKIPPABLE_HEADER, SKIPPABLE_HEADER)
            for offset in named
            if SKIPPABLE_HEADER <= offset <= size and self._read(offset - SKIPPABLE_HEADER, SKIPPABLE_HEADER) is None
        ]
        self._fetch(elsewhere)
        self.unread = tuple(
            offset + SKIPPABLE_HEADER for offset, length in elsewhere if self._read(offset, length) is None
        )
        for offset in named:
            self._header(offset)
        return FoundFooter(raw, footer, offset=size - len(raw) - SKIPPABLE_HEADER)

    def _framed(self, at: Position) -> Place | None:
        """The byte range of a payload with its frame header; None if it cannot be in the blob."""
        limit = MAX_TOC if isinstance(at, TocPosition) else MAX_TAR_SPLIT
        if at.compressed > limit or at.end > self._layer.size or at.offset < SKIPPABLE_HEADER or not at.compressed:
            return None
        return at.offset - SKIPPABLE_HEADER, at.compressed + SKIPPABLE_HEADER

    def _held(self, tables: Sequence[Place]) -> Sequence[Place]:
        """Those of the tables, in order, that may be in memory at once."""
        sizes = [length for _, length in tables]
        count = next((count for count in range(len(sizes), 0, -1) if sum(sizes[:count]) <= MAX_TABLES), 0)
        if count < len(tables):
            self.problem = f"{sum(sizes)} bytes of compressed TOC and tar-split are more than the {MAX_TABLES} held"
        return tables[:count]

    def _tail(self) -> list[Place]:
        size = self._layer.size
        length = min(_FOOTER_FRAME, max(size, 0))
        return [(size - length, length)] if length else []

    def _fetch(self, places: Sequence[Place]) -> None:
        """Read these byte ranges: adjacent ones as one, all in one request where possible."""
        merged = _merge(places)
        if not merged:
            return
        for (offset, length), part in zip(merged, self._source.parts(self._layer, merged), strict=True):
            self.evidence |= dict.fromkeys(part.evidence)
            if part.actual_size is not None:
                self.stored_size = part.actual_size
            if part.content is None:
                self.problem = part.detail
            elif len(part.content) < length:
                self.problem = f"{len(part.content)} bytes instead of {length} at byte {offset}"
            else:
                self._pieces[offset] = memoryview(part.content)
                self.notes |= {part.detail: None} if part.detail else {}

    def _read(self, offset: int, length: int) -> memoryview | None:
        """The content of this byte range, None if it was not fetched."""
        for start, content in self._pieces.items():
            if start <= offset and offset + length <= start + len(content):
                return content[offset - start : offset - start + length]
        return None

    def _header(self, payload_offset: int) -> int | None:
        """The payload length in the header of the skippable frame whose payload begins here, if there is one."""
        raw = self._read(payload_offset - SKIPPABLE_HEADER, SKIPPABLE_HEADER)
        if raw is None or int.from_bytes(raw[:4], "little") & 0xFFFFFFF0 != SKIPPABLE_MAGIC:
            return None
        length = int.from_bytes(raw[4:], "little")
        self.skippable[payload_offset] = length
        return length


class Counted:
    """The decompressed size of a tar-split, of at most ``limit`` bytes, and its segments."""

    def __init__(self, limit: int = MAX_TAR_SPLIT_DOCUMENT) -> None:
        self._limit = limit
        self.size = 0
        self.segments = SegmentRules()

    def pieces(self, payload: memoryview) -> Iterator[bytes]:
        for piece in iterate(payload, limit=self._limit, what="the tar-split", window=MAX_TABLE_WINDOW):
            self.size += len(piece)
            yield piece


def split_records(payload: memoryview, counted: Counted) -> Iterator[Record]:
    """The records; NoRoomError where the names would take too much memory."""
    files = 0
    try:
        for record in parse(counted.pieces(payload)):
            files += isinstance(record, FileRecord)
            if files > MAX_TOC_ENTRIES:
                raise NoRoomError(f"the tar-split has more than {MAX_TOC_ENTRIES} file records")
            counted.segments.add(record)
            yield record
    except WindowError as error:
        raise NoRoomError(error.what) from None


def _merge(places: Sequence[Place]) -> list[Place]:
    """The same bytes in ascending order, with overlapping and adjacent places as one."""
    spans = united((offset, offset + length) for offset, length in places)
    return [(start, end - start) for start, end in spans]
