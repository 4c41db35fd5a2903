"""What rules over TOC entries tell: each entry, what would have been right, and what is there, in order."""

from typing import Any

import msgspec
import pytest

from conformance.checks.artifact import chunk_rules, toc_rules
from conformance.format.toc import TYPES, Entry
from conformance.format.toc_outline import KEYS, MAX_PROBLEMS, outline
from tests.checks.artifact.rules.entries import DIGEST, changed, told

FILE = Entry(type="reg", name="a", size=10, digest=DIGEST, offset=10, end_offset=20)
SPLIT = Entry(type="reg", name="s", size=20, digest=DIGEST, offset=30, end_offset=50, chunk_size=10)
CHUNK = Entry(type="chunk", name="s", offset=40, chunk_offset=10, chunk_size=10, chunk_digest=DIGEST)
DIRECTORY = Entry(type="dir", name="d")
DEVICE = Entry(type="char", name="c", dev_major=1, dev_minor=2)
LINK = Entry(type="symlink", name="l", link_name="a")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (FILE, []),
        (DIRECTORY, []),
        (DEVICE, []),
        (LINK, []),
        (changed(FILE, type="file"), [(f"one of {', '.join(TYPES)}", "type 'file'")]),
        (changed(FILE, type=""), [(f"one of {', '.join(TYPES)}", "type ''")]),
        (changed(FILE, name=""), [("a name", "none")]),
        (changed(LINK, link_name=""), [("a linkName", "none")]),
        (changed(FILE, size=-1), [("a size of 0 or more", "-1")]),
        (
            changed(FILE, size=0),
            [
                ("no digest on an empty file, or the digest of empty content", f"'{DIGEST}'"),
                ("no offsets on an empty file", "10 to 20"),
            ],
        ),
        (changed(FILE, size=0, digest="", offset=0), [("no offsets on an empty file", "0 to 20")]),
        (changed(FILE, size=0, digest="", end_offset=0), [("no offsets on an empty file", "10 to 0")]),
        (changed(FILE, size=0, digest="", offset=-1, end_offset=0), [("no offsets on an empty file", "-1 to 0")]),
        (
            changed(FILE, size=0, digest="sha256:a", offset=0, end_offset=0),
            [("no digest on an empty file, or the digest of empty content", "'sha256:a'")],
        ),
        (changed(FILE, size=0, digest=toc_rules.EMPTY_DIGEST, offset=0, end_offset=0), []),
        (
            changed(FILE, size=1, digest="x"),
            [("digest sha256:… of 64 lowercase hex digits; readers know no other", "'x'")],
        ),
        (changed(FILE, size=1, offset=0), [("offset and endOffset", "0 and 20")]),
        (changed(FILE, size=1, offset=1), []),
        (changed(FILE, size=1, end_offset=0), [("offset and endOffset", "10 and 0")]),
        (changed(FILE, size=1, offset=-1), [("offset and endOffset", "-1 and 20")]),
        (changed(DIRECTORY, size=5), [("no size on type dir", "'5'")]),
        (changed(DIRECTORY, size=-5), [("no size on type dir", "'-5'")]),
        (
            changed(DIRECTORY, link_name="x", dev_major=1, dev_minor=2, size=3, digest="d", offset=4, end_offset=5),
            [
                (f"no {key} on type dir", f"'{value}'")
                for key, value in (
                    *(("linkName", "x"), ("devMajor", 1), ("devMinor", 2), ("size", 3)),
                    *(("digest", "d"), ("offset", 4), ("endOffset", 5)),
                )
            ],
        ),
        (
            changed(LINK, chunk_size=1, chunk_offset=2, chunk_digest="d", chunk_type="t"),
            [
                (f"no {key} on type symlink", f"'{value}'")
                for key, value in (("chunkSize", 1), ("chunkOffset", 2), ("chunkDigest", "d"), ("chunkType", "t"))
            ],
        ),
        (changed(FILE, link_name="x"), [("no linkName on type reg", "'x'")]),
        (changed(FILE, dev_major=1), [("no devMajor on type reg", "'1'")]),
        (changed(DEVICE, type="block", link_name="x"), [("no linkName on type block", "'x'")]),
        (changed(DEVICE, type="fifo"), [("no devMajor on type fifo", "'1'"), ("no devMinor on type fifo", "'2'")]),
        (changed(LINK, type="hardlink", dev_minor=1), [("no devMinor on type hardlink", "'1'")]),
        (Entry(type="hardlink", name=""), [("a name", "none"), ("a linkName", "none")]),
    ],
)
def test_shapes(entry: Entry, expected: list[tuple[str, str]]) -> None:
    found = told(toc_rules.wrong_shapes(outline([DIRECTORY, entry, FILE])))
    assert found == [(1, what, value) for what, value in expected]


def test_an_entry_is_reported_once_and_in_order() -> None:
    entries = [Entry(type="dir", name="", link_name="x"), FILE, changed(FILE, name="", digest="x", dev_major=1)]
    assert [index for index, _, _ in told(toc_rules.wrong_shapes(outline(entries)))] == [0, 0, 2, 2, 2]


