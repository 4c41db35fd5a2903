"""Features of conforming archives that some readers do not support.

Requirements cannot prevent these differences: a name of 300 bytes needs a PAX or GNU record, and a reader without
support for it sees another name. Such a reader is not compared on an archive that uses the feature; where only owners
depend on it, everything else is compared. Measured: ``tests/readers``.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from conformance.format.tarheader import BLOCK, CHECKSUM, header_sums
from conformance.readers.reading import Reading


class Feature(StrEnum):
    """A feature of an archive."""

    PAX_PATH = "PAX path"
    PAX_LINK = "PAX linkpath"
    PAX_SIZE = "PAX size"
    PAX_OWNER = "PAX uid or gid"
    GNU_NAME = "GNU long name"
    GNU_LINK = "GNU long link"
    BOTH = "PAX and GNU extended headers in one archive"
    NO_RECORDS = "an extended header without records"
    BASE256 = "a number in base-256"
    BLANK = "a number that a blank ends"


_ALL: Final = frozenset(Feature)
_EXTENDED: Final = _ALL - {Feature.BLANK}
LIMITS: Final[Mapping[str, frozenset[Feature]]] = {
    "Perl Archive::Tar": _EXTENDED - {Feature.GNU_NAME},
    "node tar-stream": frozenset({Feature.PAX_OWNER}),
    "busybox tar": frozenset({Feature.PAX_OWNER}),
    "cpio": _ALL,
}
_OWNERS: Final = frozenset({Feature.PAX_OWNER})
_RECORDS: Final = {
    Feature.PAX_PATH: re.compile(rb"\d path="),
    Feature.PAX_LINK: re.compile(rb"\d linkpath="),
    Feature.PAX_SIZE: re.compile(rb"\d size="),
    Feature.PAX_OWNER: re.compile(rb"\d [ug]id="),
}
_BLANK: Final = re.compile(rb"[0-7] ")
_CHECKSUM: Final = re.compile(rb"[ \0]*([0-7]{1,7})[ \0]")
_PAX: Final = ord("x")
_NUMBERS: Final = (100, 108, 116, 124, 136)
_FLAGS: Final = {ord("L"): Feature.GNU_NAME, ord("K"): Feature.GNU_LINK}


def features_of(tar: bytes) -> frozenset[Feature]:
    """The features of the archive; content that looks like a record or a header counts too."""
    found = {feature for feature, pattern in _RECORDS.items() if pattern.search(tar)}
    has_pax = False
    for start in range(0, len(tar) - BLOCK + 1, BLOCK):
        if _is_header(tar, start):
            if (flag := _FLAGS.get(tar[start + 156])) is not None:
                found.add(flag)
            if tar[start + 156] == _PAX:
                has_pax = True
                if not tar[start + 124 : start + 136].strip(b"0 \0"):
                    found.add(Feature.NO_RECORDS)
            if any(tar[start + field] & 0x80 for field in _NUMBERS):
                found.add(Feature.BASE256)
            if _BLANK.search(tar, start + 100, start + 156):
                found.add(Feature.BLANK)  # libarchive writes this form; cpio reads the blank as a digit
    if has_pax and found & {Feature.GNU_NAME, Feature.GNU_LINK}:
        found.add(Feature.BOTH)  # Archive::Tar loses a long name before a PAX header; no writer mixes them
    return frozenset(found)


def _is_header(tar: bytes, start: int) -> bool:
    """Whether a header is here: with a magic, or of the form v7, which the checksum alone shows."""
    if tar[start + 257 : start + 262] == b"ustar":
        return True
    checksum = _CHECKSUM.match(tar, start + CHECKSUM.start, start + CHECKSUM.stop)
    return checksum is not None and int(checksum[1], 8) == header_sums(tar[start : start + BLOCK]).unsigned


def comparable(tar: bytes, readings: Mapping[str, Reading]) -> dict[str, Reading]:
    """The comparable readings: without attributes, or readers, for which the archive uses an unsupported feature."""
    used = features_of(tar)
    known = ((name, without_unknown(name, reading, used)) for name, reading in readings.items())
    return {name: reading for name, reading in known if reading is not None}


def without_unknown(name: str, reading: Reading, used: frozenset[Feature]) -> Reading | None:
    """The reading, without owners where its reader does not support them; None where it lacks another feature."""
    unknown = used & LIMITS.get(name, frozenset())
    if unknown - _OWNERS:
        return None
    if not unknown:
        return reading
    members = tuple(msgspec.structs.replace(member, uid=None, gid=None) for member in reading.members)
    return msgspec.structs.replace(reading, members=members)
