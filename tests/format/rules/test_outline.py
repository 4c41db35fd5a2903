"""The one pass over the entries of a TOC: which of them the rules inspect, and which times."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from conformance.format.toc import Entry
from conformance.format.toc_outline import MAX_ODD_TIMES, Outline, outline, problem, where

DIGEST = "sha256:" + "ab" * 32
DIR = Entry("dir", "d")
FILE = Entry("reg", "f", size=30, digest=DIGEST, offset=10, end_offset=40)
SPLIT = msgspec.structs.replace(FILE, chunk_size=10, chunk_digest=DIGEST)
SECOND = Entry("chunk", "f", offset=20, chunk_offset=10, chunk_size=10, chunk_digest=DIGEST)
THIRD = msgspec.structs.replace(SECOND, offset=30, chunk_offset=20, chunk_type="zeros")


def changed(entry: Entry, **fields: Any) -> Entry:
    return msgspec.structs.replace(entry, **fields)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", True),
        ("1970-01-01T00:00:00Z", True),
        ("9999-12-28T23:59:59.123456789Z", True),
        ("0001-01-02T00:00:00Z", True),
        ("0001-01-01T00:00:00Z", False),
        ("2024-02-29T00:00:00Z", False),
        ("2024-00-01T00:00:00Z", False),
        ("2024-13-01T00:00:00Z", False),
        ("2024-01-00T00:00:00Z", False),
        ("2024-10-19T19:00:00Z", True),
        ("2024-01-01T24:00:00Z", False),
        ("2024-01-01T00:60:00Z", False),
        ("2024-01-01T00:00:60Z", False),
        ("2024-01-01T00:00:00.Z", False),
        ("2024-01-01T00:00:00.1234567890Z", False),
        ("2024-01-01T00:00:00+01:00", False),
        ("2024-01-01T00:00:00Z\n", False),
        ("\u0662024-01-01T00:00:00Z", False),
        ("x" * 255, False),
    ],
)
@pytest.mark.parametrize("field", ["modtime", "accesstime", "changetime"])
def test_times_that_are_not_in_the_usual_form_are_inspected(field: str, text: str, plain: bool) -> None:
    found = outline([DIR, changed(DIR, **{field: text})])
    assert found.odd_times == (frozenset() if plain else {text})
    assert not found.times_left_out


def test_long_and_many_odd_times_are_left_out() -> None:
    for length in (256, 257, 1000):
        found = outline([changed(DIR, modtime="x" * length)])
        assert (found.odd_times, found.times_left_out) == (frozenset(), True)
    assert MAX_ODD_TIMES == 10_000
    entries = [changed(DIR, modtime=f"x{number}") for number in range(10_000)]
    found = outline([*entries, *entries])
    assert (len(found.odd_times), found.times_left_out) == (10_000, False)
    found = outline([*entries, changed(DIR, changetime="y")])
    assert (len(found.odd_times), found.times_left_out) == (10_000, True)


@pytest.mark.parametrize(
    ("entry", "lists"),
    [
        (DIR, []),
        (Entry("hardlink", "h", "f"), ["hard_links"]),
        (Entry("symlink", "h", "f"), []),
        (Entry("fifo", "h"), []),
        (Entry("char", "c"), ["zero_devices"]),
        (Entry("char", "c", dev_major=1), []),
        (Entry("char", "c", dev_minor=1), []),
        (Entry("block", "c"), []),
        (changed(DIR, xattrs={"a": ""}), ["with_xattrs"]),
        (changed(DIR, xattrs={}), []),
        (Entry("reg", "d/.wh.x"), ["whiteouts"]),
        (Entry("reg", ".wh"), []),
        (FILE, []),
        (changed(FILE, digest=DIGEST[:-1]), ["odd"]),
        (changed(FILE, digest=DIGEST + "0"), ["odd"]),
        (changed(FILE, offset=1), []),
        (changed(FILE, offset=0), ["odd"]),
        (changed(FILE, offset=-1), ["odd"]),
        (changed(FILE, end_offset=0), ["odd"]),
        (changed(FILE, link_name="x"), ["odd"]),
        (changed(FILE, dev_major=1), ["odd"]),
        (changed(FILE, dev_minor=1), ["odd"]),
        (changed(FILE, name=""), ["odd"]),
        (changed(FILE, chunk_size=1), ["owners"]),
        (changed(FILE, chunk_offset=1), ["owners"]),
        (changed(FILE, chunk_digest="x"), ["owners"]),
        (changed(FILE, chunk_type="x"), ["owners"]),
        (Entry("reg", "e"), []),
        (Entry("reg", "e", size=-1), ["odd"]),
        (Entry("reg", "e", offset=1), ["odd"]),
        (Entry("reg", "e", end_offset=1), ["odd"]),
        (Entry("reg", "e", digest=DIGEST), ["odd"]),
        (Entry("dir", ""), ["odd"]),
        (changed(DIR, size=1), ["odd"]),
        (changed(DIR, digest=DIGEST), ["odd"]),
        (changed(DIR, offset=1), ["odd"]),
        (changed(DIR, end_offset=1), ["odd"]),
        (changed(DIR, chunk_size=1), ["odd"]),
        (changed(DIR, chunk_offset=1), ["odd"]),
        (changed(DIR, chunk_digest="x"), ["odd"]),
        (changed(DIR, chunk_type="x"), ["odd"]),
        (changed(DIR, link_name="x"), ["odd"]),
        (changed(DIR, dev_major=1), ["odd"]),
        (changed(DIR, dev_minor=1), ["odd"]),
        (Entry("symlink", "h"), ["odd"]),
        (Entry("symlink", "h", "f", dev_major=1), ["odd"]),
        (Entry("symlink", "h", "f", dev_minor=1), ["odd"]),
        (Entry("fifo", "h", "f"), ["odd"]),
        (Entry("fifo", "h", dev_major=1), ["odd"]),
        (Entry("block", "h", dev_major=1), []),
        (Entry("block", "h", "f"), ["odd"]),
        (Entry("socket", "h"), ["odd"]),
        (Entry("", "h"), ["odd"]),
    ],
)
def test_entries_that_a_rule_inspects(entry: Entry, lists: list[str]) -> None:
    found = outline([DIR, entry, DIR])
    names = ("odd", "owners", "hard_links", "with_xattrs", "whiteouts", "zero_devices", "chunks")
    assert {name: list(getattr(found, name)) for name in names if getattr(found, name)} == {name: [1] for name in lists}
    assert found.has_chunks == (lists == ["owners"])


@pytest.mark.parametrize(
    ("entries", "tiled"),
    [
        ([SPLIT, SECOND, THIRD], True),
        ([SPLIT, SECOND, THIRD, DIR], True),
        ([DIR, SPLIT, SECOND, THIRD, changed(FILE, name="g")], True),
        ([SPLIT, SECOND], False),
        ([SPLIT, SECOND, DIR], False),
        ([SPLIT, changed(SECOND, chunk_size=20)], True),
        ([SPLIT, changed(SECOND, chunk_size=20, offset=39)], True),
        ([SPLIT, changed(SECOND, chunk_size=20, offset=40)], False),
        ([SPLIT, changed(SECOND, chunk_size=20, offset=11)], True),
        ([SPLIT, changed(SECOND, chunk_size=20, offset=10)], False),
        ([SPLIT, SECOND, changed(THIRD, offset=20)], False),
        ([SPLIT, SECOND, changed(THIRD, chunk_offset=21)], False),
        ([SPLIT, SECOND, changed(THIRD, name="g")], False),
        ([SPLIT, SECOND, THIRD, changed(THIRD, offset=35, chunk_offset=30, chunk_size=0)], False),
        ([SPLIT, SECOND, changed(THIRD, chunk_size=9)], False),
        ([SPLIT, SECOND, changed(THIRD, chunk_type="other")], False),
        ([SPLIT, SECOND, DIR, THIRD], False),
        ([changed(SPLIT, chunk_offset=1), SECOND, THIRD], False),
        ([changed(SPLIT, chunk_size=0), changed(SECOND, chunk_offset=0), changed(THIRD, chunk_offset=10)], False),
        ([SECOND], False),
        ([DIR, changed(SECOND, name="d")], False),
        *([[SPLIT, SECOND, changed(THIRD, **{field: value})], False] for field, value in (
            *((name, 1) for name in ("mode", "size", "uid", "gid", "end_offset", "dev_major", "dev_minor")),
            *((name, "x") for name in ("digest", "modtime", "accesstime", "changetime", "link_name")),
            ("xattrs", {"a": ""}),
        )),
    ],
)  # fmt: skip
def test_chunks_that_tile_their_file(entries: Sequence[Entry], tiled: bool) -> None:
    found = outline(entries)
    assert found.tiled is tiled
    assert found.has_chunks
    assert list(found.chunks) == [place for place, entry in enumerate(entries) if entry.type == "chunk"]


@pytest.mark.parametrize(
    ("spans", "ordered", "last"),
    [
        ([], True, 0),
        ([(10, 40)], True, 40),
        ([(10, 40), (40, 50)], True, 50),
        ([(10, 40), (39, 50)], False, 50),
        ([(40, 50), (10, 20)], False, 20),
        ([(10, 10)], False, 10),
        ([(10, 9)], False, 9),
        ([(0, 1)], True, 1),
    ],
)
def test_ranges_in_order(spans: list[tuple[int, int]], ordered: bool, last: int) -> None:
    entries = [
        changed(FILE, name=f"f{number}", offset=start, end_offset=end) for number, (start, end) in enumerate(spans)
    ]
    nothing = [DIR, Entry("reg", "e", offset=100, end_offset=200)]
    found: Outline = outline([*nothing, *entries, *nothing])
    assert (found.ordered, found.last_end) == (ordered, last)


def test_a_problem_has_the_place_of_its_entry() -> None:
    found = problem([DIR, Entry("dir", "a\n")], 1, "this", "that")
    assert (found.index, found.name, found.expected, found.found) == (1, "'a\\n'", "this", "that")
    assert where(found) == "entries[1] 'a\\n'"


ONE = Entry("reg", "f", size=2, digest=DIGEST, offset=10, end_offset=40, chunk_size=1, chunk_digest=DIGEST)
LAST = Entry("chunk", "f", offset=20, chunk_offset=1, chunk_size=1, chunk_digest=DIGEST)


@pytest.mark.parametrize(
    ("entries", "tiled"),
    [
        ([ONE, LAST], True),
        ([ONE, changed(LAST, offset=11)], True),
        ([ONE, changed(LAST, offset=10)], False),
        ([ONE, changed(LAST, offset=39)], True),
        ([ONE, changed(LAST, offset=40)], False),
        ([ONE, changed(LAST, offset=41)], False),
        ([changed(ONE, size=3), LAST], False),
        ([changed(ONE, chunk_size=0), changed(LAST, chunk_offset=0, chunk_size=2)], False),
        ([changed(ONE, chunk_size=3), changed(LAST, chunk_offset=3, chunk_size=-1)], False),
        ([ONE, LAST, changed(LAST, offset=30, chunk_offset=2, chunk_size=0)], False),
        ([changed(ONE, chunk_offset=1), LAST], False),
        ([ONE, changed(LAST, name="g")], False),
        ([ONE, changed(LAST, name="e")], False),
        ([DIR, changed(LAST, name="d")], False),
    ],
)
@pytest.mark.parametrize("behind", [[], [DIR]], ids=["at the end", "before others"])
def test_chunks_of_one_byte_tile_their_file(entries: list[Entry], tiled: bool, behind: list[Entry]) -> None:
    assert outline([*entries, *behind]).tiled is tiled
