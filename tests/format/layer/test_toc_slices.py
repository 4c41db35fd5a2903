"""A TOC that is read in slices is the TOC that is read as a whole, whatever is in it and wherever it is cut."""

from collections.abc import Iterator

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from conformance.format import toc_slices
from conformance.format.errors import FormatError
from conformance.format.json_problems import KeyProblem
from conformance.format.packed_entries import PackedEntries
from conformance.format.toc import Entry, Toc, decode_toc, encode_toc
from conformance.format.toc_keys import key_problems
from conformance.format.toc_slices import MAX_UNCUT, UncutError, read_sliced
from conformance.sources.table_budget import NoRoomError, TableBudget
from conformance.strategies.tocs import BREAKS, break_document, documents, tocs


def in_pieces(document: bytes, length: int) -> Iterator[bytes]:
    return (document[start : start + length] for start in range(0, len(document), length))


def sliced(document: bytes, *, length: int, cut: int) -> tuple[Toc, int, tuple[KeyProblem, ...]]:
    """What comes of a document in pieces of ``length`` bytes, cut every ``cut`` bytes or so."""
    taken: list[Entry] = []

    def accept(raw: bytes, entries: list[Entry]) -> None:
        assert decode_toc(b'{"entries":[' + raw + b"]}").entries == entries
        taken.extend(entries)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toc_slices, "SLICE", cut)
        found = read_sliced(in_pieces(document, length), accept)
    entries = found.toc.entries_or_none
    if isinstance(entries, list) and not found.replaced:
        entries = taken
    return Toc(found.toc.version, entries, found.toc.tar_split_digest), found.size, found.keys


def whole(document: bytes) -> tuple[Toc, int, tuple[KeyProblem, ...]]:
    toc = decode_toc(document)
    return toc, len(document), key_problems(document, toc)


@given(documents(), st.integers(1, 200), st.integers(1, 200))
def test_cuts_change_nothing(document: bytes, length: int, cut: int) -> None:
    assert sliced(document, length=length, cut=cut) == whole(document)


@given(documents(), st.integers(1, 200), st.integers(1, 200))
def test_cuts_change_nothing_of_what_is_wrong(document: bytes, length: int, cut: int) -> None:
    for case in BREAKS:
        broken = break_document(document, case).document
        try:
            expected = whole(broken)
        except FormatError:
            with pytest.raises(FormatError):
                sliced(broken, length=length, cut=cut)
        else:
            assert sliced(broken, length=length, cut=cut) == expected


ENTRY = b'{"type":"dir","name":"a"}'
ODD = [
    b'{"entries":[' + b",".join([ENTRY] * 9) + b'],"more":[' + b",".join([ENTRY] * 9) + b"]}",
    b'{"entries":[' + b",".join([ENTRY] * 9) + b'],"entries":[' + ENTRY + b"]}",
    b'{"entries":[' + b",".join([ENTRY] * 9) + b'],"\\u0065ntries":[]}',
    b'{"version":1,"version":2,"entries":[' + b",".join([ENTRY] * 9) + b'],"version":3}',
    b'{"entries":null,"entries":[' + b",".join([ENTRY] * 9) + b"]}",
    b'{"entries":[' + b",".join([ENTRY] * 9) + b'],"entries":null}',
    b'{"x":[{},{}],"entries":[' + b",".join([ENTRY] * 9) + b"]}",
    b' {\n"version" : 1 , "entries" : [ ' + b" , ".join([ENTRY] * 9) + b" ] }\n",
    b'{"entries":[' + b",".join([b'{"name":"},{","x":[{},{},{"y":{}}]}'] * 9) + b"]}",
    b'{"entries":[' + b",".join([b'{"name":"\\"},{\\\\"}'] * 9) + b"]}",
    b'{"entries":[' + b",".join([b'{"Name":"a","name":""}'] * 200) + b"]}",
]


@pytest.mark.parametrize("document", ODD)
@pytest.mark.parametrize("cut", [1, 30, 60, 100])
def test_odd_documents_are_cut_only_between_entries(document: bytes, cut: int) -> None:
    assert sliced(document, length=7, cut=cut) == whole(document)


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (b'{"name":1}', "entries[9].name"),
        (b'{"name":"\xff"}', "byte 255"),
        (b"{,}", ""),
        (b'{"name":"\\ud800"}', ""),
    ],
)
def test_what_is_wrong_has_its_place_in_the_document(broken: bytes, where: str) -> None:
    head = b'{"entries":['
    document = head + b",".join([ENTRY] * 9) + b"," + broken + b"," + b",".join([ENTRY] * 9) + b"]}"
    with pytest.raises(FormatError) as raised:
        sliced(document, length=50, cut=30)
    assert not isinstance(raised.value, UncutError)
    if where:
        assert raised.value.where == where


@pytest.mark.parametrize(
    "document",
    [
        b'{"entries":[{"name":"' + b"a" * (MAX_UNCUT + 10) + b'"}]}',
        b'{"entries":[]' + b" " * MAX_UNCUT + b"}",
        b'{"first":{},"entries":[' + b",".join([ENTRY] * (MAX_UNCUT // 20)) + b"]}",
    ],
    ids=["a name", "blanks", "another order"],
)
def test_what_cannot_be_cut_is_not_called_wrong(document: bytes) -> None:
    with pytest.raises(UncutError):
        read_sliced(in_pieces(document, 2**16), lambda _raw, _entries: None)
    with pytest.raises(NoRoomError) as raised:
        TableBudget().read(zstandard.compress(document))
    assert raised.value.size == len(document)


def test_something_that_is_no_json_is_reported_at_once() -> None:
    with pytest.raises(FormatError, match="not JSON") as raised:
        read_sliced([b'{"entries":[' + ENTRY + b"]]" + b"a" * MAX_UNCUT], lambda _raw, _entries: None)
    assert not isinstance(raised.value, UncutError)


@given(st.lists(tocs().map(lambda toc: toc.entries), max_size=5), st.data())
def test_packed_entries_are_the_entries(parts: list[list[Entry]], data: st.DataObject) -> None:
    packed = PackedEntries()
    for part in parts:
        if part:
            packed.append(encode_toc(Toc(1, part))[len(b'{"version":1,"entries":[') : -2], len(part))
    flat = [entry for part in parts for entry in part]
    assert list(packed) == flat
    assert len(packed) == len(flat)
    for _ in range(10):
        index = data.draw(st.integers(-len(flat) - 1, len(flat)))
        if -len(flat) <= index < len(flat):
            assert packed[index] == flat[index]
        else:
            with pytest.raises(IndexError):
                packed[index]
    assert packed[1:7] == flat[1:7]
