"""Small parts of the format by tables: times, media types, marks of overlayfs, names, members of JSON texts."""

import re

import pytest

from conformance.format.clean_names import CleanNames
from conformance.format.discrepancy import MAX_KEPT
from conformance.format.errors import FormatError
from conformance.format.media_types import (
    CONFIG_TYPES,
    ENTRY_TYPES,
    FOREIGN_TYPES,
    INDEX_TYPES,
    LAYER_TYPES,
    lenient_type,
)
from conformance.format.names import INDEX_TYPE, LAYER_GZIP_TYPE, LAYER_ZSTD_TYPE, MANIFEST_TYPE, SENTINEL_TYPE
from conformance.format.overlay import overlay_marks, overlay_marks_of_entry
from conformance.format.splice import elements, find, members, replaced, with_first, with_member, without_first
from conformance.format.tar import TarHeader
from conformance.format.times import NANOSECONDS, YEAR_ONE, format_time, parse_time
from conformance.format.toc import Entry

LAST = 253_402_300_799


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01Z", NANOSECONDS),
        ("1969-12-31T23:59:59Z", -NANOSECONDS),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1969-12-31T23:59:57.5Z", -2_500_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00-01:30", 5400 * NANOSECONDS),
        ("1970-01-02T00:59:00+23:59", 3600 * NANOSECONDS),
        ("2024-02-29T12:34:56Z", 1_709_210_096 * NANOSECONDS),
        ("9999-12-31T23:59:59Z", LAST * NANOSECONDS),
        ("0001-01-01T00:00:00Z", YEAR_ONE),
    ],
)
def test_a_time_is_read(text: str, nanoseconds: int) -> None:
    assert parse_time(text) == nanoseconds
    if text.endswith("Z") and nanoseconds != YEAR_ONE:
        assert format_time(nanoseconds) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not an RFC 3339 time"),
        ("1970-01-01T00:00:00", "is not an RFC 3339 time"),
        ("1970-01-01 00:00:00Z", "is not an RFC 3339 time"),
        ("1970-01-01T00:00:00.Z", "is not an RFC 3339 time"),
        ("1970-01-01T00:00:00.0000000001Z", "is not an RFC 3339 time"),
        ("1970-01-01T00:00:00z", "is not an RFC 3339 time"),
        ("1970-01-01T00:00:00Z\n", "is not an RFC 3339 time"),
        ("2023-02-29T00:00:00Z", "is not an RFC 3339 time: day is out of range"),
        ("1970-13-01T00:00:00Z", "is not an RFC 3339 time: month must be"),
        ("1970-01-01T00:00:00+24:00", "has an impossible zone"),
        ("1970-01-01T00:00:00-00:60", "has an impossible zone"),
        ("x" * 200, f"'{'x' * 80}' is not"),
    ],
)
def test_an_invalid_time_is_refused(text: str, words: str) -> None:
    with pytest.raises(FormatError, match=re.escape(words)):
        parse_time(text)


def test_times_are_written_within_the_years_1_to_9999() -> None:
    assert format_time(YEAR_ONE) == ""
    assert format_time(YEAR_ONE + 1) == "0001-01-01T00:00:00.000000001Z"
    assert format_time((LAST + 1) * NANOSECONDS - 1) == "9999-12-31T23:59:59.999999999Z"
    assert format_time(1_500_000_000) == "1970-01-01T00:00:01.5Z"
    for nanoseconds in (YEAR_ONE - 1, (LAST + 1) * NANOSECONDS):
        with pytest.raises(FormatError, match="is outside the years 1 to 9999"):
            format_time(nanoseconds)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (LAYER_ZSTD_TYPE, None),
        (LAYER_ZSTD_TYPE.upper(), LAYER_ZSTD_TYPE),
        (f"{LAYER_GZIP_TYPE}; charset=x", LAYER_GZIP_TYPE),
        (f" {MANIFEST_TYPE}\t", MANIFEST_TYPE),
        (f"{INDEX_TYPE}\0", INDEX_TYPE),
        (SENTINEL_TYPE.replace("chunked", "CHUNKED"), SENTINEL_TYPE),
        ("text/plain", None),
        ("", None),
    ],
)
def test_a_media_type_that_lenient_clients_read_as_another(text: str, meant: str | None) -> None:
    assert lenient_type(text) == meant


def test_known_types_can_be_given() -> None:
    assert lenient_type("A/B", ("a/b",)) == "a/b"
    assert lenient_type("A/B", ("A/B",)) is None
    assert lenient_type(LAYER_ZSTD_TYPE.upper(), ("a/b",)) is None


