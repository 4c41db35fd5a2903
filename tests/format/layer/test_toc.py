"""Reading a TOC: bounded, strict about shape, and telling what its keys hide."""

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.artifact.toc_rules import repeated_names, wrong_shapes
from conformance.format.decompress import decompress
from conformance.format.errors import FormatError
from conformance.format.json_problems import KeyKind
from conformance.format.toc import Entry, Toc, decode_toc, encode_toc, read_toc
from conformance.format.toc_keys import key_problems
from conformance.format.toc_outline import outline
from conformance.strategies.tocs import BREAKS, BrokenToc, break_document, broken_documents, documents, tocs
from tests.format.layer import golden


@pytest.mark.parametrize("index", [0, 1])
def test_golden_tocs_are_read_and_written_back_byte_for_byte(index: int) -> None:
    layer = golden.layers(golden.CURRENT)[index]
    at = layer.positions.toc
    payload = layer.blob[at.offset : at.end]
    assert layer.annotations.toc_digest().matches(payload)
    document = decompress(payload, limit=at.uncompressed)
    assert encode_toc(layer.toc) == document
    assert key_problems(document) == ()


def test_zstd_with_a_wrong_declaration_is_refused() -> None:
    payload = zstandard.compress(b'{"version":1,"entries":[]}')
    assert read_toc(payload, declared_size=26).version == 1
    for declared in (25, 27, 0, 2**62):
        with pytest.raises(FormatError):
            read_toc(payload, declared_size=declared)


def test_a_bomb_is_refused_at_the_limit() -> None:
    bomb = zstandard.compress(bytes(64 * 2**20))
    with pytest.raises(FormatError, match="more than 1048576 bytes"):
        read_toc(bomb, limit=2**20)
    with pytest.raises(FormatError, match="more than 100 bytes"):
        read_toc(bomb, declared_size=100)
    with pytest.raises(FormatError, match="the limit is 157286400"):
        read_toc(bomb, declared_size=150 * 2**20 + 1)


@pytest.mark.parametrize("payload", [b"", b"\x28\xb5\x2f\xfd", b"not zstd", zstandard.compress(b"x" * 1000)[:-2]])
def test_what_is_not_whole_zstd_frames_is_refused(payload: bytes) -> None:
    with pytest.raises(FormatError):
        read_toc(payload)


def test_several_frames_and_skippable_ones_are_one_payload() -> None:
    payload = (
        zstandard.compress(b'{"version":1,')
        + b"\x50\x2a\x4d\x18\x01\x00\x00\x00x"
        + zstandard.compress(b'"entries":[]}')
    )
    assert read_toc(payload, declared_size=26) == Toc(1, [])


REFUSED = [
    b"", b"[]", b"null", b'{"version":1,"entries":[]}x', b'{"version":1,"entries":[]}{}', b'\xef\xbb\xbf{}',
    b'{"entries":[{"size":1.0}]}', b'{"entries":[{"size":1e3}]}', b'{"entries":[{"size":9223372036854775808}]}',
    b'{"entries":[{"size":-9223372036854775809}]}', b'{"entries":[{"size":NaN}]}', b'{"entries":[{"size":"1"}]}',
    b'{"x":"\\udfff"}', b'{"\\ud800":1}',
    b'{"x":"\xff"}', b'{"entries":[{"name":"\\ud800"}]}', b'{"entries":[{"name":1}]}', b'{"entries":{}}',
    b'{"x":' + b"[" * 10**5 + b"]" * 10**5 + b"}", b'{"entries":[{"size":' + b"9" * 5000 + b"}]}",
]  # fmt: skip


@pytest.mark.parametrize("document", REFUSED, ids=range(len(REFUSED)))
def test_an_invalid_toc_is_refused_without_a_crash(document: bytes) -> None:
    with pytest.raises(FormatError):
        decode_toc(document)


def test_the_first_bad_byte_is_named_also_in_a_long_document() -> None:
    document = b'{"version":1,"entries":[],"x":"' + "é".encode() * 2**20 + b'\xff"}'
    with pytest.raises(FormatError) as caught:
        decode_toc(document)
    assert caught.value.where == f"byte {document.index(0xFF)}"


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(payload: bytes) -> None:
    for read in (read_toc, decode_toc, key_problems):
        try:
            read(payload)
        except FormatError:
            continue


