"""Matches tar headers, in their order, with TOC entries; the order of the entries only makes this faster."""

from array import array
from collections.abc import Sequence
from typing import Final

from conformance.format.discrepancy import Discrepancies, Discrepancy, Kind, shown
from conformance.format.entries import TYPE_OF_FLAG
from conformance.format.tar import TarHeader
from conformance.format.toc import Entry

UNRANKED: Final = -1


class EntryMatcher:
    """Matches headers with entries by name. Those with no counterpart, or two, are added to ``found``."""

    def __init__(self, entries: Sequence[Entry], found: Discrepancies) -> None:
        self._entries, self._found = entries, found
        self._next = self._matched = 0
        self.ranks = array("q", [UNRANKED]) * len(entries)
        """For each entry the number of entries before it in the tar; UNRANKED for chunks and entries without a header.
        """
        self._seen = bytearray(len(entries))
        # Hashes instead of the names: a million names may exceed the available memory.
        self._by_name: dict[int, int] | None = None
        # The entry after the chunks of a file: skipping them must not take a step for each chunk for each repeated
        # name.
        self._after: dict[int, int] = {}

    def match(self, header: TarHeader, offset: int) -> int | None:
        """The index of this header's entry: usually the next one, because both are in tar order."""
        entries = self._entries
        index: int | None = None
        try:
            name = header.name.decode()
        except UnicodeDecodeError:
            name = None
        if name is not None:
            index = self._next
            if index >= len(entries) or entries[index].name != name:
                index = self._lookup(name)
        if index is None:
            kind = TYPE_OF_FLAG.get(header.typeflag, f"tar type {header.typeflag!r}")
            self._add(Kind.NOT_IN_TOC, header.name, "the same entries", f"{kind} in the tar only", offset)
            return None
        if self._seen[index]:
            self._add(Kind.TWICE, header.name, "one entry", "two or more entries in the tar", offset)
        if self.ranks[index] == UNRANKED:
            self.ranks[index] = self._matched
            self._matched += 1
        self._seen[index] = 1
        self._next = self._after_chunks(index)
        return index

    def _after_chunks(self, index: int) -> int:
        after = index + 1
        if after < len(self._entries) and self._entries[after].type == "chunk":
            if index in self._after:
                return self._after[index]
            while after < len(self._entries) and self._entries[after].type == "chunk":
                after += 1
            self._after[index] = after
        return after

    def missing(self) -> None:
        """Add every entry without a header to ``found``."""
        position = self._seen.find(0)
        while position >= 0:
            entry = self._entries[position]
            if entry.type != "chunk":
                self._add(Kind.NOT_IN_TAR, entry.name, "the same entries", f"{entry.type} in the TOC only", -1)
            position = self._seen.find(0, position + 1)

    def _lookup(self, name: str) -> int | None:
        if self._by_name is None:
            self._by_name = {}
            for index, entry in enumerate(self._entries):
                if entry.type != "chunk":
                    self._by_name.setdefault(hash(entry.name), index)
        found = self._by_name.get(hash(name))
        return found if found is not None and self._entries[found].name == name else None

    def _add(self, kind: Kind, name: bytes | str, expected: str, found: str, offset: int) -> None:
        self._found.add(Discrepancy(kind, shown(name), "an entry", expected, found, offset))
