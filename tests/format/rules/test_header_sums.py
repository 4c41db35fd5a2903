"""Headers between block boundaries, which cpio and 7z find, and sums with bytes at the edge of the signed ones."""

from itertools import product

import pytest

from conformance.checks.artifact.layer_tar import faults_of
from conformance.format.tar_faults import TarRule
from conformance.format.tarheader import (
    BLOCK,
    CHECKSUM,
    checksum_readings,
    header_sums,
    is_unchecked_entry,
    matching_checksum,
    tar_magic,
    unaligned_headers,
    write_checksum,
)
from tests.checks.judged.layers import whole


def header(fill: bytes, end: bytes, *, signed: bool) -> bytes:
    """A block of these bytes whose checksum field is right: six digits, and ``end`` behind them."""
    block = (b"evil" + fill).ljust(BLOCK, b"\0")
    sums = header_sums(block)
    field = (b"%06o" % (sums.signed if signed else sums.unsigned)) + end.ljust(2, b"\0")
    return block[: CHECKSUM.start] + field + block[CHECKSUM.stop :]


def by_each_block(content: bytes) -> list[int]:
    """The same by the sums of each block alone."""
    found = []
    for offset in range(1, len(content) - BLOCK + 1):
        block = content[offset : offset + BLOCK]
        sums = header_sums(block)
        octal = [reading.value for reading in checksum_readings(block[CHECKSUM]) if reading.how == "octal"]
        if offset % BLOCK and {sums.unsigned, sums.signed} & set(octal):
            found.append(offset)
    return found


EDGES = (b"\x7f", b"\x80", b"\x81", b"\xff", b"\x7e\x80\x01\xff")
ENDS = (b"\0 ", b" \0", b"\0\xff", b"\0\x80", b"\0\x7f")


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("before", [b"-", b"\x7f", b"\x80" * 3, b"\xff\x00\x80" * 300, b"\x81" * 511, b"-" * 513])
def test_a_header_is_found_at_any_byte(before: bytes, signed: bool) -> None:
    for fill, end in product(EDGES, ENDS):
        made = header(fill, end, signed=signed)
        assert matching_checksum(made) is not None
        content = before + made + b"\x80\x7f\xff"
        found = list(unaligned_headers(content))
        assert len(before) in found
        assert found == by_each_block(content), (fill, end)
        wrong = bytearray(content)
        wrong[len(before)] ^= 1
        assert len(before) not in list(unaligned_headers(bytes(wrong)))


def test_a_header_at_a_block_boundary_is_another_rule() -> None:
    made = header(b"\x80", b"\0 ", signed=False)
    assert list(unaligned_headers(made)) == []
    assert list(unaligned_headers(bytes(512) + made)) == []
    assert list(unaligned_headers(bytes(511) + made)) == [511]
    assert list(unaligned_headers(bytes(513) + made + made)) == [513, 1025]


@pytest.mark.parametrize("byte", [0x7E, 0x7F, 0x80, 0x81, 0xFF])
def test_signed_and_unsigned_sums_differ_from_0x80_on(byte: int) -> None:
    sums = header_sums(bytes([byte]) + bytes(511))
    assert sums.unsigned == 256 + byte
    assert sums.signed == 256 + byte - (256 if byte >= 0x80 else 0)
    # The checksum field counts as blanks, whatever is in it.
    assert header_sums(bytes(148) + bytes([byte]) * 8 + bytes(356)).unsigned == 256


@pytest.mark.parametrize(
    ("field", "match"),
    [
        (b"0221734\0", "octal 74716, the unsigned sum"),
        (b"0021734\0", "octal 9180, the unsigned sum modulo 65536"),
        (b"-000044\0", "octal -36, the signed sum"),
        (b"0177734\0", "octal 65500, the signed sum modulo 65536"),
        (b"0221735\0", None),
        (b"0000044\0", None),
    ],
)
def test_a_checksum_names_the_sum_that_it_is(field: bytes, match: str | None) -> None:
    """Archive::Tar compares 16 bits, which differ from a sum of 65,536 or more, and from one that is negative."""
    block = (b"\xff" * 300).ljust(BLOCK, b"\0")
    assert matching_checksum(block[: CHECKSUM.start] + field + block[CHECKSUM.stop :]) == match


