"""What the headers before an entry and its own state together."""

import pytest

from conformance.format.discrepancy import shown
from conformance.format.tar_faults import TarRule
from conformance.images.raw_tar import END, GNU, V7, extended, file, long_name, record
from tests.format.rules.watching import watched

FILE = file(b"name", b"content")
LINK = file(b"name", b"", b"2", linkname=b"to")


def rules(tar: bytes, end: bytes = END) -> list[TarRule]:
    return [fault.rule for fault in watched(tar + end).of(TarRule)]


@pytest.mark.parametrize(
    "tar",
    [
        b"",
        FILE,
        LINK,
        extended([(b"path", b"other")]) + FILE,
        extended([(b"path", b"d/")]) + file(b"d/", b"", b"5"),
        extended([(b"linkpath", b"other")]) + LINK,
        extended([(b"size", b"7")]) + FILE,
        extended([(b"size", b"0")]) + file(b"d/", b"", b"5"),
        extended([(b"uid", b"0"), (b"uname", b"root")]) + FILE,
        extended([(b"gid", b"1000"), (b"gname", b"1000")]) + FILE,
        extended([(b"mtime", b"1")]) + FILE,
        long_name(b"n" * 200 + b"\0") + file(b"n" * 100, magic=GNU),
        long_name(b"n") + file(b"n", magic=GNU),
        long_name(b"l" * 200 + b"\0", b"K") + file(b"name", b"", b"2", linkname=b"l" * 100, magic=GNU),
        long_name(b"n\0") + long_name(b"l\0", b"K") + file(b"n", b"", b"2", linkname=b"l", magic=GNU),
    ],
)
def test_entries_that_are_right(tar: bytes) -> None:
    assert rules(tar) == []


@pytest.mark.parametrize(
    ("tar", "expected"),
    [
        (file(b"name/", b""), [TarRule.SLASH]),
        (file(b"name/", b"", b"3"), [TarRule.SLASH]),
        (file(b"name/", b"", b"\0"), [TarRule.SLASH]),
        (file(b"name/", b"", b"\0", magic=V7), [TarRule.V7]),
        (file(b"d" * 99 + b"/", b"", b"\0", magic=V7), [TarRule.V7]),
        (file(b"d/", b"", b"\0", prefix=b"p"), [TarRule.SLASH] * 2),
        (extended([(b"size", b"1" * 20)]) + file(b"d/", b"", b"5"), [TarRule.NO_CONTENT, TarRule.DECIMAL]),
        (extended([(b"size", b"1" * 21)]) + file(b"d/", b"", b"5"), [TarRule.DECIMAL]),
        (extended([(b"size", b"%d" % 8**11)]) + file(b"name", b"", size=7), []),
        (extended([(b"size", b"%d" % (8**11 - 1))]) + file(b"name", b"", size=7), [TarRule.SIZES]),
        (extended([(b"uid", b"1" * 20), (b"uname", b"root")]) + FILE, [TarRule.DECIMAL, TarRule.OWNER]),
        (extended([(b"uname", b"root")]) + file(b"name", uid=b"00000001"), [TarRule.OWNER]),
        (extended([(b"gname", b"root")]) + file(b"name", gid=b"00000001"), [TarRule.OWNER]),
        (
            extended([(b"uname", b"262144"), (b"gname", b"262144")])
            + file(b"name", uid=b"1000000\0", gid=b"1000000\0"),
            [],
        ),
        (extended([(b"gid", b"1")]) + file(b"name", gname=b"root"), [TarRule.OWNER]),
        (extended([(b"uid", b"1")]) + file(b"name", uname=b"1" * 32, gname=b"x"), [TarRule.OWNER_DIGITS] * 2),
        (extended([(b"uid", b"1" * 21), (b"uname", b"root")]) + FILE, [TarRule.DECIMAL]),
        (file(b"name/", b"", b"z"), [TarRule.TYPE, TarRule.SLASH]),
        (file(b"name/", b"", b"A"), [TarRule.TYPE, TarRule.SLASH]),
        (extended([(b"path", b"a/")]) + FILE, [TarRule.SLASH]),
        (long_name(b"a/\0") + file(b"a/", b"", b"\0", magic=GNU), [TarRule.SLASH] * 2),
        (file(b"name", b"", linkname=b"to"), [TarRule.LINK_NAME]),
        (file(b"d/", b"", b"5", linkname=b"to"), [TarRule.LINK_NAME]),
        (file(b"name", b"", b"2"), [TarRule.LINK_NAME]),
        (file(b"name", b"", b"1"), [TarRule.LINK_NAME]),
        (extended([(b"linkpath", b"to")]) + FILE, [TarRule.LINK_NAME]),
        (extended([(b"linkpath", b"to")]) + file(b"name", b"", b"2"), [TarRule.BARE_LINK]),
        (long_name(b"to\0", b"K") + file(b"name", b"", b"2", magic=GNU), [TarRule.LINK_NAME]),
        (long_name(b"a\0") + extended([(b"path", b"b")]) + FILE, [TarRule.MIXED]),
        (extended([(b"path", b"b")]) + long_name(b"a\0") + FILE, [TarRule.MIXED]),
        (extended([(b"size", b"7")]) + long_name(b"a\0") + FILE, [TarRule.MIXED]),
        (extended([(b"linkpath", b"b")]) + long_name(b"to\0", b"K") + LINK, [TarRule.MIXED]),
        (extended([(b"size", b"0")]) + long_name(b"to\0", b"K") + LINK, [TarRule.MIXED]),
        (extended([(b"mtime", b"1")]) + long_name(b"a\0") + FILE, [TarRule.BOTH_FORMS]),
        (extended([(b"path", b"a")]) + long_name(b"to\0", b"K") + LINK, [TarRule.BOTH_FORMS]),
        (extended([(b"mtime", b"1")]) * 2 + FILE, [TarRule.REPEATED]),
        (long_name(b"a\0") * 2 + FILE, [TarRule.REPEATED]),
        (long_name(b"to\0", b"K") * 2 + LINK, [TarRule.REPEATED]),
        (extended([(b"size", b"6")]) + file(b"name", b"content", size=7), [TarRule.SIZES]),
        (extended([(b"size", b"8")]) + file(b"name", b"contents", size=7), [TarRule.SIZES]),
        (extended([(b"size", b"1")]) + file(b"d/", b"", b"5"), [TarRule.NO_CONTENT]),
        (extended([(b"uid", b"1"), (b"uname", b"root")]) + FILE, [TarRule.OWNER]),
        (extended([(b"gid", b"1"), (b"gname", b"root")]) + FILE, [TarRule.OWNER]),
        (extended([(b"uid", b"1")]) + file(b"name", uname=b"root"), [TarRule.OWNER]),
        (extended([(b"gname", b"root")]) + file(b"name", gid=b"0000001\0"), [TarRule.OWNER]),
        (extended([(b"uname", b"5")]) + FILE, [TarRule.OWNER_DIGITS]),
        (extended([(b"gid", b"6"), (b"gname", b"5")]) + FILE, [TarRule.OWNER_DIGITS]),
        (extended([(b"mtime", b"1")]), [TarRule.ORPHAN]),
        (long_name(b"a\0"), [TarRule.ORPHAN]),
        (long_name(b"a\0") + extended([(b"mtime", b"1")]), [TarRule.ORPHAN] * 2),
        (long_name(b"") + FILE, [TarRule.LONG_NAME, TarRule.NAME]),
        (long_name(b"a\0\0") + FILE, [TarRule.LONG_NAME]),
        (long_name(b"a\0b") + FILE, [TarRule.LONG_NAME]),
        (long_name(b"\0", b"K") + LINK, [TarRule.LONG_NAME]),
    ],
)
def test_entries_that_are_not(tar: bytes, expected: list[TarRule]) -> None:
    assert rules(tar) == expected


