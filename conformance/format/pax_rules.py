"""The canonical form of the records of a PAX extended header. Pure.

Source: POSIX.1-2017 pax, "pax Extended Header"; what real readers were seen to do (docs/soundness.md, "Tar headers").
"""

import base64
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

from conformance.format.posix_acl import acl_of_text, acl_of_xattr
from conformance.format.tar_faults import Flaw, TarRule, raw
from conformance.format.tar_header_rules import MAX_ID

XATTR: Final = b"SCHILY.xattr."
_LIBARCHIVE: Final = b"LIBARCHIVE.xattr."
_SAID_AGAIN: Final = (_LIBARCHIVE, b"SCHILY.acl.")
_HEAD: Final = re.compile(rb"([1-9][0-9]{0,8}) ([^=\0\n \t][^=\0\n]*)=")
_LINE: Final = re.compile(rb"([0-9]{1,9}) [^=]+=")
_NUL_IN_KEY: Final = re.compile(rb"[0-9]+ [^=\0]{0,197}\0")
_DECIMAL: Final = re.compile(rb"[0-9]{1,20}")
_TIME: Final = re.compile(rb"-?[0-9]{1,20}(?:\.[0-9]*)?")
_IDS: Final = frozenset((b"uid", b"gid"))
_TIMES: Final = frozenset((b"mtime", b"atime", b"ctime"))
_PATHS: Final = frozenset((b"path", b"linkpath"))
_NAMES: Final = frozenset((b"path", b"linkpath", b"uname", b"gname"))
_NEVER_EMPTY: Final = frozenset((b"path", b"linkpath", b"uid", b"gid", b"size", b"mtime", b"atime", b"ctime"))

# Some readers change name, size, type or device by these keys, and others do not.
_FORBIDDEN: Final = (
    b"GNU.sparse.",
    b"GNU.volume.",
    b"GNU.dumpdir",
    b"SCHILY.realsize",
    b"SCHILY.devmajor",
    b"SCHILY.devminor",
    b"SCHILY.filetype",
    b"SUN.",
)
# Attributes that only some readers know and a TOC cannot represent; GNU tar and bsdtar write them on request.
_ATTRIBUTES: Final = (b"SCHILY.acl.", b"SCHILY.fflags", b"RHT.security.selinux", b"hdrcharset")
_MAX_SIZE: Final = 2**63 - 1
_MAX_FLAWS: Final = 100
Records = dict[bytes, bytes]


def records_of(content: bytes) -> tuple[Records, tuple[Flaw, ...]]:
    """The readable records (the last one of a repeated key), and what is not canonical in them."""
    records: Records = {}
    flaws: list[Flaw] = []
    position, said_twice = 0, False
    while position < len(content) and len(flaws) < _MAX_FLAWS:
        head = _HEAD.match(content, position)
        length = int(head[1]) if head else 0
        end = position + length
        if head is None or end > len(content) or content[end - 1] != 0x0A:
            flaws.append(_malformed(content, position))
            break
        key, value = head[2], content[head.end() : end - 1]
        if key in records and key != b"comment":
            flaws.append(Flaw(TarRule.KEY_TWICE, f"the record {raw(key)}", "each key once", "a repeated key", position))
        records[key] = value
        if not _is_plain(key, value):
            flaws += _record(key, value, position)
            said_twice = said_twice or key.startswith(_SAID_AGAIN)
        position = end
    if said_twice:
        flaws += _contradictions(records)
    return records, tuple(flaws)


def _is_plain(key: bytes, value: bytes) -> bool:
    """Whether it is a valid one of the most frequent records; this check is quick."""
    if key in _TIMES:
        return _TIME.fullmatch(value) is not None
    return key in _PATHS and value.isascii() and bool(value) and b"\0" not in value and b"\n" not in value


