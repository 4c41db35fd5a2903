"""One tar header beside one entry: each attribute that differs is named, and on values, not on their texts."""

import base64

import msgspec
import pytest

from conformance.format.discrepancy import Discrepancies, Kind, both_shown
from conformance.format.entries import entry_of
from conformance.format.entry_comparison import EntryComparison
from conformance.format.tar import TarHeader
from conformance.format.toc import Entry

SECOND = 10**9
HEADER = TarHeader("0", b"f", mode=0o644, size=3, uid=1, gid=2, mtime=5 * SECOND, xattrs={b"user.a": b"\0\1\2"})
ENTRY = entry_of(HEADER)
DEVICE = TarHeader("3", b"d", mode=0o600, mtime=SECOND, dev_major=1, dev_minor=3)
LINK = TarHeader("2", b"l", link_name=b"to/a", mtime=SECOND)


def differences(header: TarHeader, entry: Entry) -> list[tuple[Kind, str]]:
    found = Discrepancies()
    EntryComparison(found).compare(header, entry, 0)
    return [(each.kind, each.what) for each in found.of(*Kind)]


def changed(value: Entry, **fields: object) -> Entry:
    return msgspec.structs.replace(value, **fields)


@pytest.mark.parametrize("header", [HEADER, DEVICE, LINK], ids=lambda header: header.name.decode())
def test_an_entry_made_of_a_header_does_not_differ(header: TarHeader) -> None:
    assert differences(header, entry_of(header)) == []


@pytest.mark.parametrize(
    ("header", "fields", "what"),
    [
        (HEADER, {"type": "hardlink"}, "type"),
        (HEADER, {"mode": 0o645}, "mode"),
        (HEADER, {"size": 4}, "size"),
        (HEADER, {"size": 2}, "size"),
        (HEADER, {"mode": 0o643}, "mode"),
        (HEADER, {"uid": 2}, "uid"),
        (HEADER, {"uid": 0}, "uid"),
        (HEADER, {"gid": 3}, "gid"),
        (DEVICE, {"dev_major": 0}, "devMajor"),
        (DEVICE, {"dev_minor": 4}, "devMinor"),
        (LINK, {"link_name": "to/"}, "linkName"),
        (HEADER, {"modtime": "1970-01-01T00:00:04Z"}, "modtime"),
        (HEADER, {"gid": 1}, "gid"),
        (LINK, {"mode": 1}, "mode"),
        (DEVICE, {"dev_major": 2}, "devMajor"),
        (DEVICE, {"dev_minor": 1}, "devMinor"),
        (LINK, {"link_name": "to/b"}, "linkName"),
        (HEADER, {"modtime": ""}, "modtime"),
        (HEADER, {"modtime": "1970-01-01T00:00:06Z"}, "modtime"),
        (HEADER, {"modtime": "no time"}, "modtime"),
        (HEADER, {"accesstime": "1970-01-01T00:00:05Z"}, "accesstime"),
        (HEADER, {"changetime": "1970-01-01T00:00:05Z"}, "changetime"),
    ],
)
def test_each_attribute_that_differs_is_named(header: TarHeader, fields: dict[str, object], what: str) -> None:
    assert differences(header, changed(entry_of(header), **fields)) == [(Kind.ATTRIBUTE, what)]


@pytest.mark.parametrize(("field", "what"), [("atime", "accesstime"), ("ctime", "changetime")])
def test_a_time_in_the_tar_only_is_named(field: str, what: str) -> None:
    header = msgspec.structs.replace(HEADER, **{field: 7 * SECOND})
    assert differences(header, ENTRY) == [(Kind.ATTRIBUTE, what)]
    assert differences(header, entry_of(header)) == []


@pytest.mark.parametrize("nanoseconds", [None, 0])
def test_no_time_and_1970_are_one_value(nanoseconds: int | None) -> None:
    header = msgspec.structs.replace(HEADER, mtime=nanoseconds, atime=0)
    assert differences(header, changed(ENTRY, modtime="")) == []


