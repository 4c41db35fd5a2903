"""Compares a tar-split with the tar that it describes (docs/format.md section 12; TARSPLIT-002, TARSPLIT-004)."""

from collections.abc import Iterable
from typing import Final

from conformance.format.clean_names import CleanNames
from conformance.format.discrepancy import Discrepancies, Discrepancy, Kind, shown
from conformance.format.errors import FormatError
from conformance.format.tar import TarHeader
from conformance.format.tarsplit import FileRecord, Record, Segment

MAX_SURPLUS: Final = 2**20
"""Bytes before one entry by which a tar-split may exceed the tar; after more, reading stops."""


class SplitCursor:
    """Receives the tar piece by piece and compares it with the records; stops at the first record out of order.

    ``problem`` states why reading of the records stopped; ``compared`` counts the compared file records.
    """

    def __init__(self, records: Iterable[Record], found: Discrepancies) -> None:
        self._records = iter(records)
        self._found = found
        self._ended = False
        self._rest = b""
        """Bytes of the segments after the last file record that the tar must still have."""
        self._position = 0
        self.problem: FormatError | None = None
        self.compared = 0
        self.names = CleanNames()

    def member(self, raw: bytes, header: TarHeader, crc: bytes, end: int) -> None:
        """Compare one entry: the raw bytes before its content, and the CRC of the content (b"" for none), up to
        ``end``.
        """
        if self._ended:
            return
        start = end - header.size - len(raw)
        segments: list[bytes] = []
        size = 0
        record = self._next()
        while isinstance(record, Segment):
            size += len(record.payload)
            if size > len(raw) + MAX_SURPLUS:
                self._stop(header.name, f"segments of {len(raw)} bytes", f"more than {size} bytes", start)
                return
            if record.payload:  # there may be a million empty segments
                segments.append(record.payload)
            record = self._next()
        if self.problem is not None:
            return
        if record is None:
            self._stop(header.name, "a file record", "no further record", start)
            return
        recorded = segments[0] if len(segments) == 1 else b"".join(segments)
        if recorded != raw:
            self._differ(header.name, raw, recorded, start, size)
        if (record.name, record.size) != (header.name, header.size):
            expected = f"{shown(header.name)}, {header.size} bytes"
            self._stop(record.name, expected, f"{shown(record.name)}, {record.size} bytes", start)
            return
        if header.size and record.crc != crc:
            found = "none" if record.crc is None else record.crc.hex()
            self._found.add(
                Discrepancy(Kind.SPLIT_CRC, shown(header.name), "CRC-64", crc.hex(), found, end - header.size)
            )
        self.names.add(record.name)
        self.compared += 1
        self._position = end

    def trailing(self, raw: bytes) -> None:
        """Compare bytes after the last entry."""
        while raw and not self._ended:
            if not self._rest:
                record = self._next()
                if isinstance(record, FileRecord):
                    self._stop(
                        record.name, "the end of the archive", f"a record of {shown(record.name)}", self._position
                    )
                    return
                if record is None:
                    if self.problem is None:
                        self._stop(b"", f"{len(raw)} more bytes", "no further record", self._position)
                    return
                self._rest = record.payload
                continue
            count = min(len(raw), len(self._rest))
            if raw[:count] != self._rest[:count]:
                self._differ(b"", raw[:count], self._rest[:count], self._position, count)
            raw, self._rest = raw[count:], self._rest[count:]
            self._position += count

    def end(self) -> None:
        """Expect the end of the records, at the end of the tar."""
        if self._ended:
            return
        record = None if self._rest else self._next()
        while isinstance(record, Segment) and not record.payload:
            record = self._next()
        if self._rest or record is not None:
            name = record.name if isinstance(record, FileRecord) else b""
            self._stop(name, "no further record", "records beyond the end of the tar", self._position)

    def _next(self) -> Record | None:
        try:
            return next(self._records, None)
        except FormatError as error:
            self.problem = error
            self._ended = True
            return None

    def _stop(self, name: bytes, expected: str, found: str, offset: int) -> None:
        self._ended = True
        self._found.add(
            Discrepancy(Kind.SPLIT_RECORDS, shown(name) if name else "", "the records", expected, found, offset)
        )

    def _differ(self, name: bytes, tar: bytes, recorded: bytes, offset: int, size: int) -> None:
        at = next(
            (i for i, (a, b) in enumerate(zip(tar, recorded, strict=False)) if a != b), min(len(tar), len(recorded))
        )
        expected = f"{tar[at : at + 16].hex(' ') or 'nothing'} ({len(tar)} bytes)"
        found = f"{recorded[at : at + 16].hex(' ') or 'nothing'} ({size} bytes)"
        what = "tar bytes that are not content"
        self._found.add(Discrepancy(Kind.SPLIT_BYTES, shown(name) if name else "", what, expected, found, offset + at))
