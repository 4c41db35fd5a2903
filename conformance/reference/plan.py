"""Plans the files and chunks of a layer from TOC entries; checks everything before content is fetched."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from conformance.format.digest import Digest
from conformance.format.entries import TYPE_OF_FLAG
from conformance.format.errors import FormatError
from conformance.format.toc import CHUNK_ZEROS, Entry
from conformance.reference.names import check_entry_names
from conformance.reference.ranges import Span

MAX_CONTENT: Final = 16 * 2**30
"""Maximum bytes of all files of one layer: more is treated as an attack (SEC-004)."""
MAX_ENTRIES: Final = 4_000_000

_TYPES: Final = frozenset(TYPE_OF_FLAG.values())


class Chunk(msgspec.Struct, frozen=True):
    """``size`` bytes of a file, compressed in ``span`` of the blob; ``zeros`` are not fetched."""

    span: Span
    size: int
    digest: Digest | None = None
    zeros: bool = False


class Item(msgspec.Struct, frozen=True):
    """One entry of a layer; a regular file that is not empty has the ``digest`` of its content.

    ``chunks`` are the positions of the content, when it is read by TOC.
    """

    entry: Entry
    digest: Digest | None = None
    chunks: tuple[Chunk, ...] = ()


class Planner:
    """Creates the items of one layer from the entries of its TOC."""

    def items(self, entries: Sequence[Entry], data_end: int) -> tuple[Item, ...]:
        """The items; raise FormatError for inconsistent entries. ``data_end``: the end of the data frames."""
        if len(entries) > MAX_ENTRIES:
            raise FormatError(f"the TOC has {len(entries)} entries; at most {MAX_ENTRIES} are read")
        total = 0
        items = []
        for group in _files(entries):
            head = group[0]
            try:
                self.check_names(head)
                items.append(self.item(head, group[1:], data_end))
            except FormatError as error:
                raise FormatError(error.what, where=error.where or f"TOC entry {head.name[:80]!r}") from None
            total += head.size
            if total > MAX_CONTENT:
                raise FormatError(f"the layer holds more than {MAX_CONTENT} bytes")
        return tuple(items)

    def check_names(self, entry: Entry) -> None:
        """Require names and link targets inside the root (TOC-013)."""
        check_entry_names(entry)

    def item(self, head: Entry, rest: Sequence[Entry], data_end: int) -> Item:
        """One entry with the chunk entries that follow it."""
        if head.type not in _TYPES:
            raise FormatError(f"has the unknown type {head.type!r}")
        if head.size < 0 or (head.size and head.type != "reg"):
            raise FormatError(f"is of the type {head.type} and has the size {head.size}")
        if rest and not (head.type == "reg" and head.size):
            raise FormatError("is followed by chunks and has no content")
        if head.type != "reg" or not head.size:
            return Item(head)
        digest = Digest.parse(head.digest)
        return Item(head, digest, self.chunks([head, *rest], head.end_offset, data_end))

    def chunks(self, parts: Sequence[Entry], end: int, data_end: int) -> tuple[Chunk, ...]:
        """The chunks of a file: they tile it, and follow one another in the blob."""
        head = parts[0]
        ends = [*(part.offset for part in parts[1:]), end]
        chunks = []
        position = 0
        for part, stop in zip(parts, ends, strict=True):
            size = part.chunk_size or (head.size - position if len(parts) == 1 else 0)
            if part.chunk_offset != position or size <= 0 or position + size > head.size:
                raise FormatError(
                    f"the chunk at {part.chunk_offset} of {size} bytes does not continue the {position} before"
                )
            if not 0 < part.offset < stop <= data_end:
                raise FormatError(f"bytes {part.offset} to {stop} of the blob are no place for a chunk")
            if part.chunk_type not in ("", CHUNK_ZEROS):
                raise FormatError(f"has the unknown chunk type {part.chunk_type!r}")
            digest = Digest.parse(part.chunk_digest) if part.chunk_digest else None
            chunks.append(Chunk(Span(part.offset, stop), size, digest, part.chunk_type == CHUNK_ZEROS))
            position += size
        if position != head.size:
            raise FormatError(f"its chunks have {position} bytes together; the file has {head.size}")
        return tuple(chunks)


def _files(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Each entry with the chunk entries that follow it."""
    group: list[Entry] = []
    for entry in entries:
        if not entry.is_chunk:
            if group:
                yield group
            group = [entry]
        elif not group or entry.name != group[0].name:
            raise FormatError(f"a chunk of {entry.name[:80]!r} does not follow its file")
        else:
            group.append(entry)
    if group:
        yield group
