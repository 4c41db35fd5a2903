"""A TOC within its limits: payload, density of braces, slices, packed entries, and positions in errors."""

import msgspec
import pytest
import zstandard

from conformance.format import names, packed_entries, toc_slices
from conformance.format.digest import Digest
from conformance.format.errors import FormatError, LimitError
from conformance.format.footer import Footer, FooterForm
from conformance.format.frames import map_frames
from conformance.format.packed_entries import PackedEntries
from conformance.format.positions import ChunkedAnnotations, Position, TocPosition
from conformance.format.seal import CompressedTarSplit, seal
from conformance.format.toc import (
    MAX_TOC,
    Entry,
    Toc,
    check_density,
    check_utf8,
    decode_toc,
    decompress_toc,
    encode_toc,
    read_toc,
)
from conformance.format.toc_slices import MAX_UNCUT, SLICE, UncutError, read_sliced

DOCUMENT = b'{"version":1,"entries":[]}'
PAYLOAD = zstandard.compress(DOCUMENT)


def test_the_limits_of_a_toc() -> None:
    assert MAX_TOC == 150 * 1024 * 1024
    assert read_toc(PAYLOAD, declared_size=26, limit=40) == Toc(1, [])
    assert read_toc(PAYLOAD, limit=len(PAYLOAD)).version == 1
    for given, words in (
        ({"limit": len(PAYLOAD) - 1}, f"the compressed TOC has {len(PAYLOAD)} bytes; the limit is {len(PAYLOAD) - 1}"),
        ({"limit": 40, "declared_size": 41}, "the TOC is declared to have 41 bytes; the limit is 40"),
        ({"declared_size": 25}, "the TOC decompresses to more than 25 bytes"),
    ):
        with pytest.raises(LimitError) as caught:
            read_toc(PAYLOAD, **given)
        assert caught.value.what == words
    with pytest.raises(FormatError, match=r"^the TOC decompresses to 26 bytes; 27 were declared$"):
        read_toc(PAYLOAD, declared_size=27)
    assert decompress_toc(PAYLOAD) == DOCUMENT


def test_objects_are_as_dense_as_entries_can_be() -> None:
    check_density(2**16 + 10, 160)
    check_density(2**16, 0)
    with pytest.raises(FormatError, match="the TOC has 65547 braces in 160 bytes: "):
        check_density(2**16 + 11, 160)
    with pytest.raises(FormatError, match="braces"):
        decode_toc(b'{"entries":[' + b",".join([b"{}"] * 2**17) + b"]}")


@pytest.mark.parametrize("place", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 2**21 + 5])
def test_the_first_byte_that_is_not_utf8_is_named(place: int) -> None:
    filler = "é".encode() * 2**20 + b"x" * 10
    document = filler[: place - place % 2] + b"x" * (place % 2) + b"\xff" + b"\xff" * 5
    with pytest.raises(FormatError) as caught:
        check_utf8(document)
    assert (caught.value.what, caught.value.where) == ("the TOC is not UTF-8", f"byte {place}")
    check_utf8(filler)


@pytest.mark.parametrize("before", [0, 1, 2**20 - 2, 2**20 - 1, 2**20])
def test_a_character_that_is_cut_at_the_end_is_refused(before: int) -> None:
    with pytest.raises(FormatError) as caught:
        check_utf8(b"a" * before + "é".encode()[:-1])
    assert caught.value.where == f"byte {before}"


