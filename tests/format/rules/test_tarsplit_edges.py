"""Lines of a tar-split at their edges: which records they are, what is ambiguous, and headers without their record."""

import base64
import json
from typing import Any

import pytest

from conformance.format import tarsplit
from conformance.format.errors import FormatError
from conformance.format.tarsplit import MAX_LINE, FileRecord, Record, Recorder, Segment
from conformance.images.raw_tar import END, file

CRC = base64.b64encode(b"12345678").decode()
SEGMENT = {"type": 2, "payload": "eA==", "position": 0}


def line(**fields: Any) -> bytes:
    return json.dumps({"type": 1, "name": "a", "payload": None, "position": 0, **fields}).encode() + b"\n"


@pytest.mark.parametrize(
    ("document", "record"),
    [
        (json.dumps(SEGMENT).encode(), Segment(0, b"x")),
        (b'{"type":2,"payload":"","position":0}', Segment(0, b"")),
        (b'{"type":2,"payload":"eA==","position":0,"size":5}', Segment(0, b"x")),
        (b'{"type":2,"payload":"eA==","position":0,"size":-9223372036854775808}', Segment(0, b"x")),
        (b'{"type":2,"payload":"eA==","position":0,"size":9223372036854775807}', Segment(0, b"x")),
        (line(), FileRecord(0, b"a")),
        (b'{"type":1,"name":"a","position":0}', FileRecord(0, b"a")),
        (line(payload=CRC), FileRecord(0, b"a", 0, b"12345678")),
        (line(size=7, payload=CRC), FileRecord(0, b"a", 7, b"12345678")),
        (line(size=2**63 - 1, payload=CRC), FileRecord(0, b"a", 2**63 - 1, b"12345678")),
        (line(name='é\\"{'), FileRecord(0, 'é\\"{'.encode())),
        (b'{"type":1,"name_raw":"/w==","payload":null,"position":0}', FileRecord(0, b"\xff")),
        (line(name="�", name_raw="/w=="), FileRecord(0, b"\xff")),
        (line(name="a", name_raw="YQ=="), FileRecord(0, b"a")),
        (line(payload=""), FileRecord(0, b"a")),
        (line(unknown={"a": [1]}), FileRecord(0, b"a")),
    ],
)
def test_a_line_is_a_record(document: bytes, record: Record) -> None:
    assert list(tarsplit.parse(document)) == [record]
    assert list(tarsplit.parse([document[:5], b"", document[5:]])) == [record]


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (line(type=3), "has the type 3; only 1 (file) and 2 (segment) exist"),
        (b'{"name":"a","position":0}', "has the type 0; only 1 (file) and 2 (segment) exist"),
        (line(type=0), "has the type 0; only 1 (file) and 2 (segment) exist"),
        (line(position=7), "and 7 is found"),
        (b'{"type":1,"name":"a"}', "position 0 is due and none is found"),
        (line(position=-5), "position 0 is due and none is found"),
        (line(type=2), "is a segment without payload"),
        (line(name=""), "is a file without a name"),
        (line(name="b", name_raw="YQ=="), "is a file whose name and name_raw differ"),
        (line(size=-1, payload=CRC), "has the impossible size -1"),
        (line(name="A", name_raw="YQ=="), "is a file whose name and name_raw differ"),
        (line(size=2**63, payload=CRC), "has the impossible size 9223372036854775808"),
        (b'{"type":2,"payload":"","position":0,"size":-9223372036854775809}', "has the impossible size -"),
        (b'{"type":2,"payload":"","position":0,"size":9223372036854775808}', "has the impossible size 9"),
        (line(size=1), "is a file with content but without a CRC of eight bytes"),
        (line(size=1, payload="AAAAAAAAAA=="), "is a file with content but without a CRC of eight bytes"),
        (line(size=1, payload="AAAAAAAAAAAA"), "is a file with content but without a CRC of eight bytes"),
        (line(Name="a"), "has 'Name' (case), which JSON readers read differently"),
        (line()[:-2] + b',"name":"a"}', "has 'name' (duplicate), which JSON readers read differently"),
        (line()[:-2] + b',"payload":null}', "has 'payload' (duplicate), which JSON readers read differently"),
        (line(size=0)[:-2] + b',"size":0}', "has 'size' (duplicate), which JSON readers read differently"),
        (line(x=2**64), "has '18446744073709551616' (number), which JSON readers read differently"),
        (line(size=2**53, payload=CRC, x="q"), "has '9007199254740992' (number), which JSON readers read differently"),
        (b"{\n", "is not JSON: "),
        (b"[]\n", "has the wrong shape: "),
        (line(name=1), "has the wrong shape: "),
    ],
)
def test_a_line_that_is_refused_has_its_number(document: bytes, what: str) -> None:
    blank = b"\n \t\r\n"
    good = b'{"type":2,"payload":"","position":0}\n'
    with pytest.raises(FormatError) as caught:
        list(tarsplit.parse(blank + document))
    assert what in caught.value.what
    assert caught.value.where == "tar-split line 1"
    with pytest.raises(FormatError) as caught:
        list(tarsplit.parse(good + document))
    assert caught.value.where == "tar-split line 2"


