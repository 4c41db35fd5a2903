"""The sentinel's bytes and the rules on tar headers, as pure functions."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.format import sentinel, tarheader
from conformance.format.digest import Digest
from conformance.format.names import LAYER_ZSTD_TYPE, PR681, SENTINEL_TYPE, Revision
from conformance.format.oci import Descriptor
from conformance.strategies.blobs import tar_headers

CANONICAL_DIGEST = "sha256:1ca86838d2e4c36907ef90fc2a01dcd9ac34301f21c5412927894c34f1bf79cc"
SUM = 12918  # docs/format.md section 16.1


def ustar(name: str = "evil") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(name))
    return target.getvalue()


def with_field(field: bytes) -> bytes:
    block = sentinel.canonical_sentinel()
    return block[:148] + field.ljust(8, b"\0") + block[156:]


def test_canonical_sentinel_has_the_published_digest() -> None:
    content = sentinel.canonical_sentinel()
    assert len(content) == 512
    assert str(Digest.of(content)) == CANONICAL_DIGEST
    assert PR681.sentinel_digests == (CANONICAL_DIGEST,)
    assert sentinel.known_revision(content) == PR681


def test_canonical_sentinel_of_unknown_revision_is_refused() -> None:
    with pytest.raises(ValueError, match="'pr9999' is not known; known: pr681"):
        sentinel.canonical_sentinel(Revision("pr9999", "a/b", "c", ()))


def test_field_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="250 bytes do not fit into bytes 263 to 511"):
        sentinel.build_sentinel(message=b"x" * 250)


def test_sentinel_is_recognised_by_media_type_alone() -> None:
    assert sentinel.is_sentinel(Descriptor(SENTINEL_TYPE, "sha256:" + "0" * 64, 7))
    assert not sentinel.is_sentinel(Descriptor(LAYER_ZSTD_TYPE, CANONICAL_DIGEST, 512))


def test_sum_of_canonical_sentinel() -> None:
    assert tarheader.header_sums(sentinel.canonical_sentinel()) == tarheader.HeaderSums(SUM, SUM)


def test_signed_sum_takes_high_bytes_as_negative() -> None:
    block = bytes(500) + b"\xff" + bytes(11)
    assert tarheader.header_sums(block) == tarheader.HeaderSums(256 + 255, 256 - 1)


def test_sums_need_a_whole_block() -> None:
    with pytest.raises(ValueError, match="512 bytes, not 511"):
        tarheader.header_sums(bytes(511))


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(b"%06o\0 " % SUM, id="octal NUL blank"),
        pytest.param(b"%06o  " % SUM, id="octal, blanks"),
        pytest.param(b"%08o" % SUM, id="octal, all eight"),
        pytest.param(b"  %5o" % SUM, id="leading blanks"),
        pytest.param(b"\t%o" % SUM, id="leading tab"),
        pytest.param(b"\0\0%o" % SUM, id="leading NULs"),
        pytest.param(b"%oxx" % SUM, id="junk after it"),
        pytest.param(b"+%o" % SUM, id="sign"),
        pytest.param(b"0o%o" % SUM, id="Python's 0o"),
        pytest.param(b"0%o_%o" % (SUM // 8, SUM % 8), id="underscore"),
        pytest.param(b"0x%x" % SUM, id="Perl's 0x"),
        pytest.param(b"x%x" % SUM, id="Perl's x"),
        pytest.param(b"\x80" + SUM.to_bytes(7, "big"), id="base-256"),
        pytest.param(b"\xc0" + SUM.to_bytes(7, "big"), id="base-256, second bit"),
        pytest.param(b"\x80\x01\0\0" + SUM.to_bytes(4, "big"), id="base-256, low 32 bits"),
    ],
)
def test_checksum_is_found_in_every_notation(field: bytes) -> None:
    assert tarheader.matching_checksum(with_field(field)) is not None, f"{field!r} is read as {SUM} by some reader"


@pytest.mark.parametrize(
    "field", [b"\xff" * 8, b" " * 8, b"\0" * 8, b"%o" % (SUM + 1), b"9%o" % SUM, b"NOTATAR!", b"\xa0%05o" % SUM]
)
def test_other_checksum_fields_match_nothing(field: bytes) -> None:
    assert tarheader.matching_checksum(with_field(field)) is None


def test_field_of_ff_matches_a_signed_sum_of_minus_one() -> None:
    # 0xff is -1 when signed: 257 of them and the 8 blanks of the field make -1.
    block = b"\xff" * 148 + b"\xff" * 8 + b"\xff" * 109 + bytes(247)
    assert tarheader.header_sums(block).signed == -1
    assert tarheader.matching_checksum(block) == "base-256, negative -1, the signed sum"


@given(tar_headers())
def test_generated_headers_are_seen_and_read_by_python(header: bytes) -> None:
    assert tarheader.accepted_header(header) is not None
    assert tarheader.tar_magic(header) == "POSIX ustar"
    with tarfile.open(fileobj=io.BytesIO(header + bytes(1024)), mode="r:") as archive:
        assert len(archive.getnames()) == 1


@pytest.mark.parametrize("size", range(1, 512, 73))
def test_unaligned_header_is_found_at_its_offset(size: int) -> None:
    content = sentinel.canonical_sentinel() + b"-" * size + ustar()
    assert list(tarheader.unaligned_headers(content)) == [512 + size]


@given(st.binary(max_size=3 * 512))
def test_unaligned_search_agrees_with_the_plain_way(content: bytes) -> None:
    plain = [
        offset
        for offset in range(1, len(content) - 511)
        if offset % 512
        and any(
            reading.how == "octal" and reading.value in (sums.unsigned, sums.signed)
            for sums in [tarheader.header_sums(content[offset : offset + 512])]
            for reading in tarheader.checksum_readings(content[offset + 148 : offset + 156])
        )
    ]
    assert list(tarheader.unaligned_headers(content)) == plain


@pytest.mark.parametrize(
    ("offset", "magic", "variant"),
    [
        (257, b"ustar\x0000", "POSIX ustar"),
        (257, b"ustar  \0", "GNU tar"),
        (257, b"ustar!", "ustar with an odd ending"),
        (257, bytes(6), "v7 (NULs)"),
        (508, b"tar\0", "star (tail)"),
        (257, b"NOTTAR", None),
    ],
)
def test_magic_is_named(offset: int, magic: bytes, variant: str | None) -> None:
    block = sentinel.canonical_sentinel()
    assert tarheader.tar_magic(block[:offset] + magic + block[offset + len(magic) :]) == variant


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x5f\x2a\x4d\x18", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh1", "bzip2"),
        (b"BZh0", None),
        (b"", None),
        (b"\0\x1f\x8b", None),
    ],
)
def test_compression_is_named(content: bytes, name: str | None) -> None:
    assert sentinel.compression(content) == name


def test_words_are_whole_words() -> None:
    assert sentinel.missing_words(b"\0never a Tar; use TOCs") == ()
    assert sentinel.missing_words(b"NOTTARThis stocks nevermore") == ("TOC", "NEVER", "tar")


@pytest.mark.parametrize(
    ("content", "offsets"),
    [
        (b"", [0]),
        (bytes(512), [0]),
        (sentinel.canonical_sentinel(), []),
        (sentinel.canonical_sentinel()[:511], []),
        (sentinel.canonical_sentinel() + ustar(), [512]),
        (sentinel.canonical_sentinel() + b"-" + ustar(), [513]),
    ],
    ids=["empty", "zeros", "canonical", "short", "tar after it", "unaligned tar after it"],
)
def test_readings_as_tar_name_their_offsets(content: bytes, offsets: list[int]) -> None:
    assert [offset for offset, _ in sentinel.readings_as_tar(content)] == offsets
