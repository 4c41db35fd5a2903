"""The canonical form of one 512-byte tar header, field by field. Pure.

Source: POSIX.1-2017 pax, "ustar Interchange Format"; the GNU tar manual, "Basic Tar Format"; and how real readers were
seen to read other forms (docs/soundness.md, "Tar headers").
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from conformance.format.tar_faults import Flaw, TarRule, raw
from conformance.format.tarheader import BLOCK, PREFIX, TYPE, TYPE_FLAG

GNU_MAGIC: Final = b"ustar  \0"
USTAR_MAGIC: Final = b"ustar\x0000"
V7_MAGIC: Final = bytes(8)
EXTENSIONS: Final = b"xgLK"
LINKS: Final = b"12"
WITHOUT_CONTENT: Final = b"123456"
MAX_ID: Final = 2**32 - 1
"""For users, groups and device numbers: node-tar skips an entry with a number beyond 2**53."""
_BOUNDED: Final = ("uid", "gid", "devmajor", "devminor")
MAX_OCTAL_SIZE: Final = 8**11 - 1
"""The largest size that the octal field of a header can represent."""

_TYPES: Final = b"\x000123456xLK"
_OCTAL: Final = re.compile(rb" *([0-7]+)[ \0]*")
_EMPTY: Final = re.compile(rb"[ \0]*")
_CHECKSUM: Final = re.compile(rb" *[0-7]{1,7}[ \0]+")
_NUMBERS: Final = (
    ("mode", slice(100, 108)),
    ("uid", slice(108, 116)),
    ("gid", slice(116, 124)),
    ("size", slice(124, 136)),
    ("mtime", slice(136, 148)),
)
_DEVICES: Final = (("devmajor", slice(329, 337)), ("devminor", slice(337, 345)))
_TEXTS: Final = (
    ("name", slice(0, 100)),
    ("linkname", slice(157, 257)),
    ("uname", slice(265, 297)),
    ("gname", slice(297, 329)),
    ("prefix", slice(PREFIX, 500)),
)
_DEVICES_OF_V7: Final = re.compile(rb"(?:0{6,7}[ \0]+){2}")
_STAR_TIMES: Final = re.compile(rb"(?:[0-7]{11}[ \0]){1,2}\0*")
_PERMISSIONS: Final = 0o7777
ROOT: Final = b"root"
_ID_DIGITS: Final = 20

# The numbers, the checksum and the type of nearly every header match this; the rules below then hold for them.
_PLAIN: Final = re.compile(
    rb"0{3}[0-7]{4}\0[0-7]{7}\0[0-7]{7}\0[0-7]{11}\0[0-7]{11}\0[0-7]{6}\0 [\x000-6xLK]", re.DOTALL
)
_ZERO_TAIL: Final = bytes(BLOCK - PREFIX)
_ZERO_LINK: Final = bytes(100)
_MAX_CACHED: Final = 1024
_NAME_AND_MODE: Final = b"n".ljust(100, b"\0") + b"0000644\0"
_SIZE_TO_SUM: Final = b"00000000000\0" * 2 + b"000000\0 "


class HeaderRules:
    """Judges headers in order; remembers valid owners, magics and types, because they repeat."""

    def __init__(self) -> None:
        self._is_right = lru_cache(maxsize=_MAX_CACHED)(_is_right)

    def is_plain(self, block: bytes) -> bool:
        """Whether a header, and an entry of this header alone, is certainly valid: quick, and true for most headers.

        The checksum is not compared: where all bytes are ASCII the tar reader does that.
        """
        if not block.isascii() or _PLAIN.fullmatch(block, 100, 157) is None or block[PREFIX:] != _ZERO_TAIL:
            return False
        kind = block[TYPE]
        name = block[:100].rstrip(b"\0")
        if b"\0" in name or not name or (name[-1] == 0x2F and kind != 0x35):
            return False
        if kind in LINKS:
            if b"\0" in block[157:257].rstrip(b"\0") or block[157] == 0:
                return False
        elif block[157:257] != _ZERO_LINK:
            return False
        if kind in WITHOUT_CONTENT and block[124:135] != b"00000000000":
            return False
        # Fields that vary and were inspected are replaced by constants, so that the rest repeats.
        return self._is_right(
            _NAME_AND_MODE + block[108:124] + _SIZE_TO_SUM + block[156:157] + _ZERO_LINK + block[257:]
        )


def _is_right(block: bytes) -> bool:
    return not any(header_flaws(block))


def number_of(field: bytes) -> int | None:
    """The number in a field, octal or base-256; None for another form, 0 for an empty field."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big", signed=False) - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
    match = _OCTAL.fullmatch(field)
    if match is not None:
        return int(match[1], 8)
    return 0 if _EMPTY.fullmatch(field) else None


