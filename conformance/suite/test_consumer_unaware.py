"""The role consumer-unaware: clients and scanners that do not know sentinels (docs/consumers.md).

They must take the plain variant, read all of it, and refuse the sentinel manifest: a scanner that reports anything on
it, be it "nothing found", has processed it.
"""

from collections.abc import Callable

import pytest

from conformance.requirements import load_catalogue
from conformance.trials.consumer import ConsumerTrials
from conformance.trials.scenarios import UNAWARE, judge_requirement
from conformance.trials.subject import ImplementationSubject

pytestmark = pytest.mark.role("consumer-unaware")
_TITLES = {
    "SENT-SELECT-002": "plain_variant",
    "SENT-PULL-011": "sentinel_manifest_refused",
    "SENT-PULL-015": "all_frames",
    "SENT-PULL-016": "two_tocs",
    "LAYER-008": "empty_and_skippable_frames",
    "SEC-004": "bombs",
    "SEC-006": "redirects",
}


@pytest.fixture(scope="module")
def trials(implementation: ImplementationSubject) -> ConsumerTrials:
    """The cases for this implementation; sound twins are run once."""
    return ConsumerTrials(implementation, aware=False)


@pytest.mark.parametrize(
    "requirement_id",
    [pytest.param(name, id=f"{name}-{_TITLES[name]}", marks=pytest.mark.requirement(name)) for name in UNAWARE],
)
def test_consumer(requirement_id: str, trials: ConsumerTrials, verdict: Callable[..., None]) -> None:
    """Expected: what the statement of the requirement says, in every case that docs/consumers.md lists for it."""
    assert requirement_id in load_catalogue().ids()
    verdict(requirement_id, judge_requirement(trials, requirement_id))
