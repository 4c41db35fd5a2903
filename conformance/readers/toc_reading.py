"""A TOC in the form of a reading, compared with the readings of real readers."""

from collections.abc import Mapping
from typing import Final

from conformance.format.discrepancy import Discrepancy, Kind, shown
from conformance.format.toc import Toc
from conformance.observed.layer import ReaderSeen
from conformance.readers.agreement import Difference, member_difference
from conformance.readers.limits import LIMITS, Feature, without_unknown
from conformance.readers.reading import Member, Reading, path_of

MAX_KEPT: Final = 5
"""Recorded differences of one reader; further ones are counted."""


def reading_of(toc: Toc) -> Reading:
    """The content of a TOC in the form of a reading."""
    return Reading(
        tuple(
            Member(
                entry.name.encode("utf-8", "surrogatepass").hex(),
                entry.type,
                entry.size,
                entry.mode,
                entry.uid,
                entry.gid,
                entry.link_name.encode("utf-8", "surrogatepass").hex(),
                digest=entry.digest.removeprefix("sha256:") or None,
            )
            for entry in toc.entries
            if entry.type != "chunk"
        )
    )


def beside(toc: Reading, name: str, version: str, reading: Reading, used: frozenset[Feature]) -> ReaderSeen:
    """The differences between a reading and the TOC of a layer; members are paired by their paths."""
    if not reading.accepts:
        return ReaderSeen(name, version, refused=reading.refused or "it ended")
    known = without_unknown(name, reading, used)
    if known is None:
        unknown = used & LIMITS.get(name, frozenset())
        return ReaderSeen(name, version, len(reading.members), limited=", ".join(sorted(unknown)))
    found = [*_differences(toc, known)]
    return ReaderSeen(name, version, len(reading.members), count=len(found), differences=tuple(found[:MAX_KEPT]))


def _differences(toc: Reading, reading: Reading) -> list[Discrepancy]:
    expected = {path_of(member.name): member for member in toc.members}
    found: list[Discrepancy] = []
    seen: set[bytes] = set()
    for member in reading.members:
        path = path_of(member.name)
        said = expected.get(path)
        if said is None:
            found.append(Discrepancy(Kind.NOT_IN_TOC, shown(path), "entry", "absent", _described(member)))
        elif path in seen:
            found.append(Discrepancy(Kind.TWICE, shown(path), "entry", "once", "twice"))
        elif (what := member_difference(said, member)) is not None:
            values = _values(said, what), _values(member, what)
            found.append(Discrepancy(Kind.ATTRIBUTE, shown(path), str(what), *values))
        seen.add(path)
    missing = [path for path in expected if path not in seen]
    found += [
        Discrepancy(Kind.NOT_IN_TAR, shown(path), "entry", _described(expected[path]), "absent") for path in missing
    ]
    return found


def _values(member: Member, what: Difference) -> str:
    values: Mapping[Difference, object] = {
        Difference.TYPE: member.kind,
        Difference.SIZE: member.size,
        Difference.CONTENT: f"sha256:{member.digest}" if member.digest else "empty",
        Difference.LINK: shown(bytes.fromhex(member.link or "")),
        Difference.MODE: "unknown" if member.mode is None else f"{int(member.mode) & 0o7777:04o}",
        Difference.OWNER: f"{member.uid}:{member.gid}",
    }
    return str(values.get(what, ""))


def _described(member: Member) -> str:
    return f"{member.kind} of {member.size} bytes"
