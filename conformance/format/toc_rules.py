"""What the entries of a TOC must keep among themselves, without the layer (docs/format.md section 11).

A TOC may have a million entries, so each rule first asks a question about all of them at once; only when the answer is
no are they looked at one by one. Every rule yields its first MAX_PROBLEMS problems.
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


Problems = Iterator[EntryProblem]
Entries = Sequence[Entry]


def repeated_names(entries: Entries) -> Problems:
    """Names that two entries other than chunks have (TOC-005)."""
    names = [entry.name for entry in entries if entry.type != "chunk"]
    if len(set(names)) == len(names):
        return
    first: dict[str, int] = {}

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if entry.type != "chunk" and first.setdefault(entry.name, index) != index:
                yield _problem(entries, index, "a name of its own", f"the name of entries[{first[entry.name]}]")

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_shapes(entries: Entries) -> Problems:
    """Entries of unknown type, or with fields that are not proper to it, or without those that are (TOC-006)."""
    suspects = (index for index, entry in enumerate(entries) if not _is_plainly_right(entry))
    problems = (problem for index in suspects for problem in _shape(entries, index))
    yield from islice(problems, MAX_PROBLEMS)


def _is_plainly_right(entry: Entry) -> bool:
    kind = entry.type
    if kind == "reg":
        if entry.size > 0:
            known = entry.offset > 0 and entry.end_offset > 0 and _DIGEST.fullmatch(entry.digest) is not None
        else:
            known = entry.size == 0 and not (entry.offset or entry.end_offset or entry.digest)
        return bool(known and entry.name and not (entry.link_name or entry.dev_major or entry.dev_minor))
    if kind == "chunk":
        return True  # CHUNK-007
    if kind not in TYPES or not entry.name or entry.size or entry.digest or entry.offset or entry.end_offset:
        return False
    if (entry.dev_major or entry.dev_minor) and kind not in _DEVICES:
        return False
    return bool(entry.link_name) == (kind in _LINKS) and not (entry.chunk_size or entry.chunk_digest)


def _shape(entries: Entries, index: int) -> Problems:
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


def _regular(entries: Entries, index: int) -> Problems:
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


def overlapping(entries: Entries, toc_start: int) -> Problems:
    """Non-empty files whose range is empty, overlaps that of another, or reaches ``toc_start`` (TOC-007)."""
    spans = [
        (entry.offset, entry.end_offset, index)
        for index, entry in enumerate(entries)
        if entry.size and entry.end_offset and entry.type == "reg"
    ]
    spans.sort()

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


def wrong_xattrs(entries: Entries) -> Problems:
    """Extended attributes that are not padded standard base64 (TOC-010)."""

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if entry.xattrs:
                for key, text in entry.xattrs.items():
                    try:
                        xattr_value(entry, text)
                    except FormatError:
                        yield _problem(entries, index, f"base64 for xattr {shown(key)}", shown(text))

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_times(entries: Entries) -> Problems:
    """Times that are not RFC 3339, or spell the year 1 out (TOC-011)."""
    texts = {entry.modtime for entry in entries}
    texts |= {entry.accesstime for entry in entries}
    texts |= {entry.changetime for entry in entries}
    wrong = {text: why for text in texts if text and (why := _wrong_time(text))}
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


def wrong_hard_links(entries: Entries, *, has_lower: bool) -> Problems:
    """Hard links out of the root, to a later entry, or (without a lower layer) to none (TOC-012)."""
    links = [index for index, entry in enumerate(entries) if entry.type == "hardlink"]
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


def wrong_whiteouts(entries: Entries) -> Problems:
    """Whiteouts that are no regular entries (TOC-015)."""
    suspects = [index for index, entry in enumerate(entries) if ".wh." in entry.name]

    def problems() -> Problems:
        for index in suspects:
            entry = entries[index]
            last = entry.name.rstrip("/").rpartition("/")[2]
            if last.startswith(".wh.") and entry.type not in ("reg", "chunk"):
                yield _problem(entries, index, "type reg for a whiteout", f"type {entry.type}")

    yield from islice(problems(), MAX_PROBLEMS)


def names_that_are_one(entries: Entries) -> tuple[str, ...]:
    """Names of entries that are equal after lexical cleaning (TARSPLIT-008)."""
    names = CleanNames()
    for entry in entries:
        if entry.type != "chunk":
            names.add(entry.name.encode(errors="surrogatepass"))
    return tuple(names.duplicates)


def has_chunks(entries: Entries) -> bool:
    """Whether any file is split, or says anything of chunks."""
    return any(entry.type == "chunk" or entry.chunk_size or entry.chunk_digest or entry.chunk_type for entry in entries)


def stray_chunks(entries: Entries) -> Problems:
    """Chunk entries that do not follow their file (CHUNK-001)."""

    def problems() -> Problems:
        owner = ""
        known = False
        for index, entry in enumerate(entries):
            if entry.type != "chunk":
                owner, known = entry.name, entry.type == "reg" and entry.size > 0
            elif not known:
                yield _problem(entries, index, "a regular file with content right before its chunks", "none")
            elif entry.name != owner:
                yield _problem(entries, index, f"the name of its file, {shown(owner)}", shown(entry.name))

    yield from islice(problems(), MAX_PROBLEMS)


def split_files(entries: Entries) -> Iterator[tuple[int, int]]:
    """First and last index (exclusive) of each file with chunk entries behind it."""
    start = None
    for index, entry in enumerate(entries):
        if entry.type == "chunk" and start is not None and entry.name == entries[start].name:
            continue
        if start is not None and index > start + 1:
            yield start, index
        start = index if entry.type == "reg" else None
    if start is not None and len(entries) > start + 1:
        yield start, len(entries)


def untiled(entries: Entries) -> Problems:
    """Files whose chunks do not tile them (CHUNK-002)."""

    def problems() -> Problems:
        for start, end in split_files(entries):
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


def wrong_chunk_types(entries: Entries) -> Problems:
    """Chunk types other than data and zeros (CHUNK-005)."""
    if {entry.chunk_type for entry in entries} <= {"", CHUNK_ZEROS}:
        return
    problems = (
        _problem(entries, index, "no chunkType, or zeros", shown(entry.chunk_type))
        for index, entry in enumerate(entries)
        if entry.chunk_type not in ("", CHUNK_ZEROS)
    )
    yield from islice(problems, MAX_PROBLEMS)


def overloaded_chunks(entries: Entries) -> Problems:
    """Chunk entries with fields that belong to their file (CHUNK-007)."""
    problems = (
        _problem(entries, index, f"no {_KEYS[field]} in a chunk entry", shown(str(getattr(entry, field))))
        for index, entry in enumerate(entries)
        if entry.type == "chunk"
        for field in _FORBIDDEN_IN_CHUNKS
        if getattr(entry, field)
    )
    yield from islice(problems, MAX_PROBLEMS)


def disordered_chunks(entries: Entries) -> Problems:
    """Chunk offsets that do not increase, or reach the end of their file (CHUNK-008)."""

    def problems() -> Problems:
        for start, end in split_files(entries):
            limit = entries[start].end_offset
            before = entries[start].offset
            for index in range(start + 1, end):
                offset = entries[index].offset
                if not before < offset < limit:
                    yield _problem(entries, index, f"an offset between {before} and {limit}", str(offset))
                    break
                before = offset

    yield from islice(problems(), MAX_PROBLEMS)


def needless_chunk_fields(entries: Entries) -> Problems:
    """Files of one chunk that have chunk fields (CHUNK-009)."""

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if entry.type == "reg" and any(getattr(entry, field) for field in _CHUNK_FIELDS):
                alone = index + 1 == len(entries) or entries[index + 1].type != "chunk"
                if alone:
                    yield _problem(entries, index, "no chunk fields on a file of one chunk", "some")

    yield from islice(problems(), MAX_PROBLEMS)


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


def _problem(entries: Entries, index: int, expected: str, found: str) -> EntryProblem:
    return EntryProblem(index, shown(entries[index].name), expected, found)


def where(problem: EntryProblem) -> str:
    """The place of an entry in words."""
    return f"entries[{problem.index}] {problem.name}"