def test_a_line_has_a_limit() -> None:
    assert MAX_LINE == 16 * 1024 * 1024
    document = line()
    size = len(document) - 1
    for step in (1, 7, 1000):
        pieces = [document[start : start + step] for start in range(0, len(document), step)]
        assert list(tarsplit.parse(pieces, max_line=size)) == [FileRecord(0, b"a")]
        assert list(tarsplit.parse([*pieces, *pieces[:-1]][: len(pieces)], max_line=size)) == [FileRecord(0, b"a")]
        with pytest.raises(FormatError, match=f"^a line of the tar-split exceeds {size - 1} bytes$"):
            list(tarsplit.parse(pieces, max_line=size - 1))
    even = document if size % 2 == 0 else b" " + document
    halves = (even[: len(even) // 2], even[len(even) // 2 :])
    assert list(tarsplit.parse(halves, max_line=len(even) - 1)) == [FileRecord(0, b"a")]
    with pytest.raises(FormatError, match="exceeds"):
        list(tarsplit.parse(halves, max_line=len(even) - 2))
    two = line() + line(position=1)
    for at in range(1, len(two)):
        assert len(list(tarsplit.parse([two[:at], two[at:]], max_line=size))) == 2
        with pytest.raises(FormatError, match="exceeds"):
            list(tarsplit.parse([two[:at], two[at:]], max_line=size - 1))
    many = b"".join(line(position=number) for number in range(9))
    assert len(list(tarsplit.parse(many, max_line=size))) == 9


def test_lines_are_recorded_as_the_reference_writes_them() -> None:
    lines: list[bytes] = []
    recorder = Recorder(lines.append)
    recorder.segment(b"")
    recorder.segment(b"x")
    recorder.file("é".encode(), 0, None)
    recorder.file(b"\xff", 7, b"12345678")
    assert lines == [
        b'{"type":2,"payload":"eA==","position":0}\n',
        '{"type":1,"name":"é","payload":null,"position":1}\n'.encode(),
        b'{"type":1,"name_raw":"/w==","size":7,"payload":"MTIzNDU2Nzg=","position":2}\n',
    ]


A, B = file(b"a", b"abc"), file(b"b")
AN, BN = FileRecord(0, b"a", 3, b"12345678"), FileRecord(0, b"b")


def seg(*parts: bytes) -> Segment:
    return Segment(0, b"".join(parts))


@pytest.mark.parametrize(
    "records",
    [
        [seg(A[:512]), AN, seg(A[515:], B), BN, seg(END)],
        [seg(A[:100]), seg(), seg(A[100:512]), AN, seg(A[515:600]), seg(A[600:], B), BN],
        [seg(A[:512]), AN, seg(A[515:], B), BN, seg(END), seg(b"x" * 600)],
        [seg(A[:512]), AN, seg(A[515:], B), BN, seg(END), seg(b"x" * (MAX_LINE + 1)), seg(b"y" * 600)],
    ],
)
def test_headers_are_read_from_segments(records: list[Record]) -> None:
    assert [(header.name, header.size) for header in tarsplit.headers(records)] == [(b"a", 3), (b"b", 0)]


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([seg(A[:512]), AN, seg(A[515:], B)], "a tar header follows the last file record: an entry without a record"),
        ([seg(B)], "a tar header follows the last file record: an entry without a record"),
        ([seg(A[:512]), AN, seg(A[515:1023]), BN], "the segment before 'b' is shorter than the padding due"),
        ([seg(A[:512]), AN, BN], "the segment before 'b' is shorter than the padding due"),
        ([seg(A[:512]), AN, seg(A[515:]), BN], "no tar header precedes the record of 'b'"),
        ([BN], "no tar header precedes the record of 'b'"),
        ([seg(END), BN], "no tar header precedes the record of 'b'"),
        ([seg(B, B), BN], "more than one tar header precedes the record of 'b'"),
        ([seg(B), AN], "the tar header states 'b' of 0 bytes, its record 'a' of 3"),
        (
            [seg(A[:512]), FileRecord(0, b"a", 4, b"12345678")],
            "the tar header states 'a' of 3 bytes, its record 'a' of 4",
        ),
        ([seg(B[:511]), BN], "the tar ends within a header"),
        (
            [seg(B), FileRecord(0, b"\xff" * 90)],
            "the tar header states 'b' of 0 bytes, its record '" + "\\\\xff" * 80 + "' of 0",
        ),
    ],
)
def test_headers_and_records_that_disagree(records: list[Record], words: str) -> None:
    with pytest.raises(FormatError) as caught:
        list(tarsplit.headers(records))
    assert caught.value.what == words