OVER = [
    changed(FILE, name="x", offset=10, end_offset=25),
    changed(FILE, name="y", offset=20, end_offset=30),
    changed(FILE, name="z", offset=30, end_offset=30),
    changed(FILE, name="e", offset=40, end_offset=35),
]


def test_ranges_that_are_wrong_are_reported_in_order() -> None:
    assert told(toc_rules.overlapping(outline(OVER), 29)) == [
        (1, "a range before byte 29, where the TOC is", "20 to 30"),
        (2, "endOffset beyond offset", "30 to 30"),
        (3, "endOffset beyond offset", "40 to 35"),
        (1, "a separate range", "20 to 30, over 10 to 25 of 'x'"),
    ]
    assert told(toc_rules.overlapping(outline(OVER[:2]), 30)) == [
        (1, "a separate range", "20 to 30, over 10 to 25 of 'x'")
    ]
    assert told(toc_rules.overlapping(outline([OVER[0], changed(OVER[1], offset=25)]), 30)) == []
    assert told(toc_rules.overlapping(outline([OVER[0], changed(OVER[1], offset=24)]), 30)) == [
        (1, "a separate range", "24 to 30, over 10 to 25 of 'x'")
    ]


@pytest.mark.parametrize(
    ("entry", "counts"),
    [
        (FILE, True),
        (changed(FILE, size=1), True),
        (changed(FILE, size=0), False),
        (changed(FILE, size=-1), False),
        (changed(FILE, end_offset=0), False),
        (changed(FILE, type="dir"), False),
        (changed(FILE, type="symlink"), False),
        (changed(FILE, end_offset=-1), True),
    ],
)
def test_which_ranges_count(entry: Entry, counts: bool) -> None:
    found = told(toc_rules.overlapping(outline([entry, changed(OVER[0], name="w", offset=5), FILE]), 5))
    assert (len([index for index, _, _ in found if index == 0]) > 0) == counts


@pytest.mark.parametrize(
    ("ordered", "last_end", "trusted"), [(True, 29, True), (True, 30, True), (True, 31, False), (False, 29, False)]
)
def test_ranges_in_order_are_not_inspected_again(ordered: bool, last_end: int, trusted: bool) -> None:
    seen = msgspec.structs.replace(outline(OVER[:2]), ordered=ordered, last_end=last_end)
    assert (told(toc_rules.overlapping(seen, 30)) == []) == trusted


@pytest.mark.parametrize(
    ("text", "right"), [("", True), ("YQ==", True), ("YWI=", True), ("YQ", False), ("YQ==\n", False), ("?", False)]
)
def test_attributes_in_base64(text: str, right: bool) -> None:
    entries = [changed(FILE, xattrs={"user.a": "YQ=="}), changed(DIRECTORY, xattrs={"user.b": "YQ==", "user.c": text})]
    expected = [] if right else [(1, "base64 for xattr 'user.c'", repr(text))]
    assert told(toc_rules.wrong_xattrs(outline(entries))) == expected


YEAR_ONE = "0001-01-01T00:00:00Z"
BAD = "a time by RFC 3339"


@pytest.mark.parametrize("many", [False, True])
def test_times_are_reported_by_field(many: bool) -> None:
    right = "2024-02-29T00:00:00+01:00"
    entries = [
        changed(FILE, modtime=right),
        changed(DIRECTORY, accesstime="x"),
        changed(DIRECTORY, modtime="y", changetime=YEAR_ONE),
        changed(FILE, modtime="2024-01-01T00:00:00Z", accesstime=right),
    ]
    seen = msgspec.structs.replace(outline(entries), times_left_out=many)
    if many:
        seen = msgspec.structs.replace(seen, odd_times=frozenset({"x"}))
    assert told(toc_rules.wrong_times(seen)) == [
        (1, f"accesstime: {BAD}", "'x'"),
        (2, f"modtime: {BAD}", "'y'"),
        (2, "changetime: absent: the year 1 means no time", f"'{YEAR_ONE}'"),
    ]


@pytest.mark.parametrize(("odd", "left_out", "count"), [({"x"}, False, 1), (set(), False, 0), (set(), True, 1)])
def test_times_are_inspected_where_the_outline_states_it(odd: set[str], left_out: bool, count: int) -> None:
    seen = outline([changed(DIRECTORY, modtime="x")])
    seen = msgspec.structs.replace(seen, odd_times=frozenset(odd), times_left_out=left_out)
    assert len(told(toc_rules.wrong_times(seen))) == count


@pytest.mark.parametrize(
    ("name", "kind", "wrong"),
    [
        (".wh.a", "reg", False),
        (".wh.a", "dir", True),
        ("x/.wh.a", "char", True),
        ("x/.wh.a/", "dir", True),
        ("x.wh.a", "dir", False),
        (".wh..wh..opq", "symlink", True),
        ("x/.wh.", "fifo", True),
    ],
)
def test_whiteouts_are_regular(name: str, kind: str, wrong: bool) -> None:
    entries = [DIRECTORY, Entry(type=kind, name=name), Entry(type="reg", name="y/.wh.b")]
    expected = [(1, "type reg for a whiteout", f"type {kind}")] if wrong else []
    assert told(toc_rules.wrong_whiteouts(outline(entries))) == expected


