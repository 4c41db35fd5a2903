"""One pass over the tar of a layer: each header, byte and content compared with TOC and tar-split.

Source: docs/format.md sections 1, 11 and 12. Pure: the tar is an iterator of pieces. No verdict is decided here:
differences are counted (``discrepancy``), and the position of the content of each entry is recorded.
"""

import hashlib
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final, cast

import msgspec

from conformance.format.crc64 import Crc64
from conformance.format.discrepancy import Discrepancies, Discrepancy, Kind, shown
from conformance.format.entry_comparison import EntryComparison
from conformance.format.entry_matcher import EntryMatcher
from conformance.format.errors import FormatError
from conformance.format.piece_stream import PieceStream
from conformance.format.split_cursor import SplitCursor
from conformance.format.tar import TarHeader, TarReader
from conformance.format.tar_faults import TarFaults
from conformance.format.tar_watch import HeaderWatch
from conformance.format.tarheader import BLOCK, CHECKSUM, matching_checksum
from conformance.format.tarsplit import Record
from conformance.format.toc import CHUNK_ZEROS, Entry, Toc
from conformance.format.toc_outline import DIGEST

_ZEROS: Final = bytes(2**16)
_MAX_SHOWN: Final = 120
NOWHERE: Final = -1
# A field that may be a number; most other bytes do not match.
_SUM: Final = re.compile(rb"[ \0]*[0-7]|[\x80\xff]")
_NO_PARTS: Final = range(0)
Piece = bytes | memoryview


class Examined(msgspec.Struct):
    """The result of one pass over a tar.

    ``starts`` has for each TOC entry the position of its content in the tar (NOWHERE: no header, or no content).
    ``problem`` states why reading of the tar stopped; the rest is then not compared. ``split_problem`` is the same for
    the tar-split; ``split_compared`` counts its compared file records, ``duplicates`` are names that are equal after
    cleaning. ``tar_faults`` are the headers that are not canonical, also in a tar that could not be read to its end.
    """

    starts: "array[int]"
    discrepancies: Discrepancies
    tar_faults: TarFaults
    members: int = 0
    files: int = 0
    chunks: int = 0
    size: int = 0
    problem: FormatError | None = None
    split_problem: FormatError | None = None
    split_compared: int = 0
    duplicates: tuple[str, ...] = ()
    ranks: "array[int] | None" = None
    """For each TOC entry the number of its header (EntryMatcher); None without a TOC."""


def examine(pieces: Iterable[Piece], toc: Toc | None, records: Iterable[Record] | None) -> Examined:
    """Compare a whole tar with a TOC and the records of a tar-split, where they exist.

    All pieces are consumed in any case. Malformed tars and tar-splits are reported, not raised.
    """
    return _Examiner(toc.entries if toc else None, records).run(iter(pieces))


