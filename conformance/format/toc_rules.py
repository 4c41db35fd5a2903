"""What the entries of a TOC must keep among themselves, without the layer (docs/format.md section 11).

A TOC may have a million entries, so one pass over them notes which ones each rule has to look at (``outline``). Every
rule yields its first MAX_PROBLEMS problems.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Final

import msgspec

from conformance.format.clean_names import CleanNames
from conformance.format.discrepancy import shown
from conformance.format.entries import clean_name, xattr_value
from conformance.format.errors import FormatError
from conformance.format.times import YEAR_ONE, parse_time
from conformance.format.toc import CHUNK_ZEROS, TYPES, Entry

MAX_PROBLEMS: Final = 10
EMPTY_DIGEST: Final = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
# Most times; the others (leap days, zones) are parsed.
_PLAIN_TIME: Final = re.compile(
    r"(?!0001-01-01T)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z",
    re.ASCII,
)
_CHUNK_FIELDS: Final = ("chunk_size", "chunk_offset", "chunk_digest", "chunk_type")
_LINKS: Final = ("hardlink", "symlink")
_DEVICES: Final = ("char", "block")
_NO_FILE: Final = Entry()
_KEYS: Final = dict(zip(Entry.__struct_fields__, Entry.__struct_encode_fields__, strict=True))
_FORBIDDEN_IN_CHUNKS: Final = tuple(
    field for field in Entry.__struct_fields__ if field not in ("type", "name", "offset", *_CHUNK_FIELDS)
)


class EntryProblem(msgspec.Struct, frozen=True):
    """What is wrong with one entry: its index and name, and what was due."""

    index: int
    name: str
    expected: str
    found: str


class Outline(msgspec.Struct, frozen=True):
    """The entries of a TOC, and the indices of those that the rules look at.

    ``odd`` are those that are not plainly right by their type; ``owners`` regular entries with chunk fields; ``times``
    all texts that stand for one. ``ordered``: the ranges of all files follow each other, and end at ``last_end``.
    ``tiled``: all chunks follow their files, tile them, and have nothing that is not theirs.
    """

    entries: list[Entry]
    odd: list[int] = []
    chunks: list[int] = []
    owners: list[int] = []
    hard_links: list[int] = []
    with_xattrs: list[int] = []
    whiteouts: list[int] = []
    times: set[str] = set()
    ordered: bool = True
    last_end: int = 0
    tiled: bool = True

    @property
    def has_chunks(self) -> bool:
        """Whether any file is split, or says anything of chunks."""
        return bool(self.chunks or self.owners)


Problems = Iterator[EntryProblem]


def outline(entries: list[Entry]) -> Outline:  # noqa: PLR0912 - the one pass over a million entries
    """The one pass over all entries."""
    found = Outline(entries)
    chunks, times, is_digest = found.chunks, found.times, _DIGEST.fullmatch
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
        if kind == "hardlink":
            found.hard_links.append(index)
        if entry.xattrs:
            found.with_xattrs.append(index)
        if ".wh." in name:
            found.whiteouts.append(index)
        if entry.modtime:
            times.add(entry.modtime)
        if entry.accesstime or entry.changetime:
            times.update((entry.accesstime, entry.changetime))
    if split and not _is_tiled(owner, position, place):
        tiled = False
    return msgspec.structs.replace(found, ordered=ordered, last_end=last_end, tiled=tiled)


def _is_tiled(owner: Entry, position: int, place: int) -> bool:
    """Whether the chunks of a file, the last of which is at ``place``, reach its end, and the first is its own."""
    first = owner.chunk_size > 0 and not owner.chunk_offset
    return first and position == owner.size and place < owner.end_offset


def _is_plain_chunk(chunk: Entry) -> bool:
    """Whether it has nothing that belongs to its file."""
    if chunk.mode or chunk.size or chunk.digest or chunk.end_offset or chunk.modtime:
        return False
    return chunk.chunk_type in ("", CHUNK_ZEROS) and not _has_more(chunk)


def _is_plainly_right(entry: Entry, kind: str) -> bool:
    """Of an entry that is neither regular nor a chunk, has a name, and no size, digest or offset."""
    if entry.chunk_size or entry.chunk_digest or entry.chunk_type or entry.chunk_offset or entry.end_offset:
        return False
    if kind == "dir":
        return not (entry.link_name or entry.dev_major or entry.dev_minor)
    if (entry.dev_major or entry.dev_minor) and kind not in _DEVICES:
        return False
    return kind in TYPES and bool(entry.link_name) == (kind in _LINKS)


def repeated_names(toc: Outline) -> Problems:
    """Names that two entries other than chunks have (TOC-005)."""
    entries = toc.entries
    # Where each chunk has the name of its file there are as many names as other entries.
    if toc.tiled and len({entry.name for entry in entries}) == len(entries) - len(toc.chunks):
        return
    first: dict[str, int] = {}

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if entry.type != "chunk" and first.setdefault(entry.name, index) != index:
                yield _problem(entries, index, "a name of its own", f"the name of entries[{first[entry.name]}]")

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_shapes(toc: Outline) -> Problems:
    """Entries of unknown type, or with fields that are not proper to it, or without those that are (TOC-006)."""
    problems = (problem for index in dict.fromkeys(toc.odd) for problem in _shape(toc.entries, index))
    yield from islice(problems, MAX_PROBLEMS)


def _shape(entries: Sequence[Entry], index: int) -> Problems:
    entry = entries[index]
    kind = entry.type
    if kind not in TYPES:
        yield _problem(entries, index, f"one of {', '.join(TYPES)}", f"type {shown(kind)}")
        return
    if not entry.name:
        yield _problem(entries, index, "a name", "none")
    for field, proper in (
        ("link_name", kind in _LINKS),
        ("dev_major", kind in _DEVICES),
        ("dev_minor", kind in _DEVICES),
        ("size", kind == "reg"),
        ("digest", kind == "reg"),
        ("offset", kind == "reg"),
        ("end_offset", kind == "reg"),
        *((field, kind == "reg") for field in _CHUNK_FIELDS),
    ):
        if getattr(entry, field) and not proper:
            yield _problem(entries, index, f"no {_KEYS[field]} on type {kind}", shown(str(getattr(entry, field))))
    if kind in _LINKS and not entry.link_name:
        yield _problem(entries, index, "a linkName", "none")
    if kind == "reg":
        yield from _regular(entries, index)


def _regular(entries: Sequence[Entry], index: int) -> Problems:
    entry = entries[index]
    if entry.size < 0:
        yield _problem(entries, index, "a size of 0 or more", str(entry.size))
    elif entry.size == 0:
        if entry.digest not in ("", EMPTY_DIGEST):
            yield _problem(entries, index, "no digest on an empty file, or that of nothing", shown(entry.digest))
        if entry.offset or entry.end_offset:
            yield _problem(entries, index, "no offsets on an empty file", f"{entry.offset} to {entry.end_offset}")
    else:
        if not _DIGEST.fullmatch(entry.digest):
            yield _problem(entries, index, "digest sha256:… of 64 lowercase hex digits", shown(entry.digest))
        if entry.offset <= 0 or entry.end_offset <= 0:
            yield _problem(entries, index, "offset and endOffset", f"{entry.offset} and {entry.end_offset}")


def overlapping(toc: Outline, toc_start: int) -> Problems:
    """Non-empty files whose range is empty, overlaps that of another, or reaches ``toc_start`` (TOC-007)."""
    if toc.ordered and toc.last_end <= toc_start:
        return
    entries = toc.entries
    spans = sorted(
        (entry.offset, entry.end_offset, index)
        for index, entry in enumerate(entries)
        if entry.size > 0 and entry.end_offset and entry.type == "reg"
    )

    def problems() -> Problems:
        for start, end, index in spans:
            if end <= start:
                yield _problem(entries, index, "endOffset beyond offset", f"{start} to {end}")
            elif end > toc_start:
                yield _problem(
                    entries, index, f"a range before byte {toc_start}, where the TOC is", f"{start} to {end}"
                )
        for (start, end, index), (after, after_end, other) in pairwise(spans):
            if after < end:
                found = f"{after} to {after_end}, over {start} to {end} of {shown(entries[index].name)}"
                yield _problem(entries, other, "a range of its own", found)

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_xattrs(toc: Outline) -> Problems:
    """Extended attributes that are not padded standard base64 (TOC-010)."""

    def problems() -> Problems:
        for index in toc.with_xattrs:
            entry = toc.entries[index]
            for key, text in (entry.xattrs or {}).items():
                try:
                    xattr_value(entry, text)
                except FormatError:
                    yield _problem(toc.entries, index, f"base64 for xattr {shown(key)}", shown(text))

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_times(toc: Outline) -> Problems:
    """Times that are not RFC 3339, or spell the year 1 out (TOC-011)."""
    entries = toc.entries
    wrong = {text: why for text in toc.times if text and (why := _wrong_time(text))}
    if not wrong:
        return

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            for field in ("modtime", "accesstime", "changetime"):
                text = getattr(entry, field)
                if text in wrong:
                    yield _problem(entries, index, f"{field}: {wrong[text]}", shown(text))

    yield from islice(problems(), MAX_PROBLEMS)


def _wrong_time(text: str) -> str:
    if _PLAIN_TIME.fullmatch(text):
        return ""
    try:
        moment = parse_time(text)
    except FormatError:
        return "a time by RFC 3339"
    return "absent, for the year 1 is no time" if moment == YEAR_ONE else ""


def wrong_hard_links(toc: Outline, *, has_lower: bool) -> Problems:
    """Hard links out of the root, to a later entry, or (without a lower layer) to none (TOC-012)."""
    links, entries = toc.hard_links, toc.entries
    if not links:
        return
    place: dict[bytes, int] = {}
    for index, entry in enumerate(entries):
        if entry.type != "chunk":
            place.setdefault(_rooted(entry.name), index)

    def problems() -> Problems:
        for index in links:
            target = entries[index].link_name
            if _climbs(target):
                yield _problem(entries, index, "a target below the root", shown(target))
                continue
            at = place.get(_rooted(target))
            if at is None and not has_lower:
                yield _problem(entries, index, "a target in this layer: there is none below", shown(target))
            elif at is not None and at >= index:
                yield _problem(entries, index, "an earlier entry as target", f"{shown(target)}, entries[{at}]")

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_whiteouts(toc: Outline) -> Problems:
    """Whiteouts that are no regular entries (TOC-015)."""

    def problems() -> Problems:
        for index in toc.whiteouts:
            entry = toc.entries[index]
            last = entry.name.rstrip("/").rpartition("/")[2]
            if last.startswith(".wh.") and entry.type != "reg":
                yield _problem(toc.entries, index, "type reg for a whiteout", f"type {entry.type}")

    yield from islice(problems(), MAX_PROBLEMS)


def names_that_are_one(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Names of entries that are equal after lexical cleaning (TARSPLIT-008)."""
    names = CleanNames()
    for entry in entries:
        if entry.type != "chunk":
            names.add(entry.name.encode(errors="surrogatepass"))
    return tuple(names.duplicates)


