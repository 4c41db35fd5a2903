"""The SENT-STRIP requirements over copies that were seen."""

from collections.abc import Sequence

from conformance import checks
from conformance.observation import CopySeen
from conformance.requirements import find_checks, load_catalogue
from conformance.results import RequirementResult, conclude

STRIP_GROUP = "SENT-STRIP"


def judge_copies(seen: Sequence[CopySeen], *, replay: str = "") -> tuple[RequirementResult, ...]:
    """One result for every SENT-STRIP requirement, in catalogue order."""
    bound = find_checks(checks)
    return tuple(
        conclude(requirement, (item for one in seen for item in bound[requirement.id](one)), replay=replay)
        for requirement in load_catalogue().requirements
        if requirement.group == STRIP_GROUP and requirement.id in bound
    )