class _Examiner:
    def __init__(self, entries: Sequence[Entry] | None, records: Iterable[Record] | None) -> None:
        self._entries = entries
        self._result = Examined(array("q", [NOWHERE]) * len(entries or ()), Discrepancies(), TarFaults())
        self._found = self._result.discrepancies
        self._comparison = EntryComparison(self._found)
        self._matcher = None if entries is None else EntryMatcher(entries, self._found)
        self._split = None if records is None else SplitCursor(records, self._found)
        self._padding = 0

    def run(self, pieces: Iterator[Piece]) -> Examined:
        result = self._result
        watch = HeaderWatch(result.tar_faults)
        reader = TarReader(cast("BinaryIO", PieceStream(pieces)), watch)
        try:
            while (header := reader.header()) is not None:
                self._member(reader, header)
            self._end(reader)
        except FormatError as error:
            result.problem = error
            watch.close()
            for _ in pieces:
                pass
        result.size = reader.offset
        if self._split is not None:
            result.split_problem, result.split_compared = self._split.problem, self._split.compared
            result.duplicates = tuple(self._split.names.duplicates)
        if self._matcher is not None:
            result.ranks = self._matcher.ranks
            if result.problem is None:
                self._matcher.missing()
        return result

    def _member(self, reader: TarReader, header: TarHeader) -> None:
        raw = reader.take_raw()
        self._check_padding(raw, reader.offset - len(raw))
        self._result.members += 1
        index = None if self._matcher is None else self._matcher.match(header, reader.offset)
        entry = None if index is None or self._entries is None else self._entries[index]
        if entry is not None:
            self._comparison.compare(header, entry, reader.offset)
        self._padding = header.padding
        crc = b""
        if header.size:
            self._result.files += 1
            parts = _NO_PARTS
            if index is not None:
                # The chunks of a repeated name (Kind.TWICE) are not inspected again: there may be a million.
                parts = self._parts(index) if self._result.starts[index] == NOWHERE else _NO_PARTS
                self._result.starts[index] = reader.offset
            crc = self._content(reader, header, entry, parts)
        if self._split is not None:
            self._split.member(raw, header, crc, reader.offset)

    def _parts(self, index: int) -> range:
        """The chunk entries whose digests can be computed in one pass: those that tile their file (CHUNK-002)."""
        entries = self._entries or []
        entry = entries[index]
        end = index + 1
        while end < len(entries) and entries[end].type == "chunk":
            end += 1
        if end == index + 1 and not entry.chunk_digest and not entry.chunk_type:
            return _NO_PARTS
        position = 0
        for place in range(index, end):
            part = entries[place]
            size = part.chunk_size or entry.size - part.chunk_offset
            if part.chunk_offset != position or size <= 0:
                return _NO_PARTS
            position += size
        return range(index, end) if position == entry.size else _NO_PARTS

    def _content(self, reader: TarReader, header: TarHeader, entry: Entry | None, parts: range) -> bytes:
        """Read the content of one file; compare its digest and those of its chunks. Return the CRC of the content."""
        start = reader.offset
        whole, crc = hashlib.sha256(), Crc64()
        tracker = _ChunkTracker(self._entries or [], parts, header, start, self._found) if parts else None
        for piece in reader.content():
            whole.update(piece)
            crc.update(piece)
            if tracker is not None:
                tracker.feed(memoryview(piece))
        if tracker is not None:
            self._result.chunks += len(parts)
        if entry is not None and entry.digest != (found := f"sha256:{whole.hexdigest()}"):
            # TOC-006 covers an invalid digest, or one of another algorithm: it is not compared.
            kind = Kind.DIGEST if not entry.digest or DIGEST.fullmatch(entry.digest) else Kind.UNKNOWN_DIGEST
            self._add(kind, header.name, "digest", entry.digest[:_MAX_SHOWN] or "none in the TOC", found, start)
        return crc.digest()

    def _check_padding(self, raw: bytes, offset: int) -> None:
        if self._padding and raw[: self._padding].strip(b"\0"):
            found = raw[: self._padding][:32].hex(" ")
            self._add(Kind.PADDING, b"", "padding after a file", "zeros", found, offset)
        self._padding = 0

    def _end(self, reader: TarReader) -> None:
        raw = reader.take_raw()
        self._check_padding(raw, reader.offset - len(raw))
        if self._split is not None:
            self._split.trailing(raw)
        offset = reader.offset
        searching = True
        for piece in reader.rest():
            if searching and (header := _header_in(piece)) is not None:
                searching = False
                what, found = "what follows the end of the archive", "a tar header"
                self._add(Kind.SECOND_ARCHIVE, b"", what, "no tar header", found, offset + header)
            if piece.strip(b"\0"):
                first = offset + len(piece) - len(piece.lstrip(b"\0"))
                self._add(Kind.TRAILING, b"", "what follows the end of the archive", "zeros", "other bytes", first)
            if self._split is not None:
                self._split.trailing(piece)
            offset += len(piece)
        if self._split is not None:
            self._split.end()

    def _add(self, kind: Kind, name: bytes | str, what: str, expected: str, found: str, offset: int) -> None:
        self._found.add(Discrepancy(kind, shown(name) if name else "", what, expected, found, offset))


class _ChunkTracker:
    """Digests of the chunks of one file while its content is read."""

    def __init__(
        self, entries: Sequence[Entry], parts: range, header: TarHeader, start: int, found: Discrepancies
    ) -> None:
        self._entries, self._file, self._parts = entries, entries[parts.start], parts
        self._name, self._start, self._found = header.name, start, found
        self._index = self._position = 0
        self._chunk, self._end = self._next_chunk()
        self._hash = hashlib.sha256()
        self._nonzero = False

    def feed(self, piece: memoryview) -> None:
        taken = 0
        while taken < len(piece) and self._index < len(self._parts):
            step = piece[taken : taken + self._end - self._position]
            self._hash.update(step)
            if self._chunk.chunk_type == CHUNK_ZEROS and not self._nonzero:
                self._nonzero = not _is_zero(step)
            taken += len(step)
            self._position += len(step)
            if self._position == self._end:
                self._finish(self._chunk)

    def _next_chunk(self) -> tuple[Entry, int]:
        """The entry of the next chunk, and its end in the file."""
        chunk = self._entries[self._parts[self._index]]
        return chunk, chunk.chunk_offset + (chunk.chunk_size or self._file.size - chunk.chunk_offset)

    def _finish(self, chunk: Entry) -> None:
        digest = f"sha256:{self._hash.hexdigest()}"
        if chunk.chunk_digest != digest:
            self._add(Kind.CHUNK_DIGEST, chunk, chunk.chunk_digest or "none in the TOC", digest)
        if chunk.chunk_type == CHUNK_ZEROS and self._nonzero:
            self._add(Kind.NOT_ZEROS, chunk, "zeros", "other bytes")
        self._index += 1
        if self._index < len(self._parts):
            self._chunk, self._end = self._next_chunk()
        self._hash = hashlib.sha256()
        self._nonzero = False

    def _add(self, kind: Kind, chunk: Entry, expected: str, found: str) -> None:
        what, where = f"chunk at {chunk.chunk_offset}", self._start + chunk.chunk_offset
        self._found.add(Discrepancy(kind, shown(self._name), what, expected, found, where))


def _header_in(piece: bytes) -> int | None:
    """The position of a block with a right checksum in the bytes after an archive: ``tar -i`` continues there."""
    if not any(piece):
        return None
    for start in range(0, len(piece) - BLOCK + 1, BLOCK):
        if _SUM.match(piece, start + CHECKSUM.start) and matching_checksum(piece[start : start + BLOCK]) is not None:
            return start
    return None


def _is_zero(view: memoryview) -> bool:
    return all(
        view[start : start + len(_ZEROS)] == _ZEROS[: len(view) - start] for start in range(0, len(view), len(_ZEROS))
    )