def stray_chunks(toc: Outline) -> Problems:
    """Chunk entries that do not follow their file (CHUNK-001)."""
    if toc.tiled:
        return
    entries = toc.entries

    def problems() -> Problems:
        for index in toc.chunks:
            before = entries[index - 1] if index else None
            if before is None or (before.type != "chunk" and (before.type != "reg" or before.size <= 0)):
                yield _problem(entries, index, "a regular file with content right before its chunks", "none")
            elif before.name != entries[index].name:
                found = shown(entries[index].name)
                yield _problem(entries, index, f"the name of its file, {shown(before.name)}", found)

    yield from islice(problems(), MAX_PROBLEMS)


def split_files(toc: Outline) -> Iterator[tuple[int, int]]:
    """First index and the one after the last of each file with chunk entries behind it."""
    entries = toc.entries
    start = end = -1
    for index in toc.chunks:
        if index == end and entries[index].name == entries[start].name:
            end += 1
            continue
        if start >= 0:
            yield start, end
        start = end = -1
        if index and entries[index - 1].type == "reg" and entries[index - 1].name == entries[index].name:
            start, end = index - 1, index + 1
    if start >= 0:
        yield start, end


def untiled(toc: Outline) -> Problems:
    """Files whose chunks do not tile them (CHUNK-002)."""
    if toc.tiled:
        return
    entries = toc.entries

    def problems() -> Problems:
        for start, end in split_files(toc):
            position = 0
            for index in range(start, end):
                part = entries[index]
                if part.chunk_offset != position or part.chunk_size <= 0:
                    found = f"chunkOffset {part.chunk_offset}, chunkSize {part.chunk_size}"
                    yield _problem(entries, index, f"a chunk that begins at {position} and is not empty", found)
                    break
                position += part.chunk_size
            else:
                if position != entries[start].size:
                    yield _problem(entries, start, f"chunks of {entries[start].size} bytes together", str(position))

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_chunk_types(toc: Outline) -> Problems:
    """Chunk types other than data and zeros (CHUNK-005)."""
    candidates = toc.owners if toc.tiled else (*toc.owners, *toc.chunks)
    problems = (
        _problem(toc.entries, index, "no chunkType, or zeros", shown(toc.entries[index].chunk_type))
        for index in candidates
        if toc.entries[index].chunk_type not in ("", CHUNK_ZEROS)
    )
    yield from islice(problems, MAX_PROBLEMS)


