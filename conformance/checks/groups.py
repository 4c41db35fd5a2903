"""Whole groups of requirements over the things that were seen: what the engines of the single groups share."""

from collections.abc import Collection, Sequence

from conformance import checks
from conformance.requirements import find_checks, load_catalogue
from conformance.results import RequirementResult, conclude


def judge_groups(groups: Collection[str], seen: Sequence[object], *, replay: str = "") -> tuple[RequirementResult, ...]:
    """One result for every requirement of these groups that has a check, in catalogue order, over all of ``seen``."""
    bound = find_checks(checks)
    return tuple(
        conclude(requirement, (item for one in seen for item in bound[requirement.id](one)), replay=replay)
        for requirement in load_catalogue().requirements
        if requirement.group in groups and requirement.id in bound
    )