@pytest.mark.parametrize(("blocks", "expected"), [(0, [TarRule.END]), (1, [TarRule.END]), (2, []), (3, []), (20, [])])
def test_two_blocks_of_zeros_are_the_end(blocks: int, expected: list[TarRule]) -> None:
    assert rules(FILE, bytes(512 * blocks)) == expected
    assert [fault.found for fault in watched(FILE + bytes(512 * blocks)).of(TarRule)] == [str(blocks)] * len(expected)


@pytest.mark.parametrize("length", [10, 511, 513])
def test_what_fills_the_block_of_an_extended_header_is_reported_with_its_place(length: int) -> None:
    content = b"%d a=%s\n" % (length, b"x" * (length - len(b"%d a=\n" % length)))
    padding = bytearray(-len(content) % 512)
    padding[-1] = 1
    tar = extended(content)[: 512 + len(content)] + bytes(padding) + FILE
    (fault,) = watched(tar + END).of([TarRule.PADDING])
    assert fault.offset == 512 + len(content)
    assert "name" in fault.name


def test_what_is_found_before_an_entry_has_its_name_and_its_own_place() -> None:
    tar = FILE + extended([(b"uid", b"x"), (b"path", b"other")]) + FILE
    (fault,) = watched(tar + END).of([TarRule.DECIMAL])
    assert "other" in fault.name
    assert fault.offset == len(FILE) + 512


def test_a_place_is_counted_from_the_content_of_the_extended_header() -> None:
    first = (b"comment", b"c" * 600)
    (fault,) = watched(FILE + extended([first, (b"uid", b"x")]) + FILE + END).of([TarRule.DECIMAL])
    assert fault.offset == len(FILE) + 512 + len(record(*first))


def test_an_extended_header_is_of_one_entry_alone() -> None:
    faults = watched(extended([(b"uid", b"x"), (b"linkpath", b"to")]) + LINK + LINK + FILE + END)
    assert [fault.rule for fault in faults.of(TarRule)] == [TarRule.DECIMAL]
    assert faults.count(TarRule.DECIMAL) == 1


def test_a_global_header_ends_what_stands_before_it() -> None:
    tar = extended([(b"mtime", b"1")]) + extended([(b"comment", b"c")], b"g") + FILE
    assert [rule for rule in rules(tar) if rule is TarRule.ORPHAN] == [TarRule.ORPHAN]
    assert TarRule.TYPE in rules(tar)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (file(b"n" * 100, uid=b"x"), b"n" * 100),
        (file(b"n" * 60, uid=b"x", prefix=b"p" * 40), b"p" * 40 + b"/" + b"n" * 60),
        (file(b"n", uid=b"x", prefix=b"p" * 155), b"p" * 155 + b"/n"),
        (file(b"n", uid=b"x", prefix=b"p", magic=GNU), b"n"),
        (extended([(b"path", b"other")]) + file(b"n", uid=b"x"), b"other"),
        (long_name(b"other\0") + file(b"n", uid=b"x"), b"other"),
    ],
)
def test_a_violation_has_the_name_of_its_entry(made: bytes, name: bytes) -> None:
    found = [fault.name for fault in watched(FILE + made + END).of([TarRule.NUMBER])]
    assert found == [shown(name)]
