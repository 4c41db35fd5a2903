"""How segments may be cut, record by record (TARSPLIT-011)."""

from collections.abc import Sequence

import pytest

from conformance.format.segment_rules import SegmentRules
from conformance.format.tarsplit import FileRecord, Record, Segment

HEADER = b"h" * 512
END = bytes(1024)


def problem(*records: bytes | int) -> str:
    """Bytes are segments, numbers the sizes of files."""
    rules = SegmentRules()
    for record in _records(records):
        rules.add(record)
    return rules.finish()


def _records(given: Sequence[bytes | int]) -> list[Record]:
    return [
        Segment(place, one) if isinstance(one, bytes) else FileRecord(place, b"f%d" % place, one)
        for place, one in enumerate(given)
    ]


@pytest.mark.parametrize(
    "records",
    [
        (),
        (END,),
        (bytes(512),),
        (END, bytes(9216)),
        (b"", END),
        (HEADER, 0, END),
        (HEADER, 512, END),
        (HEADER, 5, bytes(507) + HEADER, 0, END),
        (HEADER, 5, bytes(507), HEADER, 0, END),
        (HEADER, 5, bytes(507)),
        (HEADER, 5, bytes(507) + END),
        (HEADER, 511, bytes(1) + END),
        (HEADER, b"", 0, END),
        (b"", HEADER, 512, END),
        (HEADER * 3, 0, END + b"junk"),
        (HEADER, 0, bytes(512), bytes(512)),
    ],
)
def test_clients_read_it(records: tuple[bytes | int, ...]) -> None:
    assert problem(*records) == ""


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ((HEADER, HEADER, 0, END), "2 segments with headers precede the file record 2"),
        ((HEADER[:100], HEADER[100:], 0, END), "2 segments"),
        ((0, END), "0 segments"),
        ((HEADER, 0, 0, END), "0 segments with headers precede the file record 2"),
        ((HEADER, 5, bytes(507), 0), "0 segments"),
        ((HEADER, 5, bytes(506), END), "segment 2 has 506 bytes; 507 bytes of padding"),
        ((HEADER, 511, b"", END), "segment 2 has 0 bytes; 1 bytes"),
        ((HEADER, b"", 5, bytes(507) + END), "a segment is between the headers and the file record 2"),
        ((HEADER, 0, END, b"junk".ljust(512, b"x")), "segment 3, after the last file"),
        ((HEADER, 0, b"junk", END), "segment 2, after the last file"),
        ((HEADER, 0, bytes(511)), "segment 2, after the last file"),
        ((HEADER, 0, bytes(513)), "segment 2, after the last file"),
        ((HEADER, 0, bytes(1023)), "segment 2, after the last file"),
        ((HEADER, 0, bytes(1023) + b"1"), "segment 2, after the last file"),
        ((HEADER, 0, END, bytes(100)), "segment 3, after the last file"),
        ((HEADER, 0, b"1" * 512, b"2" * 512), "segment 2, after the last file"),
    ],
)
def test_clients_refuse_it(records: tuple[bytes | int, ...], what: str) -> None:
    assert what in problem(*records)


def test_the_first_problem_is_reported() -> None:
    assert "file record 0" in problem(0, HEADER, HEADER, 5, b"")