@pytest.mark.parametrize(
    ("entry", "expected", "found"),
    [
        (Entry(type="dir", name="x/.wh.a/b"), "no directory whose name begins with .wh.", "'x/.wh.a/b'"),
        (Entry(type="reg", name="x/.wh.a", size=7), "a whiteout without content", "size 7"),
    ],
)
def test_whiteouts_are_empty_and_no_directories(entry: Entry, expected: str, found: str) -> None:
    entries = [DIRECTORY, entry, Entry(type="reg", name="y/.wh.b")]
    assert told(toc_rules.wrong_whiteouts(outline(entries))) == [(1, expected, found)]


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        (toc_rules.wrong_shapes, changed(FILE, type="x")),
        (toc_rules.wrong_xattrs, changed(FILE, xattrs={"a": "?"})),
        (toc_rules.wrong_times, changed(FILE, modtime="x")),
        (toc_rules.wrong_whiteouts, Entry(type="dir", name=".wh.a")),
        (lambda seen: toc_rules.overlapping(seen, 5), FILE),
    ],
)
def test_the_first_problems_are_reported(rule: Any, entry: Entry) -> None:
    assert len(list(rule(outline([entry] * (MAX_PROBLEMS + 5))))) == MAX_PROBLEMS


def test_names_that_collide_are_reported_once_each() -> None:
    names = ["a", "./a", "/a", "b", "b/", "c"]
    assert toc_rules.colliding_names([changed(FILE, name=name) for name in names]) == ("'./a'", "'b/'")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([CHUNK], [(0, "a regular file with content directly before its chunks", "none")]),
        (
            [DIRECTORY, changed(CHUNK, name="d")],
            [(1, "a regular file with content directly before its chunks", "none")],
        ),
        ([FILE, CHUNK], [(1, "the name of its file, 'a'", "'s'")]),
        ([SPLIT, CHUNK, changed(CHUNK, name="t")], [(2, "the name of its file, 's'", "'t'")]),
        ([DIRECTORY, SPLIT, CHUNK, CHUNK], []),
    ],
)
def test_stray_chunks_are_reported(entries: list[Entry], expected: list[tuple[int, str, str]]) -> None:
    seen = msgspec.structs.replace(outline(entries), tiled=False)
    assert told(chunk_rules.stray_chunks(seen)) == expected


def test_chunks_are_reported_word_for_word() -> None:
    entries = [DIRECTORY, SPLIT, changed(CHUNK, chunk_offset=9, chunk_type="x", mode=5, offset=30, uid=7, modtime="m")]
    seen = outline(entries)
    assert told(chunk_rules.untiled(seen)) == [
        (2, "a chunk that begins at 10 and is not empty", "chunkOffset 9, chunkSize 10")
    ]
    assert told(chunk_rules.wrong_chunk_types(seen)) == [(2, "no chunkType, or zeros", "'x'")]
    assert told(chunk_rules.disordered_chunks(seen)) == [(2, "an offset between 30 and 50", "30")]
    found = told(chunk_rules.overloaded_chunks(seen))
    assert found == [
        (2, f"no {KEYS[field]} in a chunk entry", f"'{value}'")
        for field, value in sorted(
            (("mode", 5), ("modtime", "m"), ("uid", 7)), key=lambda each: list(KEYS).index(each[0])
        )
    ]
    alone = outline([SPLIT, DIRECTORY, changed(SPLIT, name="t")])
    assert told(chunk_rules.needless_chunk_fields(alone)) == [
        (0, "no chunk fields on a file of one chunk", "some"),
        (2, "no chunk fields on a file of one chunk", "some"),
    ]


@pytest.mark.parametrize(
    "rule",
    [chunk_rules.stray_chunks, chunk_rules.untiled, chunk_rules.overloaded_chunks, chunk_rules.disordered_chunks],
)
def test_tiled_chunks_are_not_inspected_again(rule: Any) -> None:
    wrong = [DIRECTORY, SPLIT, changed(CHUNK, mode=1, offset=1, chunk_offset=1), changed(CHUNK, name="x")]
    assert told(rule(outline(wrong)))
    assert told(rule(msgspec.structs.replace(outline(wrong), tiled=True))) == []


def test_chunks_of_one_byte_tile_a_file() -> None:
    entries = [changed(SPLIT, size=2, chunk_size=1), changed(CHUNK, chunk_offset=1, chunk_size=1)]
    assert told(chunk_rules.untiled(msgspec.structs.replace(outline(entries), tiled=False))) == []


@pytest.mark.parametrize(("tiled", "indices"), [(True, [0]), (False, [0, 1])])
def test_chunk_types_of_chunks_are_inspected_where_they_may_be_wrong(tiled: bool, indices: list[int]) -> None:
    wrong = [changed(SPLIT, chunk_type="x"), changed(CHUNK, chunk_type="y")]
    seen = msgspec.structs.replace(outline(wrong), tiled=tiled)
    assert [index for index, _, _ in told(chunk_rules.wrong_chunk_types(seen))] == indices
