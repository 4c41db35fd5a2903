"""The verdicts of a result, judged again: reproduced, different, or not obtainable."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from conformance.reports.comparison import pair_subjects
from conformance.reports.model import Report, SubjectReport, made_by
from conformance.reports.page import Cell, Page, Paragraph, Section, Table, Tone, row
from conformance.requirements import Level
from conformance.results import EXIT_STATUS, RequirementResult, Verdict

Outcome = Literal["reproduced", "differs", "cannot be run again"]
SCHEMA_ID: Final = "urn:zstd-chunked-conformance:replay:1"
_TONES: Final[dict[Outcome, Tone]] = {"reproduced": "pass", "differs": "fail", "cannot be run again": "warning"}


class Replayed(msgspec.Struct, frozen=True):
    """One requirement of one target: what was claimed, the verdict ``now`` (None: nothing), why it does not match."""

    subject: str
    id: str
    level: Level
    claimed: Verdict
    now: Verdict | None
    outcome: Outcome
    why: str = ""


class Replay(msgspec.Struct, frozen=True):
    """Every claim of a result."""

    claims: tuple[Replayed, ...]
    schema: Literal["urn:zstd-chunked-conformance:replay:1"] = SCHEMA_ID

    def count(self, outcome: Outcome) -> int:
        """The number of claims with this outcome."""
        return sum(claim.outcome == outcome for claim in self.claims)

    @property
    def exit_status(self) -> int:
        """0 when all is reproduced, 1 when something differs, 8 when something cannot be run again."""
        if self.count("differs"):
            return EXIT_STATUS["does-not-conform"]
        return EXIT_STATUS["incomplete" if self.count("cannot be run again") or not self.claims else "conforms"]


def replayed(claimed: Report, now: Report) -> Replay:
    """The claims of a result compared with a new run on the same target."""
    pairs, gone, _ = pair_subjects(claimed, now)
    claims = [claim for before, after in pairs for claim in _claims(before, after)]
    for subject in claimed.subjects:
        if subject.subject in gone:
            claims += _lost(subject, "the new run has no such target")
    return Replay(tuple(claims))


def _claims(before: SubjectReport, after: SubjectReport) -> Iterator[Replayed]:
    if before.identity and after.identity and before.identity.digest != after.identity.digest:
        yield from _lost(before, f"the {after.identity.kind} has changed: {after.identity.digest}")
        return
    found = {result.id: result for result in after.verdicts}
    for result in before.verdicts:
        yield _claim(before.subject, result, found.get(result.id))


def _lost(subject: SubjectReport, why: str) -> list[Replayed]:
    return [
        Replayed(subject.subject, result.id, result.level, result.verdict, None, "cannot be run again", why)
        for result in subject.verdicts
    ]


def _claim(subject: str, before: RequirementResult, after: RequirementResult | None) -> Replayed:
    outcome, why = _outcome(before, after)
    now = after.verdict if after else None
    return Replayed(subject, before.id, before.level, before.verdict, now, outcome, why)


def _outcome(before: RequirementResult, after: RequirementResult | None) -> tuple[Outcome, str]:
    if after is None:
        return "cannot be run again", "this version does not judge it here"
    # A waiver is a comment on a failure, and not part of the judgement.
    was, now = ("fail" if each.verdict == "waived" else each.verdict for each in (before, after))
    if was != now:
        if now == "not-run":
            return "cannot be run again", next((each.message for each in after.telling), after.reason)
        return "differs", next((each.message for each in after.telling), "")
    if was == "fail" and not {each.message for each in before.telling} & {each.message for each in after.telling}:
        return "differs", "it fails, for another reason: " + next(
            (each.message for each in after.telling), "none given"
        )
    return "reproduced", ""


def replay_page(replay: Replay, claimed: Report, now: Report) -> Page:
    """The claims that were not reproduced, and the count of the others."""
    total = len(replay.claims)
    lead = [Paragraph(f"{replay.count('reproduced')} of {total} verdicts reproduced", "pass" if total else "warning")]
    for outcome in ("differs", "cannot be run again"):
        if replay.count(outcome):
            lead.append(Paragraph(f"{replay.count(outcome)}: {outcome}", _TONES[outcome]))
    rows = tuple(
        row(claim.id, claim.level, claim.subject, claim.claimed, claim.now or "-", _cell(claim), claim.why)
        for claim in replay.claims
        if claim.outcome != "reproduced"
    )
    table = Table(("requirement", "level", "target", "claimed", "now", "outcome", "why"), rows)
    facts = (("claimed", made_by(claimed)), ("now", made_by(now)))
    sections = (Section("Not reproduced", (table,)),) if rows else ()
    return Page("Replay of a result", tuple(lead), sections, facts)


def _cell(claim: Replayed) -> Cell:
    return Cell(claim.outcome, _TONES[claim.outcome])
