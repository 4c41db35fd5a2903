"""The requirements on copiers over copies that were seen."""

from collections.abc import Sequence
from typing import Final

from conformance import checks
from conformance.checks.groups import judge_groups
from conformance.observed.image import CopySeen
from conformance.requirements import find_checks, load_catalogue
from conformance.results import RequirementResult, conclude

STRIP_GROUP = "SENT-STRIP"
ELSEWHERE: Final = ("SENT-PULL-025", "SENT-PULL-026", "SENT-PUSH-018")
"""Requirements of other groups that copies decide."""


def judge_copies(seen: Sequence[CopySeen], *, replay: str = "") -> tuple[RequirementResult, ...]:
    """One result for every requirement that copies decide."""
    bound = find_checks(checks)
    others = (
        conclude(load_catalogue()[name], (item for one in seen for item in bound[name](one)), replay=replay)
        for name in ELSEWHERE
    )
    return (*judge_groups((STRIP_GROUP,), seen, replay=replay), *others)
