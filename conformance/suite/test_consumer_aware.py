"""The role consumer-aware: clients that know sentinels. One test for each requirement (docs/consumers.md).

Each case is a crafted image, or a registry with faults; a refusal counts only with a positive control, one edit away.
"""

import zlib
from collections.abc import Callable, Iterator

import pytest

from conformance.requirements import load_catalogue
from conformance.strategies.shapes import Tally
from conformance.suite.ahead import Judged, judged_by_id
from conformance.suite.parameters import one_test_each
from conformance.suite.power import note_power
from conformance.suite.settings import SuiteSettings
from conformance.trials.consumer.generated import generated_images
from conformance.trials.consumer.scenarios import AWARE, judge_seen
from conformance.trials.consumer.trial import ConsumerTrials
from conformance.trials.under_test import ImplementationUnderTest

pytestmark = pytest.mark.role("consumer-aware")
_GENERATED = {"quick": 3, "thorough": 12, "certify": 30}


@pytest.fixture(scope="module")
def trials(implementation: ImplementationUnderTest) -> ConsumerTrials:
    """The cases for this implementation; positive controls are run once."""
    return ConsumerTrials(implementation, aware=True)


@pytest.fixture(scope="module")
def judged(trials: ConsumerTrials, request: pytest.FixtureRequest) -> Iterator[Judged]:
    """What judges the cases of a requirement; those of several requirements are run at once."""
    yield from judged_by_id(trials, test_consumer.__name__, request)


@pytest.mark.parametrize("requirement_id", one_test_each(AWARE))
def test_consumer(requirement_id: str, judged: Judged, verdict: Callable[..., None]) -> None:
    """Expected: the statement of the requirement, in every case that docs/consumers.md lists for it."""
    assert requirement_id in load_catalogue().ids()
    verdict(requirement_id, judged(requirement_id))


@pytest.mark.requirement("SENT-PULL-027")
def test_generated_images(
    trials: ConsumerTrials, settings: SuiteSettings, verdict: Callable[..., None], request: pytest.FixtureRequest
) -> None:
    """For any tree of an image. Expected: the sentinel variant unpacks to the tree of the plain variant."""
    number = zlib.crc32(settings.run_id.encode())
    keep = settings.report_dir / "counterexamples"
    tally = Tally("the sentinel variant of a generated image unpacks to the tree of the plain variant", "SENT-PULL-027")
    examples = _GENERATED[settings.effort]
    seen = generated_images(trials, examples=examples, number=number, keep=keep, tally=tally)
    judgements = list(judge_seen("SENT-PULL-027", seen))
    is_failed = any(judgement.outcome == "fail" for judgement in judgements)
    note_power(request.node, settings, tally, number, failed=is_failed)
    verdict("SENT-PULL-027", judgements)
