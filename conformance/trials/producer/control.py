"""The positive control of one kind of push: without it, the pushes one edit away prove nothing."""

from conformance.checks.trial_verdicts import INCONCLUSIVE
from conformance.implementations.runner import Run
from conformance.results import Judgement, not_run, unsupported


def failed_control(run: Run, *, arrived: bool, what: str, where: str) -> Judgement | None:
    """Why the other pushes prove nothing; None when it succeeded and its image ``arrived``.

    ``what`` names the control in a sentence, ``where`` the missing feature if it is unsupported.
    """
    if run.outcome == "unsupported":
        return unsupported(run.reason, where=where)
    if not run.succeeded or not arrived:
        return not_run(f"{INCONCLUSIVE}{what} was not pushed either ({run.described})", evidence=run.evidence)
    return None
