"""Decides what a case shows: wrong passes, false failures, and pairs of readers that differ."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from conformance.assurance.differential.judging import Verdict
from conformance.readers.agreement import Difference, difference, differing_pairs
from conformance.readers.limits import comparable
from conformance.readers.panel import TOC_READER
from conformance.readers.reading import Reading

TOC: Final = "the TOC"
_NAME: Final = frozenset({Difference.NAME, Difference.MEMBERS})
EXCUSED: Final[Mapping[str, Mapping[str, frozenset[Difference]]]] = {
    "SEC-012": {"Perl Archive::Tar": _NAME},
    "TAR-024": {"cpio": frozenset({Difference.SIZE})},
    "TAR-030": dict.fromkeys(("Rust tar", "Rust astral-tokio-tar", "Rust tar-core"), frozenset({Difference.TYPE})),
    "TAR-032": {"7-Zip": _NAME},
    "TAR-040": {"libarchive (bsdtar)": frozenset({Difference.LINK}), "node tar": _NAME},
    "TAR-041": {"node tar": _NAME | {Difference.LINK}, "Perl Archive::Tar": _NAME, "7-Zip": _NAME},
    "TAR-042": {"Perl Archive::Tar": _NAME},
    "TAR-044": {"node tar": _NAME | {Difference.LINK}},
    "TAR-045": {"busybox tar": frozenset({Difference.OWNER})},
    "TAR-046": {"Perl Archive::Tar": _NAME},
}
"""By SHOULD: the readers that may differ, and in what, because the SHOULD warns of it (docs/soundness.md, Excuses)."""

FaultKind = Literal["readers differ", "a reader differs from the TOC", "false failure"]
Pair = tuple[str, str, Difference]


class Fault(msgspec.Struct, frozen=True):
    """A wrong verdict on this archive. ``pairs`` are the readers that differ, ``failed`` the ids that fail."""

    kind: FaultKind
    pairs: tuple[Pair, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """The common part of faults of one kind: the attribute that differs, and the readers that agree."""
        if not self.pairs:
            return f"{self.kind}: {' '.join(self.failed)}"
        left = sorted({pair[0] for pair in self.pairs} | {pair[1] for pair in self.pairs})
        what = sorted({str(pair[2]) for pair in self.pairs})
        return f"{self.kind}: {', '.join(what)}: {', '.join(left)}"


class CaseResult(msgspec.Struct, frozen=True):
    """The result of one case. ``pairs``: all that differ, whatever the verdict; ``fault``: None for a right verdict."""

    pairs: tuple[Pair, ...]
    fault: Fault | None
    accepted: int


def compare_case(
    tar: bytes, verdict: Verdict, readings: Mapping[str, Reading], *, ordinary: bool = False
) -> CaseResult:
    """Compare the readings with each other and with the TOC, and check the verdict against them."""
    known = comparable(tar, readings)
    pairs = _pairs(known)
    accepted = sum(reading.accepts for reading in readings.values())
    fault: Fault | None = None
    if verdict.passes:
        against = tuple(
            (TOC, name, found)
            for name, reading in known.items()
            if reading.accepts and (found := difference(verdict.toc, reading)) is not None
        )
        counted = tuple(pair for pair in (*pairs, *against) if not verdict.should or _counts(pair, verdict.should))
        if any(pair[0] != TOC for pair in counted):
            fault = Fault("readers differ", counted, verdict.should)
        elif counted:
            fault = Fault("a reader differs from the TOC", counted, verdict.should)
    elif ordinary and not pairs:
        fault = Fault("false failure", failed=verdict.must or (verdict.unwritten,))
    return CaseResult(pairs, fault, accepted)


def refused_by_clients(readings: Mapping[str, Reading]) -> str:
    """Why the client library refuses TOC or tar-split; "" when it accepts them, or was not run."""
    reading = readings.get(TOC_READER)
    return "" if reading is None or reading.accepts else reading.refused or "crashed"


def _counts(pair: Pair, should: tuple[str, ...]) -> bool:
    """Whether a pair counts, given the SHOULDs that warn."""
    left, right, what = pair
    known = [EXCUSED.get(name, {}) for name in should]
    return not any(what in of.get(reader, ()) for of in known for reader in (left, right))


def _pairs(readings: Mapping[str, Reading]) -> tuple[Pair, ...]:
    accepting = [reading for reading in readings.values() if reading.accepts]
    if all(difference(accepting[0], other) is None for other in accepting[1:]):
        return ()  # one comparison each is sufficient for nearly all cases
    return tuple(differing_pairs(readings))
