"""Numbers at their edges: fields of a tar header, positions, and the lists of access that a tar has in two forms."""

import json
import struct

import msgspec
import pytest

from conformance.format import names
from conformance.format.errors import FormatError
from conformance.format.positions import MAX_NUMBER, Position, TocPosition
from conformance.format.posix_acl import acl_of_text, acl_of_xattr
from conformance.format.tar import _decimal, _number, _octal, _pax_time, _size
from conformance.format.toc import Entry, decode_toc


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"0000644\0", 0o644),
        (b" 644 \0  ", 0o644),
        (b"644\0junk", 0o644),
        (b"\0\0\0\0", 0),
        (b"   ", 0),
        (b"", 0),
        (b"77777777777\0", 8**11 - 1),
        (b"\x80\0\0\0\0\0\0\0\0\0\0\1", 1),
        (b"\x80\0\0\0" + b"\x7f" + b"\xff" * 7, 2**63 - 1),
        (b"\xff" * 12, -1),
        (b"\xff" * 4 + b"\x80" + b"\0" * 7, -(2**63)),
        (b"\xff" * 8, -1),
        (b"\x80\0\0\0\0\0\1\0", 256),
    ],
)
def test_a_number_of_a_header(field: bytes, value: int) -> None:
    assert (_number(field) if field else _octal(field)) == value


@pytest.mark.parametrize(
    "field",
    [
        b"\x80\0\0\0\x80\0\0\0\0\0\0\0",
        b"\x80\0\0\1\0\0\0\0\0\0\0\0",
        b"\xff" * 4 + b"\x7f" + b"\xff" * 7,
        b"\xc0" + b"\0" * 11,
        b"0000008\0",
        b"9",
        b"0x12\0",
        b"-1\0",
        b"6 4\0",
    ],
)
def test_an_invalid_number_of_a_header(field: bytes) -> None:
    with pytest.raises(FormatError):
        _number(field)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"0", 0),
        (b"-5", -5),
        (b"+5", 5),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"00000000000000000007", 7),
    ],
)
def test_a_decimal_number_of_a_record(text: bytes, value: int) -> None:
    assert _decimal(text) == value


@pytest.mark.parametrize(
    "text",
    [b"", b"-", b"+", b"--1", b"1-", b"a", b"9223372036854775808", b"-9223372036854775809", b"0" * 21, b"1" * 20],
)
def test_an_invalid_decimal_number_of_a_record(text: bytes) -> None:
    with pytest.raises(FormatError, match="is not a decimal number of a PAX record"):
        _decimal(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        (b"1", 10**9),
        (b"1.", 10**9),
        (b"1.5", 1_500_000_000),
        (b"1.000000001", 1_000_000_001),
        (b"1.0000000019", 1_000_000_001),
        (b"-1.5", -1_500_000_000),
        (b"-0.5", -500_000_000),
        (b"0.0000000009", 0),
    ],
)
def test_a_time_of_a_record(text: bytes, nanoseconds: int) -> None:
    assert _pax_time(text) == nanoseconds


@pytest.mark.parametrize("text", [b"1.-5", b"1. 5", b"1.5.5", b".5", b"1,5", b"a.5"])
def test_an_invalid_time_of_a_record(text: bytes) -> None:
    with pytest.raises(FormatError):
        _pax_time(text)


def test_a_size_is_not_negative() -> None:
    assert [_size(0), _size(1)] == [0, 1]
    with pytest.raises(FormatError, match="the size -1 of a tar header is negative"):
        _size(-1)


@pytest.mark.parametrize("number", [0, 1, MAX_NUMBER - 1, MAX_NUMBER])
def test_numbers_that_a_position_may_have(number: int) -> None:
    for text in (f"{number}:1:2", f"1:{number}:2", f"1:2:{number}"):
        assert str(Position.parse(text)) == text
        assert str(Position.parse_as_reference(f" {text} x")) == text
        assert str(TocPosition.parse(f"{text}:1")) == f"{text}:1"


@pytest.mark.parametrize("number", [MAX_NUMBER + 1, 2**64 - 1])
def test_numbers_that_only_the_reference_takes(number: int) -> None:
    with pytest.raises(FormatError):
        Position.parse(f"{number}:1:2")
    assert Position.parse_as_reference(f"1:2:{number}") == Position(1, 2, number)


@pytest.mark.parametrize("number", [2**64, 2**64 + 1, 2**65, 10**20, 10**30])
def test_numbers_that_nothing_takes(number: int) -> None:
    for text in (f"{number}:1:2", f"1:2:{number}"):
        with pytest.raises(FormatError):
            Position.parse(text)
        with pytest.raises(FormatError, match="beyond 64 bits"):
            Position.parse_as_reference(text)


def test_the_end_of_a_position_is_behind_its_last_byte() -> None:
    assert Position(10, 5, 100).end == 15


