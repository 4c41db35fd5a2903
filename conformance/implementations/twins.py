"""From runs to judgements: a refusal counts only beside a positive control, one edit away, that was accepted.

A tool that always fails would otherwise pass every negative case.
"""

from conformance.implementations.outcome import Outcome
from conformance.implementations.runner import Run
from conformance.observed.evidence import Evidence
from conformance.results import Judgement, failed, not_run, passed, unsupported

INCONCLUSIVE = "inconclusive: "


def judge_refusal(
    negative: Run, positive: Run, *, where: str, what: str, expected: str = "", twin_problem: str = ""
) -> Judgement:
    """Judge a case that must be refused: ``what`` names it in the user's words ("a TOC with a wrong digest").

    ``expected`` states what must happen (default: refused with a reason). ``twin_problem`` states what was wrong with
    what the accepted twin led to, for instance that nothing was unpacked: then it was not accepted.
    """
    evidence = (*negative.evidence, *positive.evidence)
    lacking = _lacking(negative, where, evidence) or _lacking(positive, where, evidence)
    if lacking is not None:
        return lacking
    if not positive.succeeded or twin_problem:
        why = twin_problem or describe(positive)
        return not_run(
            f"{INCONCLUSIVE}the positive control of this case was not accepted either ({why}), so that what happened "
            f"here ({describe(negative)}) shows nothing",
            where=where,
            evidence=evidence,
        )
    if negative.outcome is Outcome.REFUSED:
        return passed(where, found=describe(negative))
    message = {
        Outcome.SUCCEEDED: f"{what} was accepted",
        Outcome.CRASHED: f"{what} made it crash; that is not a refusal",
        Outcome.TIMED_OUT: f"{what} made it hang; that is not a refusal",
    }[negative.outcome]
    wanted = expected or "refused: a non-zero exit with a stated reason"
    return failed(message, where=where, expected=wanted, found=describe(negative), evidence=evidence)


def judge_success(run: Run, *, where: str, what: str, problem: str = "") -> Judgement:
    """Judge a case that must work; ``problem`` states what is wrong with the result of a run that succeeded."""
    lacking = _lacking(run, where, run.evidence)
    if lacking is not None:
        return lacking
    if run.succeeded and not problem:
        return passed(where, found=describe(run))
    message = problem or f"{what} did not work"
    return failed(message, where=where, expected=f"{what} works", found=describe(run), evidence=run.evidence)


def describe(run: Run) -> str:
    """The outcome with its reason, in one line."""
    return f"{run.outcome}: {run.reason}" if run.reason else str(run.outcome)


def _lacking(run: Run, where: str, evidence: tuple[Evidence, ...]) -> Judgement | None:
    if run.outcome is Outcome.ABSENT:
        return not_run(run.reason, where=where, evidence=evidence)
    if run.outcome is Outcome.UNSUPPORTED:
        return unsupported(run.reason, where=where, evidence=evidence)
    return None
