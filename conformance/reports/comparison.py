"""A comparison of two results: new failures, fixed failures, requirements no longer decided, other changes."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from conformance.reports.model import Report, SubjectReport
from conformance.requirements import Level
from conformance.results import RequirementResult, Verdict

Kind = Literal["new-failure", "undecided", "mended", "evidence", "verdict", "level", "added", "removed"]
KINDS: Final[tuple[Kind, ...]] = (
    *("new-failure", "undecided", "mended", "evidence", "verdict", "level", "added", "removed"),
)
SCHEMA_ID: Final = "urn:zstd-chunked-conformance:comparison:1"
_DECIDED: Final = frozenset({"pass", "fail", "waived"})


class Change(msgspec.Struct, frozen=True):
    """One requirement of one target that changed. ``before`` and ``after`` are None where it is missing."""

    kind: Kind
    subject: str
    id: str
    level: Level
    before: Verdict | None
    after: Verdict | None
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()


class Comparison(msgspec.Struct, frozen=True):
    """All changes, and what is only on one side. ``catalogue``: both name theirs, and they are not the same.

    ``named_otherwise`` are pairs of names of targets that were compared with each other nevertheless.
    """

    changes: tuple[Change, ...]
    compared: int
    catalogue: bool
    old_only: tuple[str, ...] = ()
    new_only: tuple[str, ...] = ()
    named_otherwise: tuple[tuple[str, str], ...] = ()
    schema: Literal["urn:zstd-chunked-conformance:comparison:1"] = SCHEMA_ID

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    @property
    def is_worse(self) -> bool:
        """A MUST fails that did not fail before."""
        return any(change.level == "MUST" for change in self.of("new-failure"))

    @property
    def lost(self) -> bool:
        """A MUST is no longer decided, or a target is missing."""
        return bool(self.old_only) or any(change.level == "MUST" for change in self.of("undecided"))


def compare(old: Report, new: Report) -> Comparison:
    """What changed from ``old`` to ``new``. Requirements that a partial run did not select are not changes."""
    pairs, old_only, new_only = pair_subjects(old, new)
    partial = old.partial or new.partial
    changes = [change for before, after in pairs for change in _changes(before, after, partial=partial)]
    changes.sort(key=lambda change: KINDS.index(change.kind))
    catalogues = {report.provenance.catalogue for report in (old, new) if report.provenance is not None}
    return Comparison(
        tuple(changes),
        sum(len(_shared(before, after)) for before, after in pairs),
        len(catalogues) > 1,
        old_only,
        new_only,
        tuple((before.subject, after.subject) for before, after in pairs if before.subject != after.subject),
    )


def pair_subjects(
    old: Report, new: Report
) -> tuple[list[tuple[SubjectReport, SubjectReport]], tuple[str, ...], tuple[str, ...]]:
    """Targets with the same name and role; then the only remaining ones of a role: the next version of a tool."""
    pairs, taken = [], set()
    left = {(each.subject, each.roles): each for each in old.subjects}
    for each in new.subjects:
        before = left.pop((each.subject, each.roles), None)
        if before is not None:
            pairs.append((before, each))
            taken.add((each.subject, each.roles))
    rest = [each for each in new.subjects if (each.subject, each.roles) not in taken]
    for each in list(rest):
        alike = [before for before in left.values() if before.roles == each.roles]
        if len(alike) == 1 and sum(other.roles == each.roles for other in rest) == 1:
            pairs.append((left.pop((alike[0].subject, alike[0].roles)), each))
            rest.remove(each)
    return pairs, tuple(each.subject for each in left.values()), tuple(each.subject for each in rest)


def _by_id(subject: SubjectReport) -> Mapping[str, RequirementResult]:
    return {result.id: result for result in subject.verdicts}


def _shared(before: SubjectReport, after: SubjectReport) -> set[str]:
    return set(_by_id(before)) & set(_by_id(after))


def _changes(before: SubjectReport, after: SubjectReport, *, partial: bool) -> Iterator[Change]:
    old, new = _by_id(before), _by_id(after)
    for name in sorted({*old, *new}):
        if partial and (name not in old or name not in new):
            continue
        change = _change(after.subject, old.get(name), new.get(name))
        if change is not None:
            yield change


def _change(subject: str, old: RequirementResult | None, new: RequirementResult | None) -> Change | None:
    known = new or old
    if known is None:
        return None
    before, after = (old.verdict if old else None), (new.verdict if new else None)
    was, now = _evidence(old), _evidence(new)
    gone, come = tuple(sorted(was - now)), tuple(sorted(now - was))
    kind = _kind(old, new, is_same=was == now)
    return Change(kind, subject, known.id, known.level, before, after, gone, come) if kind else None


def _kind(old: RequirementResult | None, new: RequirementResult | None, *, is_same: bool) -> Kind | None:
    if new is None:
        return "undecided" if old is not None and old.verdict == "fail" else "removed"
    if new.verdict == "fail" and (old is None or old.verdict != "fail"):
        return "new-failure"
    if old is None:
        return "added"
    if new.verdict == "not-run" and old.verdict in _DECIDED:
        return "undecided"
    if old.verdict in ("fail", "waived") and new.verdict in ("pass", "not-applicable"):
        return "mended"
    if old.verdict != new.verdict:
        return "verdict"
    if old.level != new.level:
        return "level"
    return None if is_same or new.verdict not in ("fail", "waived") else "evidence"


def _evidence(result: RequirementResult | None) -> set[str]:
    """The findings, without exchanges and times, which differ in every run."""
    telling = result.telling if result else ()
    return {" | ".join(filter(None, (each.where, each.message, each.expected, each.found))) for each in telling}