def is_v7(block: bytes) -> bool:
    """Whether a header has no magic."""
    return not any(block[257:265])


def text_of(field: bytes) -> bytes:
    """A text field up to its first NUL."""
    return field.partition(b"\0")[0]


def header_flaws(block: bytes) -> Iterator[Flaw]:
    """The violations in a header."""
    kind = block[TYPE_FLAG]
    yield from _numbers(block, kind)
    yield from _checksum(block)
    yield from _form(block)
    if kind not in _TYPES:
        expected = "0 to 6 or NUL for an entry, x, L or K before one"
        yield Flaw(TarRule.TYPE, "the type flag", expected, raw(kind), TYPE)
    yield from _texts(block)
    if kind in EXTENSIONS:
        yield from _extended(block)
    else:
        yield from _entry(block, kind)


def _extended(block: bytes) -> Iterator[Flaw]:
    """Rules for the header block of an extended header, in addition to those for all headers."""
    if is_v7(block):
        expected = "those of ustar or GNU tar: Rust's tar reads an extended header without them as an entry"
        yield Flaw(TarRule.MAGIC, "magic and version of an extended header", expected, "none: the form v7", 257)
    if not block[0]:
        expected = "a name: node-tar skips an extended header without one, busybox refuses it"
        yield Flaw(TarRule.NAME, "the name of an extended header", expected, "none", 0)
    if text_of(block[:100]).endswith(b"/"):
        expected = "no slash at its end: commons-compress and Archive::Tar read a directory"
        yield Flaw(TarRule.SLASH, "the name of an extended header", expected, raw(text_of(block[:100])))
    if block[157]:
        expected = "none: node-tar skips an extended header with one"
        yield Flaw(
            TarRule.EXTENDED_LINK, "the link name of an extended header", expected, raw(text_of(block[157:257])), 157
        )


def _numbers(block: bytes, kind: bytes) -> Iterator[Flaw]:
    fields = _NUMBERS if is_v7(block) else (*_NUMBERS, *_DEVICES)
    for what, where in fields:
        field = block[where]
        value = number_of(field)
        if value is None or (field[0] & 0x80 and not _is_due(what, field, value)):
            expected = "octal digits, then blanks or NULs, or base-256 for what these cannot represent"
            yield Flaw(TarRule.NUMBER, f"the field {what}", expected, raw(field), where.start)
        elif what in _BOUNDED and value > MAX_ID:
            yield Flaw(TarRule.NUMBER, f"the field {what}", f"at most {MAX_ID}", str(value), where.start)
        elif _EMPTY.fullmatch(field) and what not in ("devmajor", "devminor"):
            is_due = what == "size" or (what == "mode" and kind not in EXTENSIONS)
            rule = TarRule.NUMBER if is_due else TarRule.EMPTY_OWNER
            yield Flaw(rule, f"the field {what}", "a number", "nothing", where.start)
        elif b" " in field and _EMPTY.fullmatch(field):
            yield Flaw(TarRule.EMPTY_OWNER, f"the field {what}", "a number, or NULs", "blanks", where.start)


def _is_due(what: str, field: bytes, value: int) -> bool:
    """Whether a number needs base-256: it exceeds the octal field, or is a negative time."""
    if value < 0:
        return what == "mtime" and value >= -(2**63)
    return what != "mode" and 8 ** (len(field) - 1) <= value < 2**63


def _checksum(block: bytes) -> Iterator[Flaw]:
    field = block[148:156]
    if not _CHECKSUM.fullmatch(field):
        yield Flaw(TarRule.CHECKSUM, "the checksum", "up to 7 octal digits, then NUL or blank", raw(field), 148)
        return
    if block.isascii():
        return  # the tar reader compares the unsigned sum
    unsigned, value = sum(block) - sum(field) + 8 * 0x20, number_of(field)
    if value != unsigned:
        expected = f"{unsigned:o}, the sum of unsigned bytes"
        yield Flaw(TarRule.CHECKSUM, "the checksum", expected, f"{value:o}" if value is not None else raw(field), 148)


