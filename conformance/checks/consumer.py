"""The SENT-SELECT requirements over the choices that a client was seen to make."""

from collections.abc import Sequence

from conformance import checks
from conformance.observation_consumer import SelectionSeen
from conformance.requirements import find_checks, load_catalogue
from conformance.results import RequirementResult, conclude

SELECT_GROUP = "SENT-SELECT"


def judge_selections(seen: Sequence[SelectionSeen], *, replay: str = "") -> tuple[RequirementResult, ...]:
    """One result for every SENT-SELECT requirement, in catalogue order."""
    bound = find_checks(checks)
    return tuple(
        conclude(requirement, (item for one in seen for item in bound[requirement.id](one)), replay=replay)
        for requirement in load_catalogue().requirements
        if requirement.group == SELECT_GROUP and requirement.id in bound
    )