def test_the_sets_of_media_types() -> None:
    layer, docker = "application/vnd.oci.image.layer.", "application/vnd.docker."
    assert {
        *(f"{layer}nondistributable.v1.tar{end}" for end in ("", "+gzip", "+zstd")),
        *(f"{docker}image.rootfs.foreign.diff.tar{end}" for end in ("", ".gzip")),
    } == FOREIGN_TYPES
    own = {f"{layer}v1.tar{end}" for end in ("", "+gzip", "+zstd")}
    own |= {f"{docker}image.rootfs.diff.tar{end}" for end in ("", ".gzip", ".zstd")}
    assert {*own, *FOREIGN_TYPES, "application/vnd.containers.zstd-chunked-sentinel"} == LAYER_TYPES
    configs = {"application/vnd.oci.image.config.v1+json", f"{docker}container.image.v1+json"}
    assert configs == CONFIG_TYPES
    indexes = {"application/vnd.oci.image.index.v1+json", f"{docker}distribution.manifest.list.v2+json"}
    assert indexes == INDEX_TYPES
    manifests = {"application/vnd.oci.image.manifest.v1+json", f"{docker}distribution.manifest.v2+json"}
    assert {*indexes, *manifests} == ENTRY_TYPES


def header(typeflag: str, major: int = 0, minor: int = 0, **xattrs: bytes) -> TarHeader:
    named = {key.replace("__", ".").encode(): value for key, value in xattrs.items()}
    return TarHeader(typeflag, b"a", dev_major=major, dev_minor=minor, xattrs=named)


@pytest.mark.parametrize(
    ("seen", "marks"),
    [
        (header("3"), 1),
        (header("3", 1), 0),
        (header("3", 0, 1), 0),
        (header("4"), 0),
        (header("0"), 0),
        (header("0", trusted__overlay__opaque=b"y"), 1),
        (header("5", user__overlay__x=b"", trusted__overlay__y=b""), 2),
        (header("5", user__overlay=b"", security__overlay__y=b""), 0),
        (header("3", trusted__overlay__opaque=b"y"), 2),
    ],
)
def test_marks_of_overlayfs_in_a_header(seen: TarHeader, marks: int) -> None:
    assert len(list(overlay_marks(seen))) == marks


@pytest.mark.parametrize(
    ("entry", "marks"),
    [
        (Entry("char", "a"), ["a character device 0:0"]),
        (Entry("char", "a", dev_major=1), []),
        (Entry("char", "a", dev_minor=1), []),
        (Entry("block", "a"), []),
        (Entry("dir", "a", xattrs={"user.overlay.opaque": "eQ=="}), ["xattr 'user.overlay.opaque'"]),
        (Entry("dir", "a", xattrs={"user.overlays": "eQ=="}), []),
    ],
)
def test_marks_of_overlayfs_in_an_entry(entry: Entry, marks: list[str]) -> None:
    assert list(overlay_marks_of_entry(entry)) == marks


def test_names_that_are_one_after_cleaning() -> None:
    names = CleanNames()
    for name in (b"a", b"b/", b"c/d", b"", b"e", b"/a"):
        names.add(name)
    assert names.duplicates == []
    for name in (b"./a", b"a/", b"b//", b"c//d", b"c/./d", b"c/x/../d", b"e/."):
        names.add(name)
    assert len(names.duplicates) == 7
    assert names.duplicates[0] == "'./a'"
    for _ in range(MAX_KEPT):
        names.add(b"a")
    assert len(names.duplicates) == MAX_KEPT


TEXT = ' { "a" : [ 1 , {"b":2} ,"c" ] , "d":{}, "e" : [] } '


def test_members_and_elements_of_a_text() -> None:
    found = {key: TEXT[span.start : span.end] for key, span in members(TEXT)}
    assert found == {"a": '[ 1 , {"b":2} ,"c" ]', "d": "{}", "e": "[]"}
    array = find(TEXT, ["a"])
    assert array is not None
    assert [TEXT[span.start : span.end] for span in elements(TEXT, array.start)] == ["1", '{"b":2}', '"c"']
    assert list(members("{}")) == []
    assert elements(" [ ] ") == ()


@pytest.mark.parametrize(
    ("path", "value"), [((), None), (("d",), "{}"), (("x",), None), (("a", "b"), None), (("d", "x"), None)]
)
def test_a_path_leads_to_a_value(path: tuple[str, ...], value: str | None) -> None:
    span = find(TEXT, path)
    if path:
        assert (span and TEXT[span.start : span.end]) == value
    else:
        assert span is not None
        assert span.start == 1


def test_values_are_replaced_and_members_added() -> None:
    span = find(TEXT, ["d"])
    assert span is not None
    assert replaced(TEXT, span, "1") == TEXT.replace("{}", "1")
    assert with_member("{}", "k", "1") == '{"k":1}'
    assert with_member(" { }", "k", "1") == ' {"k":1 }'
    assert with_member('{"a":1 }', "k", "2") == '{"a":1,"k":2 }'
    assert with_member('{"a":1,"k":3,"z":4}', "k", "2") == '{"a":1,"k":2,"z":4}'


@pytest.mark.parametrize("text", ["[]", "[ ]", "[1]", "[ 1 ]", '[ "a,b" , 2 ]', "[[1,2],3]"])
def test_a_first_element_is_put_in_and_taken_out(text: str) -> None:
    whole = find(text, [])
    assert whole is not None
    added = with_first(text, whole, '{"x":[1,2]}')
    assert added.startswith('[{"x":[1,2]}')
    again = find(added, [])
    assert again is not None
    assert without_first(added, again) == text
