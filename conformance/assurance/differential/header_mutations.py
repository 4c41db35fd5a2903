"""Edits of one header block: numbers in unusual forms, magic, type, names, and the bytes after the fields."""

from collections.abc import Callable
from random import Random
from typing import Final

from conformance.assurance.differential.draft import SPELLINGS, Draft, Piece

Mutation = Callable[[Random, Draft], None]

NUMBERS: Final = {
    "mode": slice(100, 108),
    "uid": slice(108, 116),
    "gid": slice(116, 124),
    "size": slice(124, 136),
    "mtime": slice(136, 148),
    "devmajor": slice(329, 337),
    "devminor": slice(337, 345),
}
_MAGICS: Final = (
    b"ustar\x0000",
    b"ustar  \0",
    b"ustar \x00\x00",
    b"ustar\x00\x00\x00",
    b"ustar00\0",
    b"ustar\x0001",
    b"ustar\x00  ",
    b"ustar   ",
    b"ustarzzz",
    bytes(8),
    b"USTAR\x0000",
    b"ustar \x0000",
    b"\x00\x00\x00\x00\x00\x0000",
)
_FLAGS: Final = b"\x000123456789ADEFIKLMNSVXZagxs\x80\xff "
_NAMES: Final = (
    b"a",
    b"a/",
    b"a//b",
    b"./a",
    b"/a",
    b"../a",
    b"a/../b",
    b"a/.",
    b".",
    b"./",
    b"/",
    b"",
    b"a\0b",
    b"a/\0",
    b"dir/\0x",
    b"a\\b",
    b"a\nb",
    b" a",
    b"a ",
    b"a -> b",
    b"n" * 99 + b"/",
    b"n" * 100,
    b"caf\xc3\xa9",
    b"cafe\xcc\x81",
    b"\xff\xfe",
    b"\xef\xbb\xbfa",
    b"dir/file",
    b"PaxHeaders.0/a",
    b"././@LongLink",
)
_JUNK: Final = (b"\x01", b"x", b"\xff", b"tar\0", b"0000000\0", b"00000000001\0", b"prefix", b"\0\0\0x")


def number_in_odd_form(random: Random, field: bytes, value: int) -> bytes:
    """``value`` in a form that writers seldom or never use, with the length of the field."""
    width = len(field)
    octal = b"%o" % value
    forms = (
        octal.rjust(width - 1, b"0") + b"\0",
        octal.rjust(width - 1, b"0") + b" ",
        octal.rjust(width, b"0"),
        octal.rjust(width - 2, b"0") + b" \0",
        octal.rjust(width - 1) + b"\0",
        octal.ljust(width, b"\0"),
        octal.ljust(width, b" "),
        b"\0" + octal.rjust(width - 2, b"0") + b"\0",
        b" " + octal.rjust(width - 2, b"0") + b"\0",
        bytes(width),
        b" " * width,
        b" " * (width - 1) + b"\0",
        b"-" + octal.rjust(width - 2, b"0") + b"\0",
        b"+" + octal.rjust(width - 2, b"0") + b"\0",
        b"0x" + b"%x" % value,
        b"%d" % value,
        octal + b"\0" + b"7" * width,
        octal + b" 7",
        octal + b"x",
        octal[:1] + b" " + octal[1:],
        octal[:1] + b"\0" + octal[1:],
        b"8" + octal,
        octal + b"9",
        b"0o" + octal,
        b"\x80" + value.to_bytes(width - 1, "big"),
        b"\xff" + b"\xff" * (width - 1),
        b"\xff" + (256 ** (width - 1) - max(value, 1)).to_bytes(width - 1, "big"),
        b"\x81" + value.to_bytes(width - 1, "big"),
        b"\xc0" + value.to_bytes(width - 1, "big"),
        b"\x80" + b"\x7f" + bytes(width - 3) + b"\x01",
        b"\x80" + b"\x01" + bytes(width - 2),
        b"\xb0" + octal.rjust(width - 1, b"0"),
        b"\x01" + octal,
        b"\t" + octal,
        b"\n" + octal + b"\n",
        b"7" * width,
        b"4" + b"0" * (width - 2) + b"\0",
    )
    return random.choice(forms).ljust(width, b"\0")[:width]


