"""Judgements of checks, and how they become one verdict per requirement."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from conformance.observed.evidence import Evidence
from conformance.observed.masking import SECRETS
from conformance.requirements import Level, Profile, Requirement, RequirementClass, Role

Verdict = Literal["pass", "fail", "waived", "unsupported", "not-applicable", "not-run"]
VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "waived", "unsupported", "not-applicable", "not-run")
Outcome = Literal["pass", "fail", "info", "unsupported", "not-run", "needs-deep"]


class Judgement(msgspec.Struct, frozen=True):
    """What a check reports of one thing it inspected.

    ``where`` names the thing (blob, field, request); ``info`` decides nothing and is shown;
    ``unsupported`` means the target lacks an optional feature; ``not-run`` means that it could not
    be inspected, and ``message`` states why; ``needs-deep`` that it was not, because whole layers were not to be read.
    """

    outcome: Outcome
    message: str
    where: str = ""
    expected: str = ""
    found: str = ""
    evidence: tuple[Evidence, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """A judgement other than a plain pass, with its requirement."""

    requirement: str
    outcome: Outcome
    message: str
    where: str = ""
    expected: str = ""
    found: str = ""
    evidence: tuple[Evidence, ...] = ()
    replay: str = ""


class RequirementResult(msgspec.Struct, frozen=True):
    """The verdict of one requirement for one target; ``judged`` counts the items.

    ``seconds`` is how long its test took (of a test with several verdicts, its share), ``test`` the module of the test;
    both are empty where no test was run.
    """

    id: str
    level: Level
    roles: tuple[Role, ...]
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    judged: int = 0
    reason: str = ""
    profiles: tuple[Profile, ...] = ()
    class_: RequirementClass | None = msgspec.field(name="class", default=None)
    seconds: float = 0.0
    test: str = ""

    @property
    def breaks_conformance(self) -> bool:
        """A MUST that failed or could not be decided."""
        return self.level == "MUST" and self.verdict in ("fail", "not-run")

    @property
    def is_warning(self) -> bool:
        """A SHOULD that failed."""
        return self.level == "SHOULD" and self.verdict == "fail"

    @property
    def telling(self) -> tuple[Finding, ...]:
        """The findings that prevent a pass: the failures, and the items that could not be inspected."""
        return tuple(finding for finding in self.findings if finding.outcome in ("fail", "not-run"))


def passed(where: str, *, found: str = "") -> Judgement:
    """This item conforms."""
    return Judgement("pass", "", where, found=found)


def failed(message: str, *, where: str, expected: str, found: str, evidence: tuple[Evidence, ...] = ()) -> Judgement:
    """This item does not conform."""
    return Judgement("fail", message, where, expected, found, evidence)


def judge(
    ok: bool, message: str, *, where: str, expected: str, found: str, evidence: tuple[Evidence, ...] = ()
) -> Judgement:
    """``passed`` or ``failed`` by ``ok``; ``message`` is the sentence for the failure."""
    return (
        passed(where, found=found)
        if ok
        else failed(message, where=where, expected=expected, found=found, evidence=evidence)
    )


def informed(message: str, *, where: str = "", evidence: tuple[Evidence, ...] = ()) -> Judgement:
    """A note, which decides nothing."""
    return Judgement("info", message, where, evidence=evidence)


def unsupported(message: str, *, where: str = "", evidence: tuple[Evidence, ...] = ()) -> Judgement:
    """The target declares, or shows, that it lacks this optional feature."""
    return Judgement("unsupported", message, where, evidence=evidence)


def not_run(message: str, *, where: str = "", evidence: tuple[Evidence, ...] = ()) -> Judgement:
    """The item could not be inspected."""
    return Judgement("not-run", message, where, evidence=evidence)


def unread(where: str) -> Judgement:
    """The requirement needs every byte of this layer, which was not requested."""
    return Judgement("needs-deep", "not inspected: it needs every byte of the layer (zcc check --deep)", where)


def conclude(requirement: Requirement, judgements: Iterable[Judgement], *, replay: str = "") -> RequirementResult:
    """Fold the judgements of one check into a verdict.

    One failure fails. Without items it is ``not-applicable``, never a pass. An item that
    could not be inspected takes precedence over passes.
    """
    seen = list(judgements)
    outcomes = {judgement.outcome for judgement in seen}
    verdict: Verdict
    if "fail" in outcomes:
        verdict = "fail"
    elif "not-run" in outcomes:
        verdict = "not-run"
    elif "pass" in outcomes:
        verdict = "pass"
    elif "unsupported" in outcomes:
        verdict = "unsupported"
    else:
        verdict = "not-applicable"
    findings = tuple(_findings(requirement.id, seen, replay))
    judged = sum(judgement.outcome in ("pass", "fail") for judgement in seen)
    return _result(requirement, verdict, findings=findings, judged=judged)


def undecided(requirement: Requirement, reason: str) -> RequirementResult:
    """The result of a requirement that no check inspected; ``reason`` states why, in one sentence."""
    return _result(requirement, "not-run", reason=SECRETS.mask(reason))


def _result(requirement: Requirement, verdict: Verdict, **fields: Any) -> RequirementResult:
    return RequirementResult(
        requirement.id,
        requirement.level,
        requirement.roles,
        verdict,
        profiles=requirement.profiles,
        class_=requirement.class_,
        **fields,
    )


def _findings(requirement_id: str, judgements: Iterable[Judgement], replay: str) -> Iterator[Finding]:
    for judgement in judgements:
        if judgement.outcome != "pass":
            # The found value may contain data that was sent to a registry.
            fields: dict[str, Any] = {**msgspec.structs.asdict(judgement), **_masked(judgement)}
            yield Finding(requirement=requirement_id, replay=replay if judgement.outcome == "fail" else "", **fields)


def _masked(judgement: Judgement) -> dict[str, Any]:
    texts = ("message", "where", "expected", "found", "evidence")
    return {name: SECRETS.mask_all(getattr(judgement, name)) for name in texts}


def conforms(results: Iterable[RequirementResult]) -> bool:
    """No MUST failed, and none that has a check was left out."""
    return not any(result.breaks_conformance for result in results)


# The precedence of verdicts when one requirement was judged several times for one target.
_WEIGHT: tuple[Verdict, ...] = ("fail", "waived", "not-run", "pass", "unsupported", "not-applicable")


def merge(first: RequirementResult, second: RequirementResult) -> RequirementResult:
    """Two results of one requirement for one target as one: the more severe verdict, all findings."""
    verdict = min(first.verdict, second.verdict, key=_WEIGHT.index)
    reason = "; ".join(dict.fromkeys(text for text in (first.reason, second.reason) if text))
    return msgspec.structs.replace(
        first,
        verdict=verdict,
        findings=tuple(dict.fromkeys(first.findings + second.findings)),
        judged=first.judged + second.judged,
        seconds=round(first.seconds + second.seconds, 3),
        test=first.test or second.test,
        reason=reason,
    )