KEYS = [
    (b'{"version":1,"entries":[{"name":"a","name":"b"}]}', [(KeyKind.DUPLICATE, "name", "entries[0]")]),
    (b'{"version":1,"Entries":[]}', [(KeyKind.CASE, "Entries", "")]),
    (b'{"Version":1,"entries":[]}', [(KeyKind.CASE, "Version", "")]),
    (b'{"version":1,"entries":null,"Entries":[]}', [(KeyKind.CASE, "Entries", "")]),
    (b'{"entries":[{"name":"a"},{"LinkName":"b","":1}]}',
     [(KeyKind.CASE, "LinkName", "entries[1]"), (KeyKind.EMPTY, "", "entries[1]")]),
    (b'{"entries":[{"xattrs":{"a":"","a":""}}]}', [(KeyKind.DUPLICATE, "a", "entries[0].xattrs")]),
    (b'{"entries":[{"xattrs":{"":""}}]}', [(KeyKind.EMPTY, "", "entries[0].xattrs")]),
    (b'{"entries":[{"x":[{"y":1,"y":2}]}]}',
     [(KeyKind.UNKNOWN, "x", "entries[0]"), (KeyKind.DUPLICATE, "y", "entries[0].x[0]")]),
    (b'{"entries":[],"entries":[]}', [(KeyKind.DUPLICATE, "entries", "")]),
    (b'{"entries":[{"n\\u0061me":"a","name":"b"}]}', [(KeyKind.DUPLICATE, "name", "entries[0]")]),
    (b'{"entries":[{"name":"::\\u003a","name":"b"}]}', [(KeyKind.DUPLICATE, "name", "entries[0]")]),
    (b'{"entries":[{"\xc5\xbfize":1}]}', [(KeyKind.CASE, "\u017fize", "entries[0]")]),
    ('{"entries":[],"entr\u0130es":[]}'.encode(), [(KeyKind.CASE, "entr\u0130es", "")]),
    ('{"entries":[{"l\u0131n\u212aname":"x"}]}'.encode(), [(KeyKind.CASE, "l\u0131n\u212aname", "entries[0]")]),
    (b'{"entries":[{"x":1e999}]}', [(KeyKind.UNKNOWN, "x", "entries[0]"), (KeyKind.NUMBER, "1e999", "entries[0].x")]),
    (b'{"entries":[],"x":-1e999}', [(KeyKind.UNKNOWN, "x", ""), (KeyKind.NUMBER, "-1e999", "x")]),
    (b'{"entries":[{"xattrs":{"User.a":"","user.a":""}}]}', []),
    (b'{"entries":[{"x-Names":1}]}', [(KeyKind.UNKNOWN, "x-Names", "entries[0]")]),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), KEYS)
def test_keys_that_parsers_read_differently_are_found(
    document: bytes, expected: list[tuple[KeyKind, str, str]]
) -> None:
    found = key_problems(document)
    assert [(problem.kind, problem.key, problem.path) for problem in found] == expected
    at_key = (problem for problem in found if problem.kind is not KeyKind.NUMBER)
    assert all(document[problem.offset : problem.offset + 1] == b'"' for problem in at_key), "offsets point at the key"


def test_clean_but_unusual_spelling_is_no_problem() -> None:
    document = b' {\n"version" : 1, "entries":[ {"name":"a:\\u003a","size":0,"xattrs":null} , {} ] }\n'
    assert key_problems(document) == ()


def test_offsets_are_bytes_not_characters() -> None:
    document = '{"entries":[{"name":"日本","Name":"a"}]}'.encode()
    (problem,) = key_problems(document)
    assert problem.offset == document.index(b'"Name"')


def test_the_number_of_problems_is_bounded() -> None:
    document = b'{"entries":[' + b",".join([b'{"a":1}'] * 1000) + b"]}"
    assert len(key_problems(document)) == 100


@given(tocs())
def test_generated_tocs_survive_encoding(toc: Toc) -> None:
    document = encode_toc(toc)
    assert decode_toc(document) == toc
    assert key_problems(document) == ()


@given(documents())
def test_every_break_is_found_by_the_reader_or_changes_what_it_reads(document: bytes) -> None:
    twin = decode_toc(document)
    for case in BREAKS:
        broken = break_document(document, case)
        try:
            differs = decode_toc(broken.document) != twin
        except FormatError:
            assert broken.requirement == "TOC-001", f"{broken.what}: must stay readable to be judged"
            continue
        ambiguous = any(problem.is_ambiguous for problem in key_problems(broken.document))
        assert ambiguous == (broken.requirement == "TOC-002"), broken.what
        assert differs or ambiguous, f"{broken.what}: changes nothing"


@given(broken_documents("TOC-002"))
def test_broken_documents_are_drawn_for_one_requirement(broken: BrokenToc) -> None:
    assert broken.requirement == "TOC-002"
    assert key_problems(broken.twin) == ()
    assert key_problems(broken.document)


def test_zero_values_are_left_out() -> None:
    assert msgspec.json.encode(Entry("reg", "a")) == b'{"type":"reg","name":"a"}'


FIELDS = {
    "link_name": "a",
    "size": 1,
    "dev_major": 1,
    "dev_minor": 1,
    "digest": "sha256:" + "0" * 64,
    "offset": 1,
    "end_offset": 1,
    "chunk_size": 1,
    "chunk_offset": 1,
    "chunk_digest": "sha256:" + "0" * 64,
    "chunk_type": "zeros",
}
PROPER = {
    "dir": (),
    "symlink": ("link_name",),
    "hardlink": ("link_name",),
    "char": ("dev_major", "dev_minor"),
    "block": ("dev_major", "dev_minor"),
    "fifo": (),
}


@pytest.mark.parametrize("kind", PROPER)
@pytest.mark.parametrize("field", FIELDS)
def test_no_field_of_another_type_passes(kind: str, field: str) -> None:
    base = Entry(type=kind, name="entry", link_name="target" if "link_name" in PROPER[kind] else "")
    assert not list(wrong_shapes(outline([base])))
    edited = msgspec.structs.replace(base, **{field: FIELDS[field]})
    assert bool(list(wrong_shapes(outline([edited])))) == (field not in PROPER[kind])


@given(tocs())
def test_the_outline_of_a_conforming_toc_has_nothing_to_inspect(toc: Toc) -> None:
    found = outline(toc.entries)
    assert not list(wrong_shapes(found))
    assert not list(repeated_names(found))