def test_bytes_before_an_entry_are_held_up_to_the_limit_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarsplit, "MAX_LINE", 1024)
    with pytest.raises(FormatError, match="more than one tar header precedes"):
        list(tarsplit.headers([seg(B), seg(B), BN]))
    assert [header.name for header in tarsplit.headers([seg(B), seg(END[:513]), BN])] == [b"b"]
    records: list[Record] = [seg(A[:512]), AN, seg(A[515:], B), BN, seg(END), seg(END), seg(B)]
    assert [header.name for header in tarsplit.headers(records)] == [b"a", b"b"]


def test_the_words_of_a_rebuilt_tar_that_is_wrong() -> None:
    for pieces, words in (
        ([b"ab", b"cd"], "the content of 'a' is longer than the 3 bytes recorded"),
        ([b"ab"], "the content of 'a' has 2 bytes; 3 are recorded"),
        ([b"abc"], "the CRC of 'a' is "),
    ):
        with pytest.raises(FormatError) as caught:
            list(tarsplit.rebuild([seg(b"x"), AN], lambda _, pieces=pieces: pieces))  # type: ignore[misc]
        assert caught.value.what.startswith(words)
    assert "; the tar-split records 3132333435363738" in caught.value.what


def test_lines_as_they_are_written_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tar-split may have a million lines: a second decoding, for repeated keys, takes longer than the first."""
    monkeypatch.setattr(tarsplit, "_refuse_ambiguity", None)
    lines: list[bytes] = []
    recorder = Recorder(lines.append)
    recorder.segment(b"x")
    recorder.file("é".encode(), 0, None)
    recorder.file(b"\xff", 7, b"12345678")
    recorder.file(b"a", 7, b"12345678")
    lines.append(b'{"type":1,"name":"a","position":4}\n')
    assert len(list(tarsplit.parse(b"".join(lines)))) == 5
