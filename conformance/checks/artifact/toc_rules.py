"""Rules on the entries of a TOC, without the layer (docs/format.md section 11).

Every rule yields its first MAX_PROBLEMS problems.
"""

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Final

from conformance.checks.artifact.whiteout_rules import is_whiteout, lies_below_a_whiteout
from conformance.format.clean_names import CleanNames
from conformance.format.discrepancy import shown
from conformance.format.entries import xattr_value
from conformance.format.errors import FormatError
from conformance.format.times import YEAR_ONE, parse_time
from conformance.format.toc import TYPES, Entry
from conformance.format.toc_outline import (
    CHUNK_FIELDS,
    DEVICES,
    DIGEST,
    KEYS,
    LINKS,
    MAX_PROBLEMS,
    Outline,
    Problems,
    problem,
)

EMPTY_DIGEST: Final = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def repeated_names(toc: Outline) -> Problems:
    """Names that two entries other than chunks have (TOC-005)."""
    entries = toc.entries
    if toc.names.distinct:
        return
    first: dict[int, int] = {}  # by hashes: a million names may take more memory than there is

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if entry.type == "chunk":
                continue
            before = first.setdefault(hash(entry.name), index)
            if before != index and entries[before].name == entry.name:
                yield problem(entries, index, "a unique name", f"the name of entries[{before}]")

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_shapes(toc: Outline) -> Problems:
    """Entries of unknown type, or with undefined fields, or without required ones (TOC-006)."""
    problems = (problem for index in dict.fromkeys(toc.odd) for problem in _shape(toc.entries, index))
    yield from islice(problems, MAX_PROBLEMS)


def _shape(entries: Sequence[Entry], index: int) -> Problems:
    entry = entries[index]
    kind = entry.type
    if kind not in TYPES:
        yield problem(entries, index, f"one of {', '.join(TYPES)}", f"type {shown(kind)}")
        return
    if not entry.name:
        yield problem(entries, index, "a name", "none")
    for field, proper in (
        ("link_name", kind in LINKS),
        ("dev_major", kind in DEVICES),
        ("dev_minor", kind in DEVICES),
        ("size", kind == "reg"),
        ("digest", kind == "reg"),
        ("offset", kind == "reg"),
        ("end_offset", kind == "reg"),
        *((field, kind == "reg") for field in CHUNK_FIELDS),
    ):
        if getattr(entry, field) and not proper:
            yield problem(entries, index, f"no {KEYS[field]} on type {kind}", shown(str(getattr(entry, field))))
    if kind in LINKS and not entry.link_name:
        yield problem(entries, index, "a linkName", "none")
    if kind == "reg":
        yield from _regular(entries, index)


def _regular(entries: Sequence[Entry], index: int) -> Problems:
    entry = entries[index]
    if entry.size < 0:
        yield problem(entries, index, "a size of 0 or more", str(entry.size))
    elif not entry.size:
        if entry.digest not in ("", EMPTY_DIGEST):
            yield problem(
                entries, index, "no digest on an empty file, or the digest of empty content", shown(entry.digest)
            )
        if entry.offset or entry.end_offset:
            yield problem(entries, index, "no offsets on an empty file", f"{entry.offset} to {entry.end_offset}")
    else:
        if not DIGEST.fullmatch(entry.digest):
            expected = "digest sha256:… of 64 lowercase hex digits; readers know no other"
            yield problem(entries, index, expected, shown(entry.digest))
        if entry.offset <= 0 or entry.end_offset <= 0:
            yield problem(entries, index, "offset and endOffset", f"{entry.offset} and {entry.end_offset}")


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
                yield problem(entries, index, "endOffset beyond offset", f"{start} to {end}")
            elif end > toc_start:
                yield problem(entries, index, f"a range before byte {toc_start}, where the TOC is", f"{start} to {end}")
        for (start, end, index), (after, after_end, other) in pairwise(spans):
            if after < end:
                found = f"{after} to {after_end}, over {start} to {end} of {shown(entries[index].name)}"
                yield problem(entries, other, "a separate range", found)

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
                    yield problem(toc.entries, index, f"base64 for xattr {shown(key)}", shown(text))

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_times(toc: Outline) -> Problems:
    """Times that are not RFC 3339, or write the year 1 out (TOC-011)."""
    entries = toc.entries
    wrong = {text: why for text in toc.odd_times if (why := _wrong_time(text))}
    if not wrong and not toc.times_left_out:
        return

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            for field in ("modtime", "accesstime", "changetime"):
                text = getattr(entry, field)
                why = wrong.get(text, "")
                if not why and toc.times_left_out and text:
                    why = _wrong_time(text)
                if why:
                    yield problem(entries, index, f"{field}: {why}", shown(text))

    yield from islice(problems(), MAX_PROBLEMS)


def _wrong_time(text: str) -> str:
    try:
        moment = parse_time(text)
    except FormatError:
        return "a time by RFC 3339"
    return "absent: the year 1 means no time" if moment == YEAR_ONE else ""


def wrong_whiteouts(toc: Outline) -> Problems:
    """Whiteouts that are not empty regular entries, and entries below the name of a whiteout (TOC-015)."""

    def problems() -> Problems:
        for index in toc.whiteouts:
            entry = toc.entries[index]
            is_one = is_whiteout(entry.name)
            if is_one and entry.type != "reg":
                yield problem(toc.entries, index, "type reg for a whiteout", f"type {entry.type}")
            elif is_one and entry.size:
                yield problem(toc.entries, index, "a whiteout without content", f"size {entry.size}")
            elif lies_below_a_whiteout(entry.name):
                yield problem(toc.entries, index, "no directory whose name begins with .wh.", shown(entry.name))

    yield from islice(problems(), MAX_PROBLEMS)


def colliding_names(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Names of entries that are equal after lexical cleaning (TARSPLIT-008)."""
    names = CleanNames()
    for entry in entries:
        if entry.type != "chunk":
            names.add(entry.name.encode(errors="surrogatepass"))
    return tuple(names.duplicates)
