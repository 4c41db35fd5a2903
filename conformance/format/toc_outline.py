"""One pass over the entries of a TOC, to find those that each rule has to inspect (docs/format.md section 11).

A TOC may have a million entries, and nearly all are certainly valid: the rules in ``toc_rules`` and ``chunk_rules``
inspect the others only.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

import msgspec

from conformance.format.discrepancy import shown
from conformance.format.names import WHITEOUT
from conformance.format.toc import CHUNK_ZEROS, TYPES, Entry
from conformance.format.toc_names import Names, names_of

MAX_PROBLEMS: Final = 10
"""The maximum number of problems of a rule."""
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
CHUNK_FIELDS: Final = ("chunk_size", "chunk_offset", "chunk_digest", "chunk_type")
LINKS: Final = ("hardlink", "symlink")
DEVICES: Final = ("char", "block")
KEYS: Final = dict(zip(Entry.__struct_fields__, Entry.__struct_encode_fields__, strict=True))
"""The JSON key of each field."""

_NO_FILE: Final = Entry()


class EntryProblem(msgspec.Struct, frozen=True):
    """A problem of one entry: its index and name, the expected and the found value."""

    index: int
    name: str
    expected: str
    found: str


MAX_ODD_TIMES: Final = 10_000
# Most times match; the others (leap days, zones) are parsed.
_PLAIN_TIME: Final = re.compile(
    r"(?!0001-01-01T)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z",
    re.ASCII,
)
_MAX_TIMES: Final = 2**16
_LONG_TIME: Final = 256


def _indices() -> "array[int]":
    return array("I")


class _Times:
    """The texts for times that are not in the usual form; each text is inspected once, up to a limit of texts."""

    def __init__(self) -> None:
        self.plain: set[str] = {""}
        self.odd: set[str] = set()
        self.left_out = False

    def add(self, text: str) -> None:
        if text in self.plain or text in self.odd:
            return
        if _PLAIN_TIME.fullmatch(text):
            if len(self.plain) < _MAX_TIMES:
                self.plain.add(text)
        elif len(self.odd) < MAX_ODD_TIMES and len(text) < _LONG_TIME:
            self.odd.add(text)
        else:
            self.left_out = True


class Outline(msgspec.Struct, frozen=True, dict=True):
    """The entries of a TOC, and the indices of those that the rules inspect.

    ``odd`` are those that are not certainly valid by their type; ``owners`` regular entries with chunk fields;
    ``odd_times`` the first texts for times that are not in the usual form, ``times_left_out`` whether there are more;
    ``zero_devices`` character devices 0:0. ``ordered``: the ranges of all files are in order, and end at ``last_end``.
    ``tiled``: all chunks follow their files, tile them, and have chunk fields only.
    """

    entries: Sequence[Entry]
    odd: "array[int]" = msgspec.field(default_factory=_indices)
    chunks: "array[int]" = msgspec.field(default_factory=_indices)
    owners: "array[int]" = msgspec.field(default_factory=_indices)
    hard_links: "array[int]" = msgspec.field(default_factory=_indices)
    with_xattrs: "array[int]" = msgspec.field(default_factory=_indices)
    whiteouts: "array[int]" = msgspec.field(default_factory=_indices)
    zero_devices: "array[int]" = msgspec.field(default_factory=_indices)
    odd_times: frozenset[str] = frozenset()
    times_left_out: bool = False
    ordered: bool = True
    last_end: int = 0
    tiled: bool = True

    @cached_property
    def names(self) -> Names:
        """What the rules on names need, found at the first use."""
        return names_of(self.entries)

    @property
    def has_chunks(self) -> bool:
        """Whether any file is split, or has a chunk field."""
        return bool(self.chunks or self.owners)


Problems = Iterator[EntryProblem]


def outline(entries: Sequence[Entry]) -> Outline:  # noqa: PLR0912, PLR0915 - the one pass over a million entries
    """The one pass over all entries."""
    found = Outline(entries)
    chunks, times, is_digest = found.chunks, _Times(), DIGEST.fullmatch
    plain_times = times.plain
    ordered = tiled = True
    last_end = position = place = 0
    owner = _NO_FILE
    split = False
    for index, entry in enumerate(entries):
        kind, name = entry.type, entry.name
        if kind == "chunk":
            chunks.append(index)
            offset, size = entry.offset, entry.chunk_size
            if (
                entry.chunk_offset != position
                or offset <= place
                or size <= 0
                or name != owner.name
                or not _is_plain_chunk(entry)
            ):
                tiled = False
            position += size
            place, split = offset, True
            continue
        if split and not _is_tiled(owner, position, place):
            tiled = False
        split = False
        owner = _NO_FILE
        if kind == "reg":
            owner, position, place = entry, entry.chunk_size, entry.offset
            if entry.size > 0:
                if place < last_end or entry.end_offset <= place:
                    ordered = False
                last_end = entry.end_offset
                if place <= 0 or last_end <= 0 or is_digest(entry.digest) is None:
                    found.odd.append(index)
            elif entry.size or place or entry.end_offset or entry.digest:
                found.odd.append(index)
            if entry.link_name or entry.dev_major or entry.dev_minor or not name:
                found.odd.append(index)
            if position or entry.chunk_digest or entry.chunk_type or entry.chunk_offset:
                found.owners.append(index)
        elif entry.size or entry.digest or entry.offset or not name or not _is_plainly_right(entry, kind):
            found.odd.append(index)
        if kind == "char" and not (entry.dev_major or entry.dev_minor):
            found.zero_devices.append(index)
        if kind == "hardlink":
            found.hard_links.append(index)
        if entry.xattrs:
            found.with_xattrs.append(index)
        if WHITEOUT in name:
            found.whiteouts.append(index)
        if entry.modtime not in plain_times:
            times.add(entry.modtime)
        if entry.accesstime or entry.changetime:
            times.add(entry.accesstime)
            times.add(entry.changetime)
    if split and not _is_tiled(owner, position, place):
        tiled = False
    return msgspec.structs.replace(
        found,
        ordered=ordered,
        last_end=last_end,
        tiled=tiled,
        odd_times=frozenset(times.odd),
        times_left_out=times.left_out,
    )


def _is_tiled(owner: Entry, position: int, place: int) -> bool:
    """Whether the chunks of a file, the last one at ``place``, reach its end, and the first belongs to it."""
    first = owner.chunk_size > 0 and not owner.chunk_offset
    return first and position == owner.size and place < owner.end_offset


def _is_plain_chunk(chunk: Entry) -> bool:
    """Whether it has no field of its file."""
    if chunk.mode or chunk.size or chunk.digest or chunk.end_offset or chunk.modtime:
        return False
    return chunk.chunk_type in ("", CHUNK_ZEROS) and not has_more(chunk)


def _is_plainly_right(entry: Entry, kind: str) -> bool:
    """Whether the entry is neither regular nor a chunk, has a name, and no size, digest or offset."""
    if entry.chunk_size or entry.chunk_digest or entry.chunk_type or entry.chunk_offset or entry.end_offset:
        return False
    if kind == "dir":
        return not (entry.link_name or entry.dev_major or entry.dev_minor)
    if (entry.dev_major or entry.dev_minor) and kind not in DEVICES:
        return False
    return kind in TYPES and bool(entry.link_name) == (kind in LINKS)


def has_more(chunk: Entry) -> bool:
    """Whether a chunk has one of the less frequent fields of its file."""
    times = chunk.accesstime or chunk.changetime
    return bool(
        chunk.uid or chunk.gid or chunk.link_name or chunk.xattrs or chunk.dev_major or chunk.dev_minor or times
    )


def problem(entries: Sequence[Entry], index: int, expected: str, found: str) -> EntryProblem:
    """The problem of one entry."""
    return EntryProblem(index, shown(entries[index].name), expected, found)


def where(found: EntryProblem) -> str:
    """The position of an entry as text."""
    return f"entries[{found.index}] {found.name}"
