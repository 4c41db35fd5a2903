"""The grammar of positions, strict and as the reference reads it (docs/format.md section 10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.format import names
from conformance.format.errors import FormatError
from conformance.format.positions import ChunkedAnnotations, Position, TocPosition

DIGEST = "sha256:" + "ab" * 32

BOTH_REFUSE = [
    "", ":", "1:2:3", "+1:2:3:1", "-1:2:3:1", "0x1:2:3:1", "1::3:1", "1:2:3:0", "1:2:3:2", "1:2:3:18446744073709551616",
    "1 :2:3:1", "\n1:2:3:1", "\u0661:2:3:1", "1_0:2:3:1", "a:b:c:d",
]  # fmt: skip
ONLY_STRICT_REFUSES = [" 1:2:3:1", "01:2:3:1", "1: 2:3:1", "1:2:3:1 ", "1:2:3:1:5", "1:2:3:1x", "1:2:3:01",
                       "9223372036854775808:2:3:1", "1:2:3:1\n"]  # fmt: skip


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_position_survives_its_text(offset: int, compressed: int, uncompressed: int) -> None:
    toc = TocPosition(offset, compressed, uncompressed, 1)
    split = Position(offset, compressed, uncompressed)
    assert TocPosition.parse(str(toc)) == TocPosition.parse_as_reference(str(toc)) == toc
    assert Position.parse(str(split)) == Position.parse_as_reference(str(split)) == split


@pytest.mark.parametrize("text", BOTH_REFUSE)
def test_malformed_positions_are_refused_by_both_readings(text: str) -> None:
    with pytest.raises(FormatError):
        TocPosition.parse(text)
    with pytest.raises(FormatError):
        TocPosition.parse_as_reference(text)


@pytest.mark.parametrize("text", ONLY_STRICT_REFUSES)
def test_what_the_reference_overlooks_is_refused_strictly(text: str) -> None:
    with pytest.raises(FormatError):
        TocPosition.parse(text)
    assert TocPosition.parse_as_reference(text).uncompressed == 3, "the reference reads such a text"


@given(st.text())
def test_no_text_crashes_the_parsers(text: str) -> None:
    for parse in (TocPosition.parse, TocPosition.parse_as_reference, Position.parse, Position.parse_as_reference):
        try:
            parse(text)
        except FormatError:
            continue


def test_a_number_of_a_million_digits_is_refused() -> None:
    for parse in (TocPosition.parse, TocPosition.parse_as_reference):
        with pytest.raises(FormatError):
            parse("9" * 10**6 + ":1:1:1")


def test_the_error_names_the_annotation() -> None:
    annotations = ChunkedAnnotations.of({names.MANIFEST_CHECKSUM: DIGEST, names.MANIFEST_POSITION: "1:2:3:4"})
    with pytest.raises(FormatError) as caught:
        annotations.positions()
    assert caught.value.where == names.MANIFEST_POSITION, "the error must state which annotation is wrong"


def test_checksum_alone_makes_a_layer_chunked() -> None:
    assert ChunkedAnnotations.of({names.MANIFEST_CHECKSUM: DIGEST}).is_chunked
    stray = ChunkedAnnotations.of({names.MANIFEST_POSITION: "1:2:3:1"})
    assert not stray.is_chunked
    assert stray.stray_keys == (names.MANIFEST_POSITION,)
    assert ChunkedAnnotations.of(None) == ChunkedAnnotations()


def test_two_tocs_on_one_layer_are_an_error() -> None:
    annotations = ChunkedAnnotations.of({names.MANIFEST_CHECKSUM: DIGEST, names.ESTARGZ_TOC: DIGEST})
    with pytest.raises(FormatError, match="two TOCs"):
        annotations.toc_digest()


def test_legacy_keys_are_seen_but_are_not_current_ones() -> None:
    legacy = {names.LEGACY_PREFIX + "manifest-checksum": DIGEST, names.LEGACY_PREFIX + "manifest-position": "8:2:3:1"}
    annotations = ChunkedAnnotations.of(legacy)
    assert (annotations.is_chunked, annotations.is_legacy) == (False, True)
    assert annotations.legacy_view().toc_position() == TocPosition(8, 2, 3, 1)


def test_unknown_chunk_keys_are_kept_apart_from_the_sentinel_annotation() -> None:
    given_keys = {names.SENTINEL_ANNOTATION: "true", names.CHUNKED_PREFIX + "extra": "1"}
    assert ChunkedAnnotations.of(given_keys).unknown == {names.CHUNKED_PREFIX + "extra": "1"}
