"""Rules for the segments of a tar-split (docs/format.md section 12; TARSPLIT-011).

Clients read each segment separately: they drop the padding of the file before it, and read the rest as the headers of
one entry, or as the end of the archive (vbatts/tar-split, tar/asm/iterate.go).
"""

from typing import Final

from conformance.format.tarsplit import FileRecord, Record, Segment

_BLOCK: Final = 512
_ZEROS: Final = bytes(_BLOCK)


class SegmentRules:
    """Receives each record in order; ``problem`` is the first violation, "" for none."""

    def __init__(self) -> None:
        self.problem = ""
        self._padding = 0
        self._count = 0
        """Segments since the last file that have more than its padding."""
        self._behind: bool
        """Whether another segment follows these, where clients expect the padding of the content."""
        self._odd_end = ""

    def add(self, record: Record) -> None:
        """Judge the next record."""
        if self.problem:
            return
        if isinstance(record, FileRecord):
            self._file(record)
        else:
            self._segment(record)

    def _file(self, record: FileRecord) -> None:
        self._padding = -record.size % _BLOCK
        if self._count != 1:
            self.problem = f"{self._count} segments with headers precede the file record {record.position}"
        elif self._behind and self._padding:
            self.problem = f"a segment is between the headers and the file record {record.position}"
        self._count, self._odd_end = 0, ""

    def _segment(self, record: Segment) -> None:
        size = len(record.payload)
        if size < self._padding:
            self.problem = f"segment {record.position} has {size} bytes; {self._padding} bytes of padding are due in it"
        rest = record.payload[self._padding : self._padding + 2 * _BLOCK]
        self._padding = 0
        self._behind = self._count > 0
        self._count += bool(rest)
        if rest and not _ends(rest) and not self._odd_end:
            self._odd_end = f"segment {record.position}, after the last file, does not begin with blocks of zeros"

    def finish(self) -> str:
        """Judge the end of the records, and return the problem."""
        self.problem = self.problem or self._odd_end
        return self.problem


def _ends(rest: bytes) -> bool:
    """Whether a reader treats these first bytes as the end of an archive: one block of zeros, or two."""
    return rest[:_BLOCK] == _ZEROS and rest[_BLOCK:] in (b"", _ZEROS)