def overloaded_chunks(toc: Outline) -> Problems:
    """Chunk entries with fields that belong to their file (CHUNK-007)."""
    if toc.tiled:
        return
    entries = toc.entries

    def problems() -> Problems:
        for index in toc.chunks:
            chunk = entries[index]
            if chunk.mode or chunk.size or chunk.digest or chunk.end_offset or chunk.modtime or _has_more(chunk):
                for field in _FORBIDDEN_IN_CHUNKS:
                    if value := getattr(chunk, field):
                        yield _problem(entries, index, f"no {_KEYS[field]} in a chunk entry", shown(str(value)))

    yield from islice(problems(), MAX_PROBLEMS)


def _has_more(chunk: Entry) -> bool:
    times = chunk.accesstime or chunk.changetime
    return bool(
        chunk.uid or chunk.gid or chunk.link_name or chunk.xattrs or chunk.dev_major or chunk.dev_minor or times
    )


def disordered_chunks(toc: Outline) -> Problems:
    """Chunk offsets that do not increase, or reach the end of their file (CHUNK-008)."""
    if toc.tiled:
        return
    entries = toc.entries

    def problems() -> Problems:
        for start, end in split_files(toc):
            limit = entries[start].end_offset
            before = entries[start].offset
            for index in range(start + 1, end):
                offset = entries[index].offset
                if not before < offset < limit:
                    yield _problem(entries, index, f"an offset between {before} and {limit}", str(offset))
                    break
                before = offset

    yield from islice(problems(), MAX_PROBLEMS)


def needless_chunk_fields(toc: Outline) -> Problems:
    """Files of one chunk that have chunk fields (CHUNK-009)."""
    entries = toc.entries
    alone = (index for index in toc.owners if index + 1 == len(entries) or entries[index + 1].type != "chunk")
    problems = (_problem(entries, index, "no chunk fields on a file of one chunk", "some") for index in alone)
    yield from islice(problems, MAX_PROBLEMS)


def _rooted(name: str) -> bytes:
    """A name below the root, lexically cleaned, without the slash in front."""
    return clean_name(b"/" + name.encode(errors="surrogatepass")).lstrip(b"/")


def _climbs(target: str) -> bool:
    depth = 0
    for part in target.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return False


def _problem(entries: Sequence[Entry], index: int, expected: str, found: str) -> EntryProblem:
    return EntryProblem(index, shown(entries[index].name), expected, found)


def where(problem: EntryProblem) -> str:
    """The place of an entry in words."""
    return f"entries[{problem.index}] {problem.name}"