def _malformed(content: bytes, position: int) -> Flaw:
    if _NUL_IN_KEY.match(content, position):
        return Flaw(TarRule.NUL, "the key of a record", "no NUL", raw(content[position : position + 40]), position)
    expected = "length in decimal, blank, key, equals sign, value, newline"
    return Flaw(TarRule.SYNTAX, "a record", expected, raw(content[position : position + 40]), position)


def _record(key: bytes, value: bytes, position: int) -> Iterator[Flaw]:
    what = f"the record {raw(key)}"
    is_binary = key.startswith(XATTR)
    if b"\0" in value and not is_binary:
        yield Flaw(TarRule.NUL, what, "no NUL", raw(value), position)
    elif not value and key in _NEVER_EMPTY:
        yield Flaw(TarRule.EMPTY, what, "a value", "none", position)
    elif not value and key in _NAMES:
        yield Flaw(TarRule.EMPTY_OWNER, what, "a name, or no record", "none", position)
    elif key in _IDS or key == b"size":
        limit = MAX_ID if key in _IDS else _MAX_SIZE
        if not _DECIMAL.fullmatch(value) or int(value) > limit:
            yield Flaw(TarRule.DECIMAL, what, f"decimal digits, at most {limit}", raw(value), position)
        elif value[:1] == b"0" and value != b"0":
            yield Flaw(TarRule.LEADING_ZERO, what, "no leading zero", raw(value), position)
    elif key in _TIMES and not _TIME.fullmatch(value):
        yield Flaw(TarRule.TIME, what, "decimal seconds, such as 5, -5 or 5.25", raw(value), position)
    elif key in _NAMES and not _is_utf8(value):
        yield Flaw(TarRule.UTF8, what, "UTF-8", raw(value), position)
    if b"\n" in value:
        yield from _lines(what, key, value, position)
    if not is_binary and key.startswith(_FORBIDDEN):
        yield Flaw(
            TarRule.KEY, "a key of an extended header", "no key for which readers see another file", raw(key), position
        )
    elif not is_binary and key.startswith(_ATTRIBUTES):
        yield Flaw(
            TarRule.ATTRIBUTE_KEY,
            "a key of an extended header",
            "no key that a TOC cannot represent",
            raw(key),
            position,
        )


def _lines(what: str, key: bytes, value: bytes, position: int) -> Iterator[Flaw]:
    """node-tar and Archive::Tar read a line as a record, whatever its length field states."""
    if any((match := _LINE.match(line)) and int(match[1]) == len(line) + 1 for line in value.split(b"\n")[1:]):
        yield Flaw(TarRule.RECORD_INSIDE, what, "no line in the form of a record", raw(value), position)
    elif key in _NAMES:
        yield Flaw(TarRule.NEWLINE, what, "no newline", raw(value), position)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _contradictions(records: Records) -> Iterator[Flaw]:
    """Extended attributes that two records state, with different values."""
    for key, value in records.items():
        if key.startswith(_LIBARCHIVE):
            name = unquote_to_bytes(key.removeprefix(_LIBARCHIVE))
            said = records.get(XATTR + name)
            if said is None or _base64(value) != said:
                expected = "absent" if said is None else f"the value of {raw(XATTR + name)}"
                yield Flaw(TarRule.XATTR, f"the record {raw(key)}", expected, raw(value))
    for kind in (b"access", b"default"):
        text, binary = records.get(b"SCHILY.acl." + kind), records.get(XATTR + b"system.posix_acl_" + kind)
        if text is not None and binary is not None and not _same_acl(text, binary):
            expected = f"the value of the extended attribute system.posix_acl_{kind.decode()}"
            yield Flaw(TarRule.XATTR, f"the record SCHILY.acl.{kind.decode()}", expected, raw(text))


def _same_acl(text: bytes, binary: bytes) -> bool:
    said = acl_of_text(text)
    return said is not None and said == acl_of_xattr(binary)


def _base64(value: bytes) -> bytes | None:
    """libarchive writes base64 without padding."""
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except ValueError:
        return None