def _form(block: bytes) -> Iterator[Flaw]:
    """Magic and version, and which fields they permit."""
    magic = block[257:265]
    end = {USTAR_MAGIC: 500, GNU_MAGIC: PREFIX, V7_MAGIC: 257}.get(magic)
    if end is None:
        yield Flaw(TarRule.MAGIC, "magic and version", "b'ustar\\x0000' or b'ustar  \\x00'", raw(magic), 257)
        return
    if is_v7(block):
        yield Flaw(TarRule.V7, "magic and version", "those of ustar or GNU tar", "none: the form v7", 257)
    rest = block[end:]
    if is_v7(block) and _DEVICES_OF_V7.fullmatch(block, 329, 345):
        rest = block[end:329] + bytes(16) + block[345:]  # GNU tar writes zeros in these fields
    if rest.strip(b"\0"):
        at = end + len(rest) - len(rest.lstrip(b"\0"))
        what = {500: "after the prefix (star)", PREFIX: "after the device numbers (old GNU, or a prefix)"}
        where = what.get(end, "behind the link name (v7 has no more fields)")
        yield Flaw(TarRule.TAIL, f"the bytes {where}", "NULs", raw(block[at:].rstrip(b"\0")), at)


def _texts(block: bytes) -> Iterator[Flaw]:
    for what, where in _TEXTS:
        field = block[where]
        text = text_of(field)
        if not field[len(text) :].strip(b"\0"):
            continue
        if what != "prefix":
            yield Flaw(TarRule.TEXT, f"the field {what}", "NULs after the text", raw(field), where.start + len(text))
        elif block[257:265] == USTAR_MAGIC:  # of the others: TarRule.TAIL
            yield _behind_the_prefix(block, len(text))


def _behind_the_prefix(block: bytes, length: int) -> Flaw:
    if _STAR_TIMES.fullmatch(block, 476, 500) and not block[PREFIX + length : 476].strip(b"\0"):
        return Flaw(TarRule.STAR_TIMES, "the field prefix", "NULs after the text", raw(block[476:500]), 476)
    return Flaw(TarRule.TEXT, "the field prefix", "NULs after the text", raw(block[PREFIX:]), PREFIX + length)


def owner_flaws(what: str, name: bytes, value: int, at: int) -> Iterator[Flaw]:
    """An owner name that contradicts the number: root, or for busybox a name in digits."""
    if name == ROOT and value:
        yield Flaw(TarRule.OWNER, f"the {what} root", "the number 0", str(value), at)
    elif name.isdigit() and (len(name) > _ID_DIGITS or int(name) != value):
        yield Flaw(TarRule.OWNER_DIGITS, f"the {what} {raw(name)}", f"the number {raw(name)}", str(value), at)


def _entry(block: bytes, kind: bytes) -> Iterator[Flaw]:
    """Rules for the header of an entry, but not of an extended header."""
    mode = number_of(block[100:108])
    if mode is not None and not 0 <= mode <= _PERMISSIONS:
        yield Flaw(TarRule.MODE, "the field mode", "permission bits only (0 to 7777)", f"{mode:o}", 100)
    for what, where, place in (("uname", slice(108, 116), 265), ("gname", slice(116, 124), 297)):
        value = number_of(block[where])
        if value is not None and not is_v7(block):
            yield from owner_flaws(what, text_of(block[place : place + 32]), value, place)
    if block[257:265] == USTAR_MAGIC and not block[0] and block[PREFIX]:
        yield Flaw(TarRule.ONLY_PREFIX, "the field name", "a name after the prefix", "none", 0)
    size = number_of(block[124:136])
    if kind in WITHOUT_CONTENT and size:
        yield Flaw(TarRule.NO_CONTENT, "the field size", f"0 for the type {kind.decode()}", str(size), 124)
    # A directory of the form v7, which has no type for directories.
    is_v7_directory = is_v7(block) and not size
    if kind == b"\0" and not is_v7_directory and text_of(block[:100]).endswith(b"/"):
        yield Flaw(
            TarRule.SLASH, "the field name", "no slash at its end beside the type NUL", raw(text_of(block[:100]))
        )
    if kind not in b"34" and any(number_of(block[where]) for _, where in _DEVICES):
        yield Flaw(
            TarRule.DEVICE, "the device numbers", "none on an entry that is not a device", raw(block[329:345]), 329
        )
