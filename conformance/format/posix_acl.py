"""POSIX access control lists in the two forms of a tar: text (SCHILY.acl.*) and the extended attribute of Linux.

Source: POSIX.1e draft 17 (text); linux/posix_acl_xattr.h (version 2, then tag, permissions and id of each entry).
"""

import struct
from typing import Final

Acl = frozenset[tuple[int, int, int | bytes]]
"""Tag, permissions and id of each entry; the id is a name where the text has no number, and -1 for owner and group."""

_HEAD: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")
_VERSION: Final = 2
_NOBODY: Final = 0xFFFFFFFF
_TAGS: Final = {(b"user", False): 1, (b"user", True): 2, (b"group", False): 4, (b"group", True): 8}
_PLAIN_TAGS: Final = {b"mask": 16, b"other": 32}
_LETTERS: Final = {0x72: 4, 0x77: 2, 0x78: 1, 0x2D: 0}
_MAX: Final = 2**16


def acl_of_xattr(value: bytes) -> Acl | None:
    """The list of an extended attribute system.posix_acl_access or _default; None for invalid input."""
    if len(value) > _MAX or len(value) % _ENTRY.size != _HEAD.size or _HEAD.unpack_from(value)[0] != _VERSION:
        return None
    entries = _ENTRY.iter_unpack(value[_HEAD.size :])
    return frozenset((tag, permissions, -1 if who == _NOBODY else who) for tag, permissions, who in entries)


def acl_of_text(text: bytes) -> Acl | None:
    """The list of a text such as ``user::rw-,user:1000:r--,other::---``; None for invalid input."""
    found: set[tuple[int, int, int | bytes]] = set()
    for line in text[:_MAX].replace(b"\n", b",").split(b","):
        fields = line.partition(b"#")[0].strip().split(b":")
        if fields == [b""]:
            continue
        if len(fields) not in (3, 4) or len(fields[2]) != 3:
            return None
        tag = _PLAIN_TAGS.get(fields[0]) or _TAGS.get((fields[0], bool(fields[1])))
        if tag is None or any(letter not in _LETTERS for letter in fields[2]):
            return None
        who = fields[3] if len(fields) > 3 else fields[1]  # bsdtar and star append the number
        found.add((tag, sum(_LETTERS[letter] for letter in fields[2]), _id(who)))
    return frozenset(found)


def _id(who: bytes) -> int | bytes:
    if not who:
        return -1
    return int(who) if who.isdigit() and len(who) < 11 else who
