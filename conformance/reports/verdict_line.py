"""The verdict on a target in one line: the profiles to which it conforms or not, and what could not be decided."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from conformance.observed.printable import safe
from conformance.reports.model import Report, SubjectReport
from conformance.results import GRAVEST_FIRST, Claim, Ending, gravest

_SHOWN_IDS: Final = 6
_WORDS: Final[dict[Ending, str]] = {
    "conforms": "conforms to",
    "does-not-conform": "does not conform to",
    "incomplete": "incomplete for",
}


def verdict_line(subject: SubjectReport, *, partial: bool = False) -> str:
    """The one line on this target, in plain text."""
    name = safe(subject.subject)
    if partial:
        return f"{name}{as_role(subject)}: partial run, {_no_statement(subject)}"
    if subject.unmet:
        return f"{name} does not conform: {'; '.join(map(safe, subject.unmet))}{_warnings(subject)}"
    if subject.claims:
        separator = ": " if subject.ending == "incomplete" else " "
        return f"{name}{separator}{'; '.join(_groups(subject.claims))}{_warnings(subject)}"
    if not any(result.verdict in ("pass", "fail", "not-run", "waived") for result in subject.verdicts):
        return f"{name}: nothing to judge"
    return f"{name}{as_role(subject)}: no profile is claimed, {_no_statement(subject)}"


def run_line(report: Report) -> str:
    """The outcome of the whole run in words; "" for a partial run, which has none."""
    if report.partial:
        return ""
    ending = report.ending or gravest(subject.ending or "conforms" for subject in report.subjects)
    if report.stopped:
        return f"{ending.replace('-', ' ')}: {safe(report.stopped)}"
    return ending.replace("-", " ")


def _groups(claims: Sequence[Claim]) -> Iterator[str]:
    """The most severe outcome first, each with its profiles; then those that were only implied and are not claimed."""
    withdrawn = [claim for claim in claims if claim.is_withdrawn]
    made = sorted(
        (claim for claim in claims if not claim.is_withdrawn), key=lambda claim: GRAVEST_FIRST.index(claim.ending)
    )
    for ending, group in groupby(made, key=lambda claim: claim.ending):
        listed = list(group)
        if len(listed) == 1:
            yield f"{_WORDS[ending]} profile {listed[0].profile}: {_detail(listed[0])}"
        else:
            each = ", ".join(f"{claim.profile} ({_detail(claim)})" for claim in listed)
            yield f"{_WORDS[ending]} profiles {each}"
    for claim in withdrawn:
        yield f"profile {claim.profile} is not claimed: {_ids(claim.unsupported)} unsupported"


def _detail(claim: Claim) -> str:
    if claim.ending == "conforms":
        deep = f", {len(claim.needs_deep)} need --deep" if claim.needs_deep else ""
        waived = f", {len(claim.waived)} waived" if claim.waived else ""
        return f"{claim.decided} of {claim.applicable} MUST decided{deep}{waived}"
    parts = [f"{len(claim.failed)} of {claim.applicable} MUST failed ({_ids(claim.failed)})"] * bool(claim.failed)
    open_ids = (*claim.undecided, *(claim.unsupported if not claim.implied else ()))
    if open_ids:
        parts.append(f"{len(open_ids)} of {claim.applicable} MUST not decided ({_ids(open_ids)})")
    if claim.needs_deep:
        parts.append(f"{len(claim.needs_deep)} need --deep")
    return ", ".join(parts) or "there was nothing to decide"


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else ""
    return ", ".join(ids[:_SHOWN_IDS]) + more


def as_role(subject: SubjectReport) -> str:
    """In which role, where the same target may have several."""
    named = [role for role in subject.roles if role not in ("artifact", "registry")]
    return f" as {' and '.join(named)}" if named else ""


def _no_statement(subject: SubjectReport) -> str:
    return f"no statement on conformance; {_counts(subject)}{_warnings(subject)}"


def _counts(subject: SubjectReport) -> str:
    verdicts = [result.verdict for result in subject.verdicts if result.level == "MUST"]
    passed, failed, missing = (verdicts.count(verdict) for verdict in ("pass", "fail", "not-run"))
    tail = f", {missing} not decided" if missing else ""
    return f"{passed} MUST passed, {failed} failed{tail}"


def _warnings(subject: SubjectReport) -> str:
    count = sum(result.is_warning for result in subject.verdicts)
    return f" ({count} warning{'s' if count != 1 else ''}: failed SHOULD)" if count else ""