def test_the_zeros_in_front_count_for_nothing_to_the_reference() -> None:
    assert Position.parse_as_reference("0" * 50 + "1:000:\u30002") == Position(1, 0, 2)
    assert Position.parse_as_reference("0" * 15_000 + "1:0:2") == Position(1, 0, 2)


READ, WRITE, RUN = 4, 2, 1


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        (b"user::rw-", {(1, READ | WRITE, -1)}),
        (b"user:1000:r--", {(2, READ, 1000)}),
        (b"user:who:-w-", {(2, WRITE, b"who")}),
        (b"user:1a:-w-", {(2, WRITE, b"1a")}),
        (b"user:9999999999:--x", {(2, RUN, 9_999_999_999)}),
        (b"user:99999999999:--x", {(2, RUN, b"99999999999")}),
        (b"group::---", {(4, 0, -1)}),
        (b"group:5:rwx", {(8, 7, 5)}),
        (b"mask::r-x", {(16, READ | RUN, -1)}),
        (b"other::r--", {(32, READ, -1)}),
        (b"user:who:rw-:1000", {(2, READ | WRITE, 1000)}),
        (b" user::rw- # the owner\nother::---,\n", {(1, READ | WRITE, -1), (32, 0, -1)}),
        (b"", set()),
    ],
)
def test_a_list_of_access_in_text(text: bytes, entries: set[tuple[int, int, int | bytes]]) -> None:
    assert acl_of_text(text) == frozenset(entries)


@pytest.mark.parametrize(
    "text",
    [
        b"user:rw-",
        b"user::rw-:1:2",
        b"user::rw",
        b"user::rw--",
        b"user::rwy",
        b"who::rw-",
        b"users::rw-",
        b"user",
        b":::",
    ],
)
def test_an_invalid_list_of_access_in_text(text: bytes) -> None:
    assert acl_of_text(text) is None


def acl(*entries: tuple[int, int, int], version: int = 2) -> bytes:
    return struct.pack("<I", version) + b"".join(struct.pack("<HHI", *each) for each in entries)


def test_a_list_of_access_in_an_attribute() -> None:
    assert acl_of_xattr(acl()) == frozenset()
    assert acl_of_xattr(acl((1, 6, 2**32 - 1), (2, 4, 1000))) == frozenset({(1, 6, -1), (2, 4, 1000)})
    assert acl_of_xattr(acl((2, 4, 2**32 - 2))) == frozenset({(2, 4, 2**32 - 2)})
    most = acl(*((2, 4, who) for who in range(8191)))
    assert len(acl_of_xattr(most) or ()) == 8191


@pytest.mark.parametrize(
    "value", [b"", b"\2\0\0", acl(version=1), acl(version=3), acl((1, 6, 0))[:-1], acl((1, 6, 0)) + b"x", bytes(65540)]
)
def test_an_invalid_list_of_access_in_an_attribute(value: bytes) -> None:
    assert acl_of_xattr(value) is None


def test_a_list_of_access_that_is_too_long_is_none() -> None:
    assert acl_of_xattr(acl(*((2, 4, who) for who in range(8192)))) is None


def test_the_names_are_those_of_the_format() -> None:
    """As docs/format.md and docs/requirements.md have them, and the sources of the reference."""
    prefix = "io.github.containers.zstd-chunked."
    assert prefix + "manifest-checksum" == names.MANIFEST_CHECKSUM
    assert prefix + "manifest-position" == names.MANIFEST_POSITION
    assert prefix + "tarsplit-position" == names.TARSPLIT_POSITION
    assert prefix + "tarsplit-checksum" == names.TARSPLIT_CHECKSUM
    assert prefix + "sentinel" == names.SENTINEL_ANNOTATION
    assert names.ZSTD_ANNOTATION == "io.github.containers.compression.zstd"
    assert names.ESTARGZ_TOC == "containerd.io/snapshot/stargz/toc.digest"
    assert names.LEGACY_PREFIX == "io.containers.zstd-chunked."
    assert set(names.CHUNK_KEYS) >= {names.MANIFEST_CHECKSUM, names.MANIFEST_POSITION, names.TARSPLIT_POSITION}


NUMBERS = [field.encode_name for field in msgspec.structs.fields(Entry) if field.default == 0]


@pytest.mark.parametrize("field", [*NUMBERS, "version"])
def test_the_numbers_of_a_toc_have_64_bits(field: str) -> None:
    """Go's decoder, and so clients, refuse others."""
    assert len(NUMBERS) == 10

    def document(number: int) -> bytes:
        return json.dumps(
            {"version": 1, "entries": [{field: number}]} | ({field: number} if field == "version" else {})
        ).encode()

    for number in (2**63 - 1, -(2**63)):
        toc = decode_toc(document(number))
        assert number in (toc.version, *(value for value in msgspec.structs.astuple(toc.entries[0])))
    for number in (2**63, -(2**63) - 1):
        with pytest.raises(FormatError, match="the TOC has the wrong shape"):
            decode_toc(document(number))
