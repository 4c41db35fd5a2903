"""The tar-split: records, rebuilding, headers (docs/format.md section 12)."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.format import tarsplit
from conformance.format.decompress import decompress
from conformance.format.digest import Digest
from conformance.format.entries import clean_name, entry_of
from conformance.format.errors import FormatError
from conformance.format.tarsplit import FileRecord, Record, Segment
from conformance.format.toc import Entry
from conformance.format.writer import layer_from_tar
from conformance.images.trees import Node, tar_of
from tests.format.layer import golden

NO_PLACE = {"digest": "", "offset": 0, "end_offset": 0} | dict.fromkeys(("chunk_size", "chunk_offset"), 0)
NO_CHUNK = {"chunk_digest": "", "chunk_type": ""}


def contents_of(layer: golden.GoldenLayer) -> tarsplit.Contents:
    files = {entry.name.encode(): entry for entry in layer.toc.entries if entry.type == "reg"}

    def contents(record: FileRecord) -> Iterable[bytes]:
        entry = files[record.name]
        return [decompress(layer.blob[entry.offset : entry.end_offset], limit=entry.size)]

    return contents


@pytest.mark.parametrize("index", [0, 1])
def test_golden_tar_splits_rebuild_the_tar(index: int) -> None:
    layer = golden.layers(golden.CURRENT)[index]
    records = list(tarsplit.parse(layer.tar_split))
    rebuilt = b"".join(tarsplit.rebuild(records, contents_of(layer)))
    assert Digest.of(rebuilt) == Digest.of(layer.tar)
    assert tarsplit.build(records) == layer.tar_split, "the recorder writes what the reference writes"


@pytest.mark.parametrize("index", [0, 1])
def test_golden_headers_say_what_the_toc_says(index: int) -> None:
    layer = golden.layers(golden.CURRENT)[index]
    entries = [entry_of(header) for header in tarsplit.headers(tarsplit.parse(layer.tar_split))]
    described: list[Entry] = [
        msgspec.structs.replace(entry, **NO_PLACE, **NO_CHUNK) for entry in layer.toc.entries if not entry.is_chunk
    ]
    assert entries == described


MALFORMED = {
    "type 3": b'{"type":3,"payload":"","position":0}\n',
    "no type": b'{"payload":"","position":0}\n',
    "no position": b'{"type":2,"payload":""}\n',
    "position from 1": b'{"type":2,"payload":"","position":1}\n',
    "position twice": b'{"type":2,"payload":"","position":0}\n' * 2,
    "not JSON": b"{\n",
    "not base64": b'{"type":2,"payload":"?","position":0}\n',
    "segment without payload": b'{"type":2,"position":0}\n',
    "file without name": b'{"type":1,"payload":null,"position":0}\n',
    "file without CRC": b'{"type":1,"name":"a","size":1,"payload":null,"position":0}\n',
    "short CRC": b'{"type":1,"name":"a","size":1,"payload":"AAAA","position":0}\n',
    "negative size": b'{"type":1,"name":"a","size":-1,"payload":"AAAAAAAAAAA=","position":0}\n',
    "not UTF-8": b'{"type":1,"name":"\xff","payload":null,"position":0}\n',
    "huge number": b'{"type":1,"name":"a","size":' + b"9" * 5000 + b',"payload":null,"position":0}\n',
    "deep": b'{"type":2,"payload":"","position":0,"x":' + b"[" * 10**5 + b"]" * 10**5 + b"}\n",
}


def test_white_space_between_records_means_nothing() -> None:
    line = b'{"type":2,"payload":"","position":%d}'
    document = b"\n" + line % 0 + b"\r\n \n" + line % 1
    assert [record.position for record in tarsplit.parse(document)] == [0, 1]


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_lines_are_refused_by_number(name: str) -> None:
    with pytest.raises(FormatError):
        list(tarsplit.parse(MALFORMED[name]))


def test_a_line_is_bounded_before_it_is_held() -> None:
    with pytest.raises(FormatError, match="exceeds 1000 bytes"):
        list(tarsplit.parse((b"x" * 100 for _ in iter(int, 1)), max_line=1000))


@given(st.binary(max_size=200), st.integers(1, 20))
def test_no_bytes_crash_the_parser(document: bytes, step: int) -> None:
    try:
        list(tarsplit.parse(document[start : start + step] for start in range(0, len(document), step)))
    except FormatError:
        return


NAMES = st.binary(min_size=1, max_size=20)
CRCS = st.binary(min_size=8, max_size=8)
RECORDS = st.lists(
    st.one_of(
        st.builds(Segment, st.just(0), st.binary(min_size=1, max_size=40)),
        st.builds(FileRecord, st.just(0), NAMES),
        st.builds(FileRecord, st.just(0), NAMES, st.integers(1, 2**62), CRCS),
    )
)


@given(RECORDS)
def test_records_survive_their_lines(records: list[Record]) -> None:
    numbered = [msgspec.structs.replace(record, position=index) for index, record in enumerate(records)]
    assert list(tarsplit.parse(tarsplit.build(records))) == numbered


def records_of(*nodes: Node) -> list[Record]:
    _, written = layer_from_tar(tar_of(nodes))
    assert written.tar_split is not None
    return list(tarsplit.parse(decompress(written.tar_split.payload, limit=2**20)))


def test_wrong_content_is_refused_while_rebuilding() -> None:
    records = records_of(Node("a", content=b"right"))
    assert b"right" in b"".join(tarsplit.rebuild(records, lambda _: [b"ri", b"ght"]))
    for wrong, message in ((b"wrong", "CRC"), (b"right!", "longer"), (b"righ", "4 bytes")):
        with pytest.raises(FormatError, match=message):
            list(tarsplit.rebuild(records, lambda _, wrong=wrong: [wrong]))  # type: ignore[misc]


def test_a_name_that_occurs_twice_after_cleaning_is_refused() -> None:
    records: list[Record] = [FileRecord(0, b"a"), FileRecord(1, b"./a/")]
    with pytest.raises(FormatError, match="twice"):
        list(tarsplit.rebuild(records, lambda _: []))
    assert [clean_name(name) for name in (b"./a", b"a//", b"x/../a", b"//a", b".")] == [b"a", b"a", b"a", b"/a", b"."]


def test_headers_without_records_and_records_without_headers_are_found() -> None:
    records = records_of(Node("a", content=b"1"), Node("b"))
    assert [header.name for header in tarsplit.headers(records)] == [b"a", b"b"]
    files = [index for index, record in enumerate(records) if isinstance(record, FileRecord)]
    segments = [index for index, record in enumerate(records) if isinstance(record, Segment)]
    renamed = [
        msgspec.structs.replace(record, name=b"c") if isinstance(record, FileRecord) else record for record in records
    ]
    for broken in (
        [record for index, record in enumerate(records) if index != files[0]],
        [record for index, record in enumerate(records) if index != files[-1]],
        [record for index, record in enumerate(records) if index != segments[0]],
        renamed,
    ):
        with pytest.raises(FormatError):
            list(tarsplit.headers(broken))


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize("size", [2**63, -(2**63) - 1])
def test_a_size_that_go_cannot_hold_is_refused_on_every_record(kind: int, size: int) -> None:
    line = b'{"type":%d,"name":"a","payload":"AAAAAAAAAAA=","position":0,"size":%d}\n' % (kind, size)
    with pytest.raises(FormatError, match="impossible size"):
        list(tarsplit.parse(line))
