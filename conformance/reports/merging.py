"""Several results as one: roles of a tool, machines, shards of a run. Results that do not belong together are
refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import msgspec

from conformance import checks
from conformance.observed.printable import safe
from conformance.reports.model import Report, SubjectReport, run_report, subject_report
from conformance.reports.power import Property
from conformance.requirements import Profile, definition_of, find_checks, ids_of, load_catalogue
from conformance.results import RequirementResult, merge

Parts = Sequence[tuple[str, Report]]


class _Member(msgspec.Struct, frozen=True):
    """One target of one of the results; ``of_whole``: of a run without a selection of tests."""

    name: str
    subject: SubjectReport
    of_whole: bool


class MergeError(Exception):
    """One line: which results do not belong together, and why."""


def merge_reports(parts: Parts) -> Report:
    """One report of several, each with a name for messages. Raises MergeError.

    Results belong together when version and catalogue are equal, and the identity of each target that has one. A
    requirement that several decided gets the more severe verdict, and a note where they differ.
    """
    if len(parts) < 2:  # one result is not a merge, and probably an error
        raise MergeError("give at least two results")
    _refuse_strangers(parts)
    first = parts[0][1]
    grouped: dict[tuple[str, tuple[str, ...]], list[_Member]] = {}
    for name, report in parts:
        for subject in report.subjects:
            member = _Member(name, subject, not report.partial)
            grouped.setdefault((subject.subject, subject.roles), []).append(member)
    merged, open_parts = [], False
    for members in grouped.values():
        subject, is_whole = _merged(members, parts)
        merged.append(subject)
        open_parts = open_parts or not is_whole
    whole = run_report(
        tuple(merged),
        started=min(report.started for _, report in parts),
        elapsed=round(sum(report.elapsed for _, report in parts), 3),
        revision=first.revision,
        partial=open_parts,
        stopped="; ".join(dict.fromkeys(report.stopped for _, report in parts if report.stopped)),
        interrupted=any(report.interrupted for _, report in parts),
        provenance=first.provenance,
        power=tuple(_distinct(each for _, report in parts for each in report.power)),
    )
    return msgspec.structs.replace(whole, tool=first.tool)


def _distinct(properties: Iterable[Property]) -> Iterator[Property]:
    """Each once: the control of the suite's own checks is the same in every part."""
    seen: list[Property] = []
    for each in properties:
        if each not in seen:
            seen.append(each)
            yield each


def _refuse_strangers(parts: Parts) -> None:
    for (one, first), (other, second) in combinations(parts, 2):
        for what, left, right in (
            ("version", first.tool.version, second.tool.version),
            ("format revision", first.revision, second.revision),
            ("edition of results", first.schema, second.schema),
            ("catalogue", _catalogue(first), _catalogue(second)),
            ("set of waivers", _waivers(first), _waivers(second)),
        ):
            if left != right:
                raise MergeError(
                    f"{one} and {other}: another {what}: {safe(left) or 'none'} and {safe(right) or 'none'}"
                )
        for mine in first.subjects:
            for theirs in second.subjects:
                _refuse_namesakes(one, mine, other, theirs)


def _refuse_namesakes(one: str, mine: SubjectReport, other: str, theirs: SubjectReport) -> None:
    if mine.subject != theirs.subject or mine.identity is None or theirs.identity is None:
        return
    if mine.identity.digest != theirs.identity.digest:
        digests = f"{mine.identity.digest} and {theirs.identity.digest}"
        raise MergeError(f"{one} and {other}: {safe(mine.subject)} is not the same: {digests}")


def _catalogue(report: Report) -> str:
    return report.provenance.catalogue if report.provenance else ""


def _waivers(report: Report) -> str:
    return report.provenance.waivers if report.provenance else ""


def _merged(members: Sequence[_Member], parts: Parts) -> tuple[SubjectReport, bool]:
    """One target of several results, and whether it is complete."""
    subjects = [member.subject for member in members]
    first = subjects[0]
    results: dict[str, RequirementResult] = {}
    for subject in subjects:
        for result in subject.verdicts:
            known = results.get(result.id)
            results[result.id] = merge(known, result) if known else result
    whole = [member.subject for member in members if member.of_whole]
    profiles, implied = _claimed(whole, parts, first)
    missing = frozenset[str]() if whole else _owed(profiles) - set(results)
    order = {requirement.id: place for place, requirement in enumerate(load_catalogue().requirements)}
    report = subject_report(
        first.subject,
        first.roles,
        tuple(sorted(results.values(), key=lambda result: order.get(result.id, len(order)))),
        profiles=() if missing else profiles,
        implied=implied,
        notes=tuple(dict.fromkeys([*(note for one in subjects for note in one.notes), *_differences(members)])),
        unchecked=tuple(dict.fromkeys(name for one in subjects for name in one.unchecked)),
        needs_deep=tuple(name for name in first.needs_deep if all(name in one.needs_deep for one in subjects)),
        unmet=tuple(dict.fromkeys(text for one in subjects for text in one.unmet)),
        identity=next((one.identity for one in subjects if one.identity), None),
    )
    return report, bool(whole) or (bool(profiles) and not missing)


def _claimed(whole: Sequence[SubjectReport], parts: Parts, subject: SubjectReport) -> tuple[tuple[Profile, ...], bool]:
    """The profiles that whole runs claimed; of shards alone those that the user named for them."""
    claims = [claim for one in whole for claim in one.claims]
    if claims or whole:
        return tuple(dict.fromkeys(claim.profile for claim in claims)), all(claim.implied for claim in claims)
    named = [profile for _, report in parts if report.provenance for profile in report.provenance.target.profiles]
    return tuple(dict.fromkeys(each for each in named if definition_of(each).role in subject.roles)), False


def _owed(profiles: Sequence[Profile]) -> frozenset[str]:
    """What these profiles bind and this version can decide."""
    bound = find_checks(checks)
    return frozenset(name for profile in profiles for name in ids_of(profile) if name in bound)


def _differences(members: Sequence[_Member]) -> Iterator[str]:
    said: dict[str, dict[str, str]] = {}
    for member in members:
        for result in member.subject.verdicts:
            said.setdefault(result.id, {})[member.name] = result.verdict
    for requirement, verdicts in said.items():
        if len(set(verdicts.values())) > 1:
            each = ", ".join(f"{verdict} in {safe(name)}" for name, verdict in verdicts.items())
            yield f"{requirement} has different verdicts: {each}"
