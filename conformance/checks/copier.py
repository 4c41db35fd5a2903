"""The SENT-STRIP requirements over copies that were seen."""

from collections.abc import Sequence

from conformance.checks.groups import judge_groups
from conformance.observation import CopySeen
from conformance.results import RequirementResult

STRIP_GROUP = "SENT-STRIP"


def judge_copies(seen: Sequence[CopySeen], *, replay: str = "") -> tuple[RequirementResult, ...]:
    """One result for every SENT-STRIP requirement, in catalogue order."""
    return judge_groups((STRIP_GROUP,), seen, replay=replay)
