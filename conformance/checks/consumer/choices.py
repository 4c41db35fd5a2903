"""The SENT-SELECT requirements over the choices that a client was seen to make."""

from collections.abc import Sequence

from conformance.checks.groups import judge_groups
from conformance.observed.consumer import SelectionSeen
from conformance.results import RequirementResult

SELECT_GROUP = "SENT-SELECT"


def judge_selections(seen: Sequence[SelectionSeen], *, replay: str = "") -> tuple[RequirementResult, ...]:
    """One result for every SENT-SELECT requirement, in catalogue order."""
    return judge_groups((SELECT_GROUP,), seen, replay=replay)
