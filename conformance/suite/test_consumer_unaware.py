"""The role consumer-unaware: clients and scanners that do not know sentinels (docs/consumers.md).

They must select the plain variant, read all of it, and refuse the sentinel manifest: a scanner that reports a result
for it, including "nothing found", has processed it. Clients of the profile toc-consumer pull plain images by TOC, and
are tested with hostile ones.
"""

from collections.abc import Callable, Iterator

import pytest

from conformance.requirements import load_catalogue
from conformance.suite.ahead import Judged, judged_by_id
from conformance.suite.parameters import one_test_each
from conformance.suite.settings import SuiteSettings
from conformance.trials.consumer.scenarios import BY_TOC, UNAWARE
from conformance.trials.consumer.trial import ConsumerTrials
from conformance.trials.under_test import ImplementationUnderTest

pytestmark = pytest.mark.role("consumer-unaware")


@pytest.fixture(scope="module")
def trials(implementation: ImplementationUnderTest, settings: SuiteSettings) -> ConsumerTrials:
    """The cases for this implementation; positive controls are run once."""
    return ConsumerTrials(implementation, aware=False, by_toc="toc-consumer" in settings.profiles)


@pytest.fixture(scope="module")
def judged(trials: ConsumerTrials, request: pytest.FixtureRequest) -> Iterator[Judged]:
    """What judges the cases of a requirement; those of several requirements are run at once."""
    yield from judged_by_id(trials, test_consumer.__name__, request)


@pytest.mark.parametrize("requirement_id", one_test_each(BY_TOC))
def test_consumer(requirement_id: str, trials: ConsumerTrials, judged: Judged, verdict: Callable[..., None]) -> None:
    """Expected: the statement of the requirement, in every case that docs/consumers.md lists for it."""
    assert requirement_id in load_catalogue().ids()
    if not trials.by_toc and requirement_id not in UNAWARE:
        pytest.skip("for clients that pull by TOC: the profile toc-consumer is not claimed")
    verdict(requirement_id, judged(requirement_id))