@pytest.mark.parametrize("size", [0, 1, 511, 513])
def test_a_block_of_another_length_has_no_sum(size: int) -> None:
    with pytest.raises(ValueError, match=f"a tar header has 512 bytes, not {size}"):
        header_sums(bytes(size))


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (b"0012345\0", {("octal", 0o12345)}),
        (b"\0 012345", {("octal", 0o12345)}),
        (b"-012345\0", {("octal", -0o12345)}),
        (b"+1_2\0\0\0\0", {("octal", 0o12)}),
        (b"0o17\0\0\0\0", {("octal", 0o17)}),
        (b"0x1f\0\0\0\0", {("octal", 0), ("hexadecimal", 0x1F)}),
        (b"x1f\0\0\0\0\0", {("hexadecimal", 0x1F)}),
        (b"0b11\0\0\0\0", {("octal", 0), ("binary", 3)}),
        (b"12\x0034\0\0\0", {("octal", 0o12)}),
        (b"8\0\0\0\0\0\0\0", {("no number, taken as 0", 0)}),
        (b"\0" * 8, {("no number, taken as 0", 0)}),
    ],
)
def test_the_numbers_that_readers_see_in_a_checksum_field(field: bytes, values: set[tuple[str, int]]) -> None:
    assert {(reading.how, reading.value) for reading in checksum_readings(field)} == values


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (b"\x80" + bytes(6) + b"\x05", {5, 5 - 2**63}),
        (b"\xff" * 8, {2**63 - 1, 2**62 - 1, 2**32 - 1, -1}),
        (b"\xc0" + bytes(7), {2**62, 0, -(2**62)}),
    ],
)
def test_the_numbers_in_base_256(field: bytes, values: set[int]) -> None:
    assert {reading.value for reading in checksum_readings(field)} == values


@pytest.mark.parametrize(
    ("at", "content", "variant"),
    [
        (257, b"ustar\0", "POSIX ustar"),
        (257, b"ustar ", "GNU tar"),
        (257, b"ustarx", "ustar with an odd ending"),
        (257, b"ustax\0", None),
        (257, b"\0" * 6, "v7 (NULs)"),
        (257, b"\0" * 5 + b"x", None),
        (508, b"tar\0", "star (tail)"),
        (508, b"tarx", None),
        (507, b"tar\0", None),
    ],
)
def test_the_magic_of_each_variant(at: int, content: bytes, variant: str | None) -> None:
    block = bytearray(b"x" * BLOCK)
    block[at : at + len(content)] = content
    assert tar_magic(bytes(block)) == variant


@pytest.mark.parametrize("notation", ["octal", "octal after blanks", "octal after NUL", "octal and blanks", "base-256"])
def test_a_checksum_is_written_in_each_notation(notation: str) -> None:
    for signed, which in ((False, "the unsigned sum"), (True, "the signed sum")):
        made = write_checksum(b"a\xff".ljust(BLOCK, b"\0"), notation, signed=signed)  # type: ignore[arg-type]
        match = matching_checksum(made)
        assert match is not None
        assert match.endswith(which)
        assert len(made) == BLOCK


def entry(name: bytes = b"", kind: bytes = b"5", magic: bytes = b"NOTTAR", end: bytes = b"") -> bytes:
    block = bytearray(BLOCK)
    block[: len(name)] = name
    block[156:157] = kind
    block[257 : 257 + len(magic)] = magic
    block[BLOCK - len(end) :] = end or block[BLOCK:]
    return bytes(block)


@pytest.mark.parametrize(
    ("block", "taken"),
    [
        *((entry(kind=bytes([kind])), chr(kind) in "123456789V") for kind in b"0123456789LKVgx\0a"),
        (entry(name=b"a/", kind=b"a"), True),
        (entry(name=b"a/\0b", kind=b"a"), True),
        (entry(name=b"a/b", kind=b"a"), False),
        (entry(name=b"a" * 99 + b"/", kind=b"0"), True),
        (entry(name=b"a" * 100 + b"/", kind=b"0"), False),
        (entry(magic=b"ustar "), True),
        (entry(magic=b"a b"), False),
        (entry(magic=b"a\0-"), True),
        (entry(magic=b"-"), False),
        (entry(end=b"x"), False),
        (entry(end=b"x" + bytes(11)), False),
        (entry(end=b"x" + bytes(12)), True),
        (bytes(BLOCK), False),
    ],
)
def test_what_archive_tar_takes_for_an_entry(block: bytes, taken: bool) -> None:
    assert is_unchecked_entry(block) is taken


def test_a_tar_that_ends_early_has_no_faults_at_its_end() -> None:
    broken = whole(problem="the frames end early")
    assert faults_of(broken, TarRule.END) == (0, ())
    assert faults_of(broken, TarRule.ORPHAN) == (0, ())
