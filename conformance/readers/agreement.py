"""Differences between the readings of one archive, by pair of readers and by attribute."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import combinations
from typing import Final

from conformance.readers.reading import NOT_TOLD, Member, Reading, path_of

_MODE: Final = 0o7777
_LINKS: Final = ("symlink", "hardlink")
_MODELESS: Final = ("symlink", "hardlink")
"""Types of links, whose mode is that of the target, or undefined."""


class Difference(StrEnum):
    """The attribute that differs at one member; ``MEMBERS`` when one reader sees more members."""

    MEMBERS = "members"
    NAME = "name"
    TYPE = "type"
    SIZE = "size"
    CONTENT = "content"
    LINK = "link"
    MODE = "mode"
    OWNER = "owner"


def difference(one: Reading, other: Reading) -> Difference | None:
    """The first difference between two readings of an archive that both readers accept; times are ignored."""
    for left, right in zip(one.members, other.members, strict=False):
        if left is not right and (found := member_difference(left, right)) is not None:
            return found
    return None if len(one.members) == len(other.members) else Difference.MEMBERS


def member_difference(one: Member, other: Member) -> Difference | None:
    """The first difference between two views of one member."""
    if one == other:
        return None
    if path_of(one.name) != path_of(other.name):
        return Difference.NAME
    if NOT_TOLD in (one.kind, other.kind):
        return _owner_difference(one, other)
    if one.kind != other.kind:
        return Difference.TYPE
    if one.kind == "reg":
        if _differ(one.size, other.size):
            return Difference.SIZE
        if one.digest != other.digest and NOT_TOLD not in (one.digest, other.digest):
            return Difference.CONTENT
    if one.kind in _LINKS and _link(one) != _link(other):
        return Difference.LINK
    if one.kind not in _MODELESS and _differ(_bits(one.mode), _bits(other.mode)):
        return Difference.MODE
    return _owner_difference(one, other)


def _owner_difference(one: Member, other: Member) -> Difference | None:
    return Difference.OWNER if _differ(one.uid, other.uid) or _differ(one.gid, other.gid) else None


def differing_pairs(readings: Mapping[str, Reading]) -> Iterator[tuple[str, str, Difference]]:
    """Every pair of readers that accept the archive and differ, with the difference."""
    accepting = [(name, reading) for name, reading in readings.items() if reading.accepts]
    for (left, one), (right, other) in combinations(accepting, 2):
        if (found := difference(one, other)) is not None:
            yield left, right, found


def _link(member: Member) -> bytes:
    """The link target: the path of a member for a hard link, the text for a symbolic link."""
    link = member.link or ""
    return path_of(link) if member.kind == "hardlink" else bytes.fromhex(link)


def _bits(mode: float | None) -> int | None:
    return None if mode is None else int(mode) & _MODE


def _differ(one: float | None, other: float | None) -> bool:
    return one != other and one is not None and other is not None
