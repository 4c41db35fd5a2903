"""Which blocks readers accept as a tar header: sums, checksum field, magic. Pure, over 512-byte blocks.

Source: POSIX.1-1988 to -2017 (ustar, pax) for the fields, docs/format.md section 2 for the behaviour of readers.
Readers differ, and the most lenient reading counts here: no reader may accept a sentinel block.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

BLOCK: Final = 512
CHECKSUM: Final = slice(148, 156)
TYPE: Final = 156
TYPE_FLAG: Final = slice(156, 157)
MAGIC: Final = slice(257, 263)
PREFIX: Final = 345
STAR_TAIL: Final = slice(508, 512)

_NUMBER_START = " \t\n\v\f\r\0\ufeff"
_OCTAL = re.compile(r"([+-]?)(?:0[oO])?([0-7][0-7_]*)")  # 0o and _: Python's int(); signs: strtol, int()
_HEX = re.compile(r"()0?[xX]([0-9A-Fa-f][0-9A-Fa-f_]*)")  # Perl's oct()
_BINARY = re.compile(r"()0?[bB]([01][01_]*)")
_WORD = re.compile(rb"[0-9A-Za-z_]*")


class Reading(msgspec.Struct, frozen=True):
    """One number that a reader reads in the checksum field; ``how`` names the notation."""

    value: int
    how: str


class HeaderSums(msgspec.Struct, frozen=True):
    """The sums over the bytes of a header, unsigned and signed, with blanks for the checksum field."""

    unsigned: int
    signed: int

    def named(self) -> dict[int, str]:
        """Every value that a reader compares with; Archive::Tar uses only the low 16 bits of a sum."""
        return {
            self.signed % 65536: "the signed sum modulo 65536",
            self.unsigned % 65536: "the unsigned sum modulo 65536",
            self.signed: "the signed sum",
            self.unsigned: "the unsigned sum",
        }


def header_sums(block: bytes) -> HeaderSums:
    """The unsigned and the signed sum of a 512-byte header; ValueError for another length."""
    if len(block) != BLOCK:
        raise ValueError(f"a tar header has {BLOCK} bytes, not {len(block)}")
    rest = block[: CHECKSUM.start] + block[CHECKSUM.stop :]
    unsigned = sum(rest) + 8 * 0x20
    return HeaderSums(unsigned, unsigned - 256 * sum(byte > 0x7F for byte in rest))


def checksum_readings(field: bytes) -> tuple[Reading, ...]:
    """All numbers that readers read in an 8-byte checksum field.

    Octal after any blanks and NULs, up to the first other character, with or without sign; base-256 (GNU) as 63-bit,
    62-bit and 32-bit number and as two's complement; hexadecimal and binary (Archive::Tar uses Perl's ``oct``); and 0
    for a field without a number, as C's ``strtol`` returns it.
    """
    if field[0] & 0x80:
        whole = int.from_bytes(field, "big")
        found = [
            Reading(whole & (2**63 - 1), "base-256"),
            Reading(whole & (2**62 - 1), "base-256"),
            Reading(whole & (2**32 - 1), "base-256, low 32 bits"),
            Reading(whole - 2**64, "base-256, negative"),
        ]
    else:
        text = field.decode("utf-8", "replace").lstrip(_NUMBER_START).strip().partition("\0")[0]
        found = [
            Reading(int(match[1] + match[2].replace("_", ""), base), how)
            for pattern, base, how in ((_OCTAL, 8, "octal"), (_HEX, 16, "hexadecimal"), (_BINARY, 2, "binary"))
            if (match := pattern.match(text))
        ]
    return tuple(found) or (Reading(0, "no number, taken as 0"),)


Notation = Literal["octal", "octal after blanks", "octal after NUL", "octal and blanks", "base-256"]


def write_checksum(block: bytes, notation: Notation = "octal", *, signed: bool = False) -> bytes:
    """A 512-byte block with a right checksum field, for tests and invalid examples."""
    sums = header_sums(block)
    value = sums.signed if signed else sums.unsigned
    field = {
        "octal": b"%06o\0 " % value,
        "octal after blanks": b"  %05o\0" % value,
        "octal after NUL": b"\0%06o\0" % value,
        "octal and blanks": b"%06o  " % value,
        "base-256": b"\x80" + (value % 2**56).to_bytes(7, "big"),
    }[notation]
    return block[: CHECKSUM.start] + field + block[CHECKSUM.stop :]


def matching_checksum(block: bytes) -> str | None:
    """How the checksum field of a 512-byte block matches its sum ("octal 12918, the unsigned sum"), or None."""
    sums = header_sums(block).named()
    for reading in checksum_readings(block[CHECKSUM]):
        if reading.value in sums:
            return f"{reading.how} {reading.value}, {sums[reading.value]}"
    return None


def tar_magic(block: bytes) -> str | None:
    """The tar variant whose magic a 512-byte block has, or None.

    Readers compare "ustar" alone (bsdtar, busybox, 7z); v7 headers have NULs there, which busybox accepts as well; star
    has "tar" NUL at the end of the block.
    """
    magic = block[MAGIC]
    if magic == b"ustar\0":
        return "POSIX ustar"
    if magic == b"ustar ":
        return "GNU tar"
    if magic.startswith(b"ustar"):
        return "ustar with an odd ending"
    if magic == bytes(6):
        return "v7 (NULs)"
    if block[STAR_TAIL] == b"tar\0":
        return "star (tail)"
    return None


def is_unchecked_entry(block: bytes) -> bool:
    """Whether Archive::Tar reads a 512-byte block as an entry although its checksum is wrong.

    It verifies the checksum of regular files only. It accepts any other type (a digit from 1, or V; or a name that ends
    in a slash) when the last 12 bytes are NUL and the magic has word characters, blanks and NULs only (seen with 2.40).
    """
    magic = block[MAGIC].rstrip(b" \0").partition(b"\0")[0]
    if any(block[500:]) or not any(block) or not _WORD.fullmatch(magic):
        return False
    kind = block[TYPE_FLAG]
    if kind in b"123456789V":
        return True
    name = block[:100].partition(b"\0")[0]
    # Perl reads letters as the number 0, a file; a character that is not a word character becomes a file.
    return name.endswith(b"/")


def accepted_header(block: bytes) -> str | None:
    """Why a reader accepts a 512-byte block as a tar header, as text, or None if none does."""
    if (how := matching_checksum(block)) is not None:
        return f"its checksum field is right ({how})"
    if is_unchecked_entry(block):
        return "Archive::Tar reads it as an entry whose checksum it does not verify"
    return None


def blocks(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The complete 512-byte blocks of a blob with their offsets."""
    for offset in range(0, len(content) - BLOCK + 1, BLOCK):
        yield offset, content[offset : offset + BLOCK]


def unaligned_headers(content: bytes) -> Iterator[int]:
    """Offsets between block boundaries where a header with a right octal checksum begins, which cpio and 7z find."""
    if len(content) <= BLOCK:
        return
    unsigned = sum(content[:BLOCK])
    high = sum(byte > 0x7F for byte in content[:BLOCK])
    for offset in range(1, len(content) - BLOCK + 1):
        gone, came = content[offset - 1], content[offset + BLOCK - 1]
        unsigned += came - gone
        high += (came > 0x7F) - (gone > 0x7F)
        field = content[offset + CHECKSUM.start : offset + CHECKSUM.stop]
        if offset % BLOCK == 0 or not _OCTAL.match(field.decode("latin-1").lstrip(_NUMBER_START)):
            continue
        plain = unsigned - sum(field) + 8 * 0x20
        sums = (plain, plain - 256 * (high - sum(byte > 0x7F for byte in field)))
        if any(reading.value in sums for reading in checksum_readings(field) if reading.how == "octal"):
            yield offset
