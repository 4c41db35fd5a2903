"""Differences between two readings of a layer, or a reading and the bytes: counted by kind, the first recorded."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

MAX_KEPT: Final = 10
"""Discrepancies of one kind that are recorded; further ones are only counted."""


class Kind(StrEnum):
    """What differs."""

    NOT_IN_TOC = "not-in-toc"
    NOT_IN_TAR = "not-in-tar"
    ATTRIBUTE = "attribute"
    XATTR = "xattr"
    DIGEST = "digest"
    UNKNOWN_DIGEST = "unknown-digest"
    CHUNK_DIGEST = "chunk-digest"
    NOT_ZEROS = "not-zeros"
    TWICE = "twice"
    SPLIT_RECORDS = "split-records"
    SPLIT_BYTES = "split-bytes"
    SPLIT_CRC = "split-crc"
    PADDING = "padding"
    TRAILING = "trailing"
    SECOND_ARCHIVE = "second-archive"


class Discrepancy(msgspec.Struct, frozen=True):
    """One difference: ``what`` (a field, or a description) differs at ``name``; ``offset`` in the tar, -1 if none."""

    kind: Kind
    name: str
    what: str
    expected: str
    found: str
    offset: int = -1


class Discrepancies:
    """All discrepancies of one layer."""

    def __init__(self) -> None:
        self._kept: dict[Kind, list[Discrepancy]] = {}
        self._counts: dict[Kind, int] = {}

    def add(self, discrepancy: Discrepancy) -> None:
        """Count a discrepancy, and record it if it is one of the first of its kind."""
        kind = discrepancy.kind
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= MAX_KEPT:
            self._kept.setdefault(kind, []).append(discrepancy)

    def count(self, *kinds: Kind) -> int:
        """The number of discrepancies of these kinds."""
        return sum(self._counts.get(kind, 0) for kind in kinds)

    def of(self, *kinds: Kind) -> Iterator[Discrepancy]:
        """The recorded discrepancies of these kinds, kind by kind."""
        for kind in kinds:
            yield from self._kept.get(kind, ())


def both_shown(expected: bytes, found: bytes) -> tuple[str, str]:
    """Two different values as text; values whose texts are equal are shown as bytes from the first difference.

    Escaped or cut, two values can have one text.
    """
    texts = shown(expected), shown(found)
    if texts[0] != texts[1]:
        return texts
    at = next(
        (i for i, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), min(len(expected), len(found))
    )
    return _from(expected, at), _from(found, at)


def _from(value: bytes, at: int) -> str:
    return f"{len(value)} bytes; at byte {at}: {value[at : at + 16].hex(' ') or 'nothing'}"


def shown(name: bytes | str) -> str:
    """A name as text: cut, and with control characters and invalid UTF-8 escaped."""
    text = name if isinstance(name, str) else name.decode(errors="backslashreplace")
    text = text if len(text) <= 120 else text[:119] + "…"
    return repr(text)