def test_a_sparse_file_has_no_entry_that_states_this() -> None:
    header = msgspec.structs.replace(HEADER, is_sparse=True)
    assert differences(header, ENTRY) == [(Kind.ATTRIBUTE, "form")]


@pytest.mark.parametrize(
    ("xattrs", "kind", "what"),
    [
        (None, Kind.ATTRIBUTE, "xattr 'user.a'"),
        ({"user.a": "AAEC", "user.b": ""}, Kind.ATTRIBUTE, "xattr 'user.b'"),
        ({"user.a": "AAED"}, Kind.XATTR, "xattr 'user.a'"),
        ({"user.a": "AAE="}, Kind.XATTR, "xattr 'user.a'"),
        ({"user.a": "AAEC\n"}, Kind.XATTR, "xattr 'user.a'"),
    ],
)
def test_extended_attributes_are_compared_by_key_and_value(
    xattrs: dict[str, str] | None, kind: Kind, what: str
) -> None:
    assert differences(HEADER, changed(ENTRY, xattrs=xattrs)) == [(kind, what)]


LONG = b"x" * 200


@pytest.mark.parametrize(
    ("tar", "toc"),
    [(LONG + b"a", "x" * 200 + "b"), (b"a\xff", "a\\xff"), (LONG, "x" * 201), (b"a\\n", "a\n")],
    ids=["after the cut", "an escape", "longer", "a line end"],
)
def test_targets_that_look_alike_differ(tar: bytes, toc: str) -> None:
    header = msgspec.structs.replace(LINK, link_name=tar)
    assert differences(header, changed(entry_of(LINK), link_name=toc)) == [(Kind.ATTRIBUTE, "linkName")]


def test_keys_and_values_of_attributes_that_look_alike_differ() -> None:
    key = msgspec.structs.replace(HEADER, xattrs={b"user.\xff": b"v"})
    assert len(differences(key, changed(ENTRY, xattrs={"user.\\xff": "dg=="}))) == 2
    value = msgspec.structs.replace(HEADER, xattrs={b"user.a": LONG + b"a"})
    other = base64.b64encode(LONG + b"b").decode()
    assert differences(value, changed(ENTRY, xattrs={"user.a": other})) == [(Kind.XATTR, "xattr 'user.a'")]


@pytest.mark.parametrize(
    ("first", "second"), [(LONG + b"a", LONG + b"b"), (b"\xff", b"\\xff"), (LONG, LONG + b"c"), (b"a", b"b")]
)
def test_two_values_are_never_shown_as_one(first: bytes, second: bytes) -> None:
    shown = both_shown(first, second)
    assert shown[0] != shown[1]


OTHERS = {
    "type": "hardlink",
    "mode": 0o1,
    "size": 10,
    "uid": 11,
    "gid": 12,
    "dev_major": 13,
    "dev_minor": 14,
    "link_name": "x",
    "modtime": "1971-01-01T00:00:00Z" + "x" * 80,
    "accesstime": "1970-01-01T00:00:01Z",
    "changetime": "1970-01-01T00:00:02Z",
    "xattrs": {"user.a": "AAED", "user.c": ""},
}


