"""The records of a tar-split beside the tar, one step at a time (docs/format.md section 12)."""

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.format.discrepancy import Discrepancies, Kind
from conformance.format.errors import FormatError
from conformance.format.split_cursor import MAX_SURPLUS, SplitCursor
from conformance.format.tar import TarHeader
from conformance.format.tarsplit import FileRecord, Record, Segment

CRC, OTHER = b"12345678", b"abcdefgh"
A = TarHeader("0", b"a", size=3)
EMPTY = TarHeader("0", b"e")


def seg(payload: bytes) -> Segment:
    return Segment(0, payload)


def rec(name: bytes, size: int, crc: bytes | None) -> FileRecord:
    return FileRecord(0, name, size, crc)


def cursor(*records: Record | FormatError) -> tuple[SplitCursor, Discrepancies]:
    def given() -> Iterator[Record]:
        for each in records:
            if isinstance(each, FormatError):
                raise each
            yield each

    found = Discrepancies()
    return SplitCursor(given(), found), found


def told(found: Discrepancies) -> list[tuple[Any, ...]]:
    return [(each.kind, each.name, each.expected, each.found, each.offset) for each in found.of(*Kind)]


def test_records_that_agree() -> None:
    first = (seg(b"he"), seg(b""), seg(b"ad"), rec(b"a", 3, CRC))
    second = (seg(b"x"), rec(b"e", 0, None))
    steps, found = cursor(*first, *second, seg(b"end"), seg(b""), seg(b"!"), seg(b""))
    steps.member(b"head", A, CRC, 7)
    steps.member(b"x", EMPTY, b"", 8)
    steps.trailing(b"en")
    steps.trailing(b"d!")
    steps.end()
    assert told(found) == []
    assert (steps.compared, steps.problem, steps.names.duplicates) == (2, None, [])


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((), (Kind.SPLIT_RECORDS, "'a'", "a file record", "no further record", 0)),
        ((seg(b"head"),), (Kind.SPLIT_RECORDS, "'a'", "a file record", "no further record", 0)),
        (
            (seg(b"heaX"), rec(b"a", 3, CRC)),
            (Kind.SPLIT_BYTES, "'a'", "64 (4 bytes)", "58 (4 bytes)", 3),
        ),
        (
            (seg(b"hea"), rec(b"a", 3, CRC)),
            (Kind.SPLIT_BYTES, "'a'", "64 (4 bytes)", "nothing (3 bytes)", 3),
        ),
        (
            (seg(b"heads"), rec(b"a", 3, CRC)),
            (Kind.SPLIT_BYTES, "'a'", "nothing (4 bytes)", "73 (5 bytes)", 4),
        ),
        (
            (seg(b"head"), rec(b"b", 3, CRC)),
            (Kind.SPLIT_RECORDS, "'b'", "'a', 3 bytes", "'b', 3 bytes", 0),
        ),
        (
            (seg(b"head"), rec(b"a", 4, CRC)),
            (Kind.SPLIT_RECORDS, "'a'", "'a', 3 bytes", "'a', 4 bytes", 0),
        ),
        (
            (seg(b"head"), rec(b"a", 3, OTHER)),
            (Kind.SPLIT_CRC, "'a'", CRC.hex(), OTHER.hex(), 4),
        ),
        ((seg(b"head"), rec(b"a", 3, None)), (Kind.SPLIT_CRC, "'a'", CRC.hex(), "none", 4)),
        (
            (seg(bytes(4 + MAX_SURPLUS + 1)),),
            (Kind.SPLIT_RECORDS, "'a'", "segments of 4 bytes", f"more than {4 + MAX_SURPLUS + 1} bytes", 0),
        ),
    ],
)
def test_a_record_that_differs_is_named(records: tuple[Record, ...], expected: tuple[Any, ...]) -> None:
    steps, found = cursor(*records)
    steps.member(b"head", A, CRC, 7)
    assert told(found) == [expected]


def test_surplus_at_the_limit_is_compared() -> None:
    steps, found = cursor(seg(b"head" + bytes(MAX_SURPLUS)), rec(b"a", 3, CRC))
    steps.member(b"head", A, CRC, 7)
    assert [each[0] for each in told(found)] == [Kind.SPLIT_BYTES]
    assert steps.compared == 1


def test_after_an_end_nothing_more_is_reported() -> None:
    steps, found = cursor(rec(b"b", 3, CRC), seg(b"x"))
    steps.member(b"", A, CRC, 3)
    steps.member(b"", A, CRC, 6)
    steps.trailing(b"yy")
    steps.end()
    assert len(told(found)) == 1
    assert steps.compared == 0


def test_a_record_that_cannot_be_read_ends_the_comparison() -> None:
    broken = FormatError("no JSON")
    steps, found = cursor(seg(b"head"), broken)
    steps.member(b"head", A, CRC, 7)
    steps.member(b"head", A, CRC, 14)
    steps.trailing(b"x")
    steps.end()
    assert steps.problem is broken
    assert told(found) == []
    steps, found = cursor(broken)
    steps.trailing(b"x")
    assert (steps.problem, told(found)) == (broken, [])


BEYOND = "records beyond the end of the tar"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((), (Kind.SPLIT_RECORDS, "", "4 more bytes", "no further record", 7)),
        ((seg(b"ta"),), (Kind.SPLIT_RECORDS, "", "2 more bytes", "no further record", 9)),
        ((rec(b"z", 0, None),), (Kind.SPLIT_RECORDS, "'z'", "the end of the archive", "a record of 'z'", 7)),
        ((seg(b"tXil"),), (Kind.SPLIT_BYTES, "", "61 69 6c (4 bytes)", "58 69 6c (4 bytes)", 8)),
        ((seg(b"tail"), seg(b"s")), (Kind.SPLIT_RECORDS, "", "no further record", BEYOND, 11)),
        ((seg(b"tails"),), (Kind.SPLIT_RECORDS, "", "no further record", BEYOND, 11)),
        (
            (seg(b"tail"), rec(b"z", 0, None)),
            (Kind.SPLIT_RECORDS, "'z'", "no further record", BEYOND, 11),
        ),
    ],
)
def test_bytes_behind_the_last_entry(records: tuple[Record, ...], expected: tuple[Any, ...]) -> None:
    steps, found = cursor(seg(b"head"), rec(b"a", 3, CRC), *records)
    steps.member(b"head", A, CRC, 7)
    steps.trailing(b"tail")
    steps.end()
    assert told(found) == [expected]


def test_16_bytes_from_the_first_difference_on_are_shown() -> None:
    raw, recorded = bytes(range(100, 140)), bytes(range(100, 120)) + bytes(range(20))
    steps, found = cursor(seg(recorded), rec(b"a", 3, CRC))
    steps.member(raw, A, CRC, 1043)
    expected, shown = bytes(range(120, 136)).hex(" "), bytes(range(16)).hex(" ")
    due = (Kind.SPLIT_BYTES, "'a'", f"{expected} (40 bytes)", f"{shown} (40 bytes)", 1020)
    assert told(found) == [due]


def test_the_surplus_is_counted_from_the_headers_however_long_they_are() -> None:
    raw = bytes(MAX_SURPLUS + 5)
    steps, found = cursor(seg(raw + bytes(MAX_SURPLUS)), rec(b"a", 3, CRC))
    steps.member(raw, A, CRC, len(raw) + 3)
    assert [each.kind for each in found.of(*Kind)] == [Kind.SPLIT_BYTES]