@pytest.mark.parametrize(
    ("document", "what", "where"),
    [
        (b'{"entries":[{"size":"1"}]}', "the TOC has the wrong shape: Expected `int`, got `str`", "entries[0].size"),
        (
            b'{"entries":[{"modtime":""}]}',
            "the TOC has the wrong shape: Expected `str` of length >= 1",
            "entries[0].modtime",
        ),
        (b'{"version":1', "the TOC is not JSON: ", ""),
        (b"[" * 10**5, "the TOC has the wrong shape: Expected `object`, got `array`", ""),
        (b'{"a":' + b"[" * 10**5, "the TOC is nested too deeply", ""),
    ],
)
def test_the_words_of_a_toc_that_cannot_be_decoded(document: bytes, what: str, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_toc(document)
    assert caught.value.what.startswith(what)
    assert caught.value.where == where


def test_a_toc_without_entries_has_none() -> None:
    assert decode_toc(b"{}").entries == []
    assert decode_toc(b'{"entries":null}').entries == []
    assert decode_toc(b'{"entries":[{}]}').entries == [Entry()]
    assert encode_toc(Toc(0, None)) == b'{"version":0,"entries":[]}'
    assert encode_toc(Toc(1, [], "x")) == b'{"version":1,"entries":[],"tarSplitDigest":"x"}'
    assert [entry.is_chunk for entry in (Entry("chunk"), Entry("reg"))] == [True, False]


ENTRY = b'{"type":"dir","name":"a"}'


def sliced(document: bytes, step: int = 2**16) -> tuple[list[int], toc_slices.SlicedToc]:
    """The numbers of entries of each slice, and what is left."""
    counts: list[int] = []

    def accept(raw: bytes, entries: list[Entry]) -> None:
        assert msgspec.json.decode(b"[" + raw + b"]", type=list[Entry]) == entries
        counts.append(len(entries))

    pieces = (document[start : start + step] for start in range(0, len(document), step))
    return counts, read_sliced(pieces, accept)


def test_a_long_toc_comes_in_slices_of_about_64_kib() -> None:
    assert (SLICE, MAX_UNCUT) == (64 * 1024, 4 * 1024 * 1024)
    count = 20_000
    document = b'{"version":1,"entries":[' + b",".join([ENTRY] * count) + b'],"tarSplitDigest":"x"}'
    counts, found = sliced(document)
    assert sum(counts) == count
    assert all(SLICE // 2 <= each * 26 <= SLICE for each in counts[:-1])
    assert (found.size, found.toc, found.keys, found.replaced) == (len(document), Toc(1, [], "x"), (), False)
    assert counts[-1] > 0


def test_a_short_toc_is_one_slice() -> None:
    counts, found = sliced(b'{"version":1,"entries":[' + ENTRY + b"," + ENTRY + b"]}")
    assert (counts, found.toc.entries) == ([2], [])
    counts, found = sliced(DOCUMENT)
    assert (counts, found.size) == ([], 26)


@pytest.mark.parametrize("step", [1000, 2**16])
def test_the_place_of_an_error_is_that_in_the_document(step: int) -> None:
    head, good = b'{"version":1,"entries":[', b",".join([ENTRY] * 9000)
    at = len(head) + len(good) + 1
    for broken, what, where in (
        (b'{"name":1}', "the TOC has the wrong shape: Expected `str`, got `int`", "entries[9000].name"),
        (b'{"name":"\xff"}', "the TOC is not UTF-8", f"byte {at + 9}"),
        (b'{"name":?}', f"the TOC is not JSON: JSON is malformed: invalid character (byte {at + 8})", ""),
    ):
        for tail in (b"," + good + b"]}", b"]}"):
            with pytest.raises(FormatError) as caught:
                sliced(head + good + b"," + broken + tail, step)
            assert (caught.value.what, caught.value.where) == (what, where)


def test_the_place_of_an_ambiguous_key_is_that_in_the_document() -> None:
    head, good = b'{"version":1,"Version":1,"entries":[', b",".join([ENTRY] * 9000)
    document = head + good + b',{"Name":"a"},' + good + b',{"Size":1}],"more":1}'
    _, found = sliced(document)
    assert [(each.key, each.path, each.offset) for each in found.keys] == [
        ("Name", "entries[9000]", document.index(b'"Name"')),
        ("Version", "", document.index(b'"Version"')),
        ("Size", "entries[18001]", document.index(b'"Size"')),
        ("more", "", document.index(b'"more"')),
    ]


def test_a_hundred_ambiguous_keys_are_listed() -> None:
    entry = b'{"type":"dir","Name":"a"}'
    _, found = sliced(b'{"entries":[' + b",".join([entry] * 9000) + b"]}")
    assert len(found.keys) == 100


@pytest.mark.parametrize("again", [b'"entries"', b'"\\u0065ntries"'])
def test_entries_that_come_twice_are_those_of_the_last_time(again: bytes) -> None:
    good = b",".join([ENTRY] * 9000)
    counts, found = sliced(b'{"entries":[' + good + b"]," + again + b":[" + ENTRY + b"]}")
    assert sum(counts) == 0 or found.replaced
    assert (found.replaced, list(found.toc.entries)) == (True, [Entry("dir", "a")])
    _, found = sliced(b'{"entries":[' + good + b'],"x":{"entries":[],"entries":1}}')
    assert not found.replaced


def test_a_part_without_a_cut_has_a_limit() -> None:
    fitting = b'{"entries":[{"name":"' + b"a" * (MAX_UNCUT - 100) + b'"}]}'
    assert sliced(fitting)[0] == [1]
    with pytest.raises(UncutError, match=r"^[0-9]+ bytes of the TOC hold no whole entries: they are not read as one$"):
        sliced(b'{"entries":[{"name":"' + b"a" * (MAX_UNCUT + 2**17) + b'"}]}')
    with pytest.raises(FormatError) as caught:
        sliced(b'{"entries":[{"name":"\\ud800' + b"a" * (MAX_UNCUT + 2**17) + b'"}]}')
    assert not isinstance(caught.value, UncutError)


def packed(*counts: int) -> tuple[PackedEntries, list[Entry]]:
    made, entries = PackedEntries(), [Entry("dir", f"d{number}") for number in range(sum(counts))]
    start = 0
    for count in counts:
        raw = msgspec.json.encode(entries[start : start + count])[1:-1]
        before = made.held
        assert made.append(raw, count) == made.held - before
        start += count
    return made, entries


def test_packed_entries_are_found_by_their_number() -> None:
    made, entries = packed(3, 1, 4)
    assert len(made) == 8
    assert [made[place] for place in range(8)] == entries
    assert [made[place] for place in range(-8, 0)] == entries
    assert [made[place] for place in (7, 0, 3, 2, 4, 6)] == [entries[place] for place in (7, 0, 3, 2, 4, 6)]
    assert (made[2:5], made[::-3], list(made)) == (entries[2:5], entries[::-3], entries)
    for place in (8, -9, 100):
        with pytest.raises(IndexError):
            made[place]
    assert made.held > 0


def test_two_slices_are_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made, entries = packed(2, 2, 2)
    decoded = []

    class Counting:
        def decode(self, raw: bytes) -> list[Entry]:
            decoded.append(raw)
            return msgspec.json.decode(raw, type=list[Entry])

    monkeypatch.setattr(packed_entries, "_DECODER", Counting())
    assert [made[place] for place in (0, 1, 2, 0, 3, 1)] == [entries[place] for place in (0, 1, 2, 0, 3, 1)]
    assert len(decoded) == 2
    assert made[4] == entries[4]
    assert (made[1], made[5]) == (entries[1], entries[5])
    assert len(decoded) == 3
    assert made[2] == entries[2]
    assert len(decoded) == 4


@pytest.mark.parametrize("with_split", [True, False])
@pytest.mark.parametrize("with_footer", [True, False])
def test_the_tail_of_a_layer(with_split: bool, with_footer: bool) -> None:
    split = CompressedTarSplit.of(b"lines\n") if with_split else None
    tail = seal(1000, Toc(1, []), split, footer=with_footer)
    payload = zstandard.compress(DOCUMENT, 3)
    toc = TocPosition(1008, len(payload), 26)
    frames = map_frames(tail.content).frames
    assert len(frames) == 1 + with_split + with_footer
    assert all(frame.is_skippable for frame in frames)
    where: Position | None = None
    if split is not None:
        where = Position(1008 + len(payload) + 8, len(split.payload), 6)
        assert tail.content[where.offset - 1000 : where.end - 1000] == split.payload
        assert split.digest == Digest.of(split.payload)
    assert (tail.positions.toc, tail.positions.tar_split) == (toc, where)
    expected = {names.MANIFEST_CHECKSUM: str(Digest.of(payload)), names.MANIFEST_POSITION: f"1008:{len(payload)}:26:1"}
    assert tail.annotations == (expected | {names.TARSPLIT_POSITION: str(where)} if where else expected)
    if with_footer:
        assert Footer.parse(tail.content[-64:]).positions == tail.positions


def test_a_toc_that_readers_refuse_is_not_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seal(0, DOCUMENT, None).positions.toc.uncompressed == 26
    monkeypatch.setattr("conformance.format.seal.MAX_TOC", 26)
    with pytest.raises(FormatError, match=r"^the TOC has 26 bytes; readers refuse more than 26"):
        seal(0, DOCUMENT, None)
    monkeypatch.setattr("conformance.format.seal.MAX_TOC", len(zstandard.compress(DOCUMENT, 3)))
    seal(0, DOCUMENT, None)


def test_footers_of_each_form() -> None:
    toc, split = TocPosition(1, 2, 3), Position(4, 5, 6)
    for form, size in ((FooterForm.CURRENT, 64), (FooterForm.TRANSITIONAL, 56), (FooterForm.FIRST, 40)):
        made = Footer(form, toc, split if form is FooterForm.CURRENT else None)
        raw = made.build()
        assert len(raw) == size
        assert Footer.parse(raw) == made
        assert made.is_legacy == (size != 64)
        for wrong in (raw[:-1], raw + b"\0", b""):
            with pytest.raises(FormatError, match=f"this one has {len(wrong)}$"):
                Footer.parse(wrong)
        at = 56 if size == 64 else 32
        for other in (b"x", b"A"):
            with pytest.raises(FormatError) as caught:
                Footer.parse(raw[:at] + other + raw[at + 1 :])
            assert caught.value.where == f"footer byte {at}"
            assert f"is expected and b'{other.decode()}" in caught.value.what
    with pytest.raises(FormatError) as caught:
        Footer.parse(Footer(FooterForm.TRANSITIONAL, toc).build()[:-1] + b"x")
    assert caught.value.where == "footer byte 40"


def test_a_tar_split_at_offset_0_is_none() -> None:
    toc = TocPosition(1, 2, 3)
    assert Footer(FooterForm.CURRENT, toc, Position(0, 5, 6)).positions.tar_split is None
    assert Footer(FooterForm.CURRENT, toc, Position(1, 0, 0)).positions.tar_split == Position(1, 0, 0)
    assert Footer(FooterForm.FIRST, toc).positions.tar_split is None
    assert Footer.parse(Footer(FooterForm.CURRENT, toc).build()).tar_split == Position(0, 0, 0)


PREFIX, LEGACY = names.CHUNKED_PREFIX, names.LEGACY_PREFIX


@pytest.mark.parametrize(
    ("annotations", "chunked", "claims", "legacy", "stray"),
    [
        ({}, False, False, False, 0),
        ({"other": "x"}, False, False, False, 0),
        ({names.MANIFEST_CHECKSUM: ""}, True, True, False, 0),
        ({names.MANIFEST_CHECKSUM: "x", names.MANIFEST_POSITION: "x"}, True, True, False, 0),
        ({names.MANIFEST_POSITION: ""}, False, True, False, 1),
        ({names.TARSPLIT_POSITION: "x", names.TARSPLIT_CHECKSUM: "x"}, False, True, False, 2),
        ({LEGACY + "x": ""}, False, True, False, 0),
        ({LEGACY + "manifest-checksum": ""}, False, True, True, 0),
        ({LEGACY + "manifest-checksum": "", names.MANIFEST_CHECKSUM: "x"}, True, True, False, 0),
        ({names.ESTARGZ_TOC: "x"}, False, False, False, 0),
        ({PREFIX + "x": "x"}, False, False, False, 0),
    ],
)
def test_what_annotations_claim(
    annotations: dict[str, str], chunked: bool, claims: bool, legacy: bool, stray: int
) -> None:
    found = ChunkedAnnotations.of(annotations)
    assert (found.is_chunked, found.claims_toc, found.is_legacy, len(found.stray_keys)) == (
        chunked,
        claims,
        legacy,
        stray,
    )


def test_annotations_that_are_absent_or_wrong_are_named() -> None:
    nothing = ChunkedAnnotations()
    for read, key in ((nothing.toc_digest, names.MANIFEST_CHECKSUM), (nothing.toc_position, names.MANIFEST_POSITION)):
        with pytest.raises(FormatError) as caught:
            read()
        assert (caught.value.what, caught.value.where) == ("the annotation is absent", key)
    assert nothing.tar_split_location() is None
    wrong = ChunkedAnnotations(manifest_checksum="x", manifest_position="1:2:3:2", tar_split_position="1:02:3")
    for each, key, words in (
        (wrong.toc_digest, names.MANIFEST_CHECKSUM, "'x' is not a sha256 or sha512 digest"),
        (wrong.toc_position, names.MANIFEST_POSITION, "manifest type 2 is not 1, the only one defined"),
        (
            wrong.tar_split_location,
            names.TARSPLIT_POSITION,
            "compressed length '02' in '1:02:3' is not a decimal number",
        ),
    ):
        with pytest.raises(FormatError) as caught:
            each()
        assert caught.value.where == key
        assert caught.value.what.startswith(words)
    right = ChunkedAnnotations(manifest_position="1:2:3:1", tar_split_position="4:5:6")
    assert right.positions().tar_split == Position(4, 5, 6)
    assert right.positions().toc == TocPosition(1, 2, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1:2", "'1:2' has 2 numbers; 3 are wanted: offset, compressed length, uncompressed length"),
        ("1:2:3:4", "'1:2:3:4' has 4 numbers; 3 are wanted"),
        ("1:2:", "uncompressed length '' in '1:2:' is not a decimal number: digits only, no leading zero"),
        (f"{2**63}:1:1", f"offset {2**63} in '{2**63}:1:1' does not fit 63 bits"),
        ("1" * 201, "has 201 characters; no position needs more than 200"),
        ("x" * 200, "has 1 numbers"),
    ],
)
def test_a_position_that_is_refused_is_explained(text: str, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        Position.parse(text)
    assert words in caught.value.what
    with pytest.raises(FormatError, match="does not begin with 3 numbers joined by colons"):
        Position.parse_as_reference("a" * 300)


def test_a_long_digest_is_cut_in_an_error() -> None:
    for length, shown in ((80, "x" * 80), (81, "x" * 80 + "…")):
        with pytest.raises(FormatError) as caught:
            Digest.parse("x" * length)
        assert caught.value.what == f"{shown!r} is not a sha256 or sha512 digest in lowercase hex"