def _piece(random: Random, draft: Draft) -> Piece:
    return random.choice(draft.pieces)


def change_number(random: Random, draft: Draft) -> None:
    """Change one number field of any header, often only its form."""
    piece = _piece(random, draft)
    where = random.choice(tuple(NUMBERS.values()))
    old = bytes(piece.header[where])
    value = random.choice((_value(old), _value(old), _value(old), 0, 1, 8, 512, 1000))
    piece.header[where] = number_in_odd_form(random, old, value)


def change_size(random: Random, draft: Draft) -> None:
    """Change the size: the following bytes are then content to one reader and headers to another."""
    piece = _piece(random, draft)
    value = random.choice((0, 1, 511, 512, 513, 1024, len(piece.payload), len(piece.payload) + 512, 1536, 2048))
    if random.random() < 0.5:
        piece.header[124:136] = b"%011o\0" % value
    else:
        piece.header[124:136] = number_in_odd_form(random, bytes(piece.header[124:136]), value)


def change_magic(random: Random, draft: Draft) -> None:
    _piece(random, draft).header[257:265] = random.choice(_MAGICS)


def change_flag(random: Random, draft: Draft) -> None:
    piece = _piece(random, draft)
    piece.header[156] = random.choice(_FLAGS)
    if random.random() < 0.3 and not piece.header[157]:
        piece.header[157:165] = b"target\0\0"


def change_name(random: Random, draft: Draft) -> None:
    name = random.choice(_NAMES)
    _piece(random, draft).header[0:100] = name.ljust(100, b"\0")[:100]


def change_link(random: Random, draft: Draft) -> None:
    link = random.choice(_NAMES)
    _piece(random, draft).header[157:257] = link.ljust(100, b"\0")[:100]


def change_prefix(random: Random, draft: Draft) -> None:
    prefix = random.choice((b"p", b"p/", b"/p", b"..", b"p\0q", b"p" * 155, b"", b"./", b"p/q", b"1" * 12 + b"\0"))
    _piece(random, draft).header[345:500] = prefix.ljust(155, b"\0")[:155]


def change_owner_names(random: Random, draft: Draft) -> None:
    name = random.choice((b"root", b"", b"r\0x", b"u" * 32, b"\xff", b"caf\xc3\xa9", b" ", b"0"))
    start = random.choice((265, 297))
    _piece(random, draft).header[start : start + 32] = name.ljust(32, b"\0")[:32]


def change_tail(random: Random, draft: Draft) -> None:
    """Change the times, offset or sparse map of old GNU tar, the tail of star, or the padding after the prefix."""
    start = random.choice((345, 357, 369, 381, 385, 386, 398, 410, 475, 476, 482, 483, 488, 495, 500, 508, 511))
    junk = random.choice(_JUNK)
    piece = _piece(random, draft)
    piece.header[start : start + len(junk)] = junk
    del piece.header[512:]


def change_byte(random: Random, draft: Draft) -> None:
    piece = _piece(random, draft)
    piece.header[random.randrange(512)] = random.choice((0, 32, 47, 48, 49, 55, 56, 128, 255, random.randrange(256)))


def behind_the_name(random: Random, draft: Draft) -> None:
    """Write bytes after the NUL that ends a text field."""
    start, width = random.choice(((0, 100), (157, 100), (265, 32), (297, 32), (345, 155)))
    piece = _piece(random, draft)
    end = piece.header.find(0, start, start + width)
    if 0 <= end < start + width - 1:
        piece.header[random.randrange(end + 1, start + width)] = random.choice(b"x/\x80 0")


def spell_checksum(random: Random, draft: Draft) -> None:
    _piece(random, draft).spelling = random.choice(SPELLINGS)


def _value(field: bytes) -> int:
    digits = field.split(b"\0")[0].strip(b" ")
    return int(digits, 8) if digits and not digits.translate(None, b"01234567") else 0


HEADER_MUTATIONS: Final[tuple[tuple[int, Mutation], ...]] = (
    (6, change_number),
    (4, change_size),
    (3, change_magic),
    (4, change_flag),
    (4, change_name),
    (2, change_link),
    (2, change_prefix),
    (1, change_owner_names),
    (2, change_tail),
    (2, change_byte),
    (2, behind_the_name),
    (1, spell_checksum),
)
"""The edits with their weights."""