def test_all_that_differs_is_reported_in_words_and_in_order() -> None:
    found = Discrepancies()
    header = msgspec.structs.replace(
        HEADER,
        typeflag="9",
        mode=0o4755,
        link_name=b"y",
        mtime=2 * 10**21,
        atime=3 * SECOND,
        dev_major=1,
        dev_minor=2,
        is_sparse=True,
        xattrs={b"user.a": b"\0\1\2", b"user.b": b"1"},
    )
    EntryComparison(found).compare(header, changed(ENTRY, **OTHERS), 512)
    assert {(each.name, each.offset) for each in found.of(*Kind)} == {("'f'", 512)}
    assert [(each.what, each.expected, each.found) for each in found.of(Kind.ATTRIBUTE, Kind.XATTR)][:10] == [
        ("type", "tar type '9' (tar header)", "'hardlink' (TOC)"),
        ("mode", "4755 (tar header)", "0001 (TOC)"),
        ("size", "3 (tar header)", "10 (TOC)"),
        ("uid", "1 (tar header)", "11 (TOC)"),
        ("gid", "2 (tar header)", "12 (TOC)"),
        ("devMajor", "1 (tar header)", "13 (TOC)"),
        ("devMinor", "2 (tar header)", "14 (TOC)"),
        ("linkName", "'y' (tar header)", "'x' (TOC)"),
        (
            "modtime",
            "2000000000000000000000 ns since 1970 (tar header)",
            "1971-01-01T00:00:00Z" + "x" * 60 + " (TOC)",
        ),
        ("accesstime", "1970-01-01T00:00:03Z (tar header)", "1970-01-01T00:00:01Z (TOC)"),
    ]
    assert found.count(Kind.ATTRIBUTE) == 14


def test_what_one_side_lacks_is_reported_as_absent() -> None:
    found = Discrepancies()
    header = msgspec.structs.replace(HEADER, mtime=None, atime=1, ctime=2, is_sparse=True, xattrs={b"b": b"1"})
    entry = changed(ENTRY, modtime="1970-01-01T00:00:05Z", xattrs={"a": "", "c": ""})
    EntryComparison(found).compare(header, entry, 0)
    assert [(each.what, each.expected, each.found) for each in found.of(Kind.ATTRIBUTE)] == [
        ("modtime", "absent (tar header)", "1970-01-01T00:00:05Z (TOC)"),
        ("accesstime", "1970-01-01T00:00:00.000000001Z (tar header)", "absent (TOC)"),
        ("changetime", "1970-01-01T00:00:00.000000002Z (tar header)", "absent (TOC)"),
        ("form", "a sparse file (tar header)", "a TOC cannot represent one (TOC)"),
        ("xattr 'a'", "absent (tar header)", "in the TOC only (TOC)"),
        ("xattr 'b'", "present (tar header)", "not in the TOC (TOC)"),
        ("xattr 'c'", "absent (tar header)", "in the TOC only (TOC)"),
    ]
    assert [each.what for each in found.of(Kind.XATTR)] == []


def test_the_year_one_is_no_time() -> None:
    year_one = msgspec.structs.replace(HEADER, mtime=-62_135_596_800 * SECOND)
    assert differences(year_one, changed(ENTRY, modtime="")) == []
    assert differences(year_one, changed(ENTRY, modtime="0001-01-01T00:00:00Z")) == []
    assert differences(year_one, changed(ENTRY, modtime="0001-01-01T00:00:01Z")) == [(Kind.ATTRIBUTE, "modtime")]
    found = Discrepancies()
    EntryComparison(found).compare(year_one, ENTRY, 0)
    assert [each.expected for each in found.of(*Kind)] == ["absent (tar header)"]


def test_a_time_is_read_alike_each_time() -> None:
    found = Discrepancies()
    comparison = EntryComparison(found)
    for text in (
        "1970-01-01T00:00:05Z",
        "no time",
        "1970-01-01T00:00:05Z",
        "no time",
        "1970-01-01T00:00:05Z" + "0" * 99,
    ):
        comparison.compare(HEADER, changed(ENTRY, modtime=text), 0)
    assert found.count(Kind.ATTRIBUTE) == 3


@pytest.mark.parametrize("field", ["modtime", "accesstime", "changetime"])
def test_a_long_text_for_a_time_is_cut(field: str) -> None:
    found = Discrepancies()
    EntryComparison(found).compare(HEADER, changed(ENTRY, **{field: "x" * 100}), 0)
    assert [each.found for each in found.of(*Kind)] == ["x" * 80 + " (TOC)"]
