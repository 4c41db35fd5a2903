"""The role consumer-unaware: clients and scanners that do not know sentinels (docs/consumers.md).

They must take the plain variant, read all of it, and refuse the sentinel manifest: a scanner that reports anything on
it, be it "nothing found", has processed it. Those that claim the profile toc-consumer pull plain images by TOC, and are
given hostile ones.
"""

from collections.abc import Callable

import pytest

from conformance.requirements import load_catalogue
from conformance.suite.settings import SuiteSettings
from conformance.trials.consumer import ConsumerTrials
from conformance.trials.scenarios import BY_TOC, UNAWARE, judge_requirement
from conformance.trials.subject import ImplementationSubject

pytestmark = pytest.mark.role("consumer-unaware")
_TITLES = {
    "SENT-SELECT-002": "plain_variant",
    "SENT-PULL-031": "nothing_of_the_sentinel_manifest",
    "SENT-PULL-032": "sentinel_manifest_refused",
    "SENT-PULL-015": "all_frames",
    "SENT-PULL-016": "two_tocs",
    "LAYER-008": "empty_and_skippable_frames",
    "SEC-004": "bombs",
    "SEC-006": "redirects",
    "SENT-PULL-008": "tampered_toc",
    "SENT-PULL-009": "tampered_content",
    "SENT-PULL-013": "two_readings",
    "ANNOT-020": "malformed_positions",
    "ANNOT-021": "text_behind_a_position",
    "ANNOT-009": "legacy_keys",
    "TOC-013": "names_that_lead_outside",
    "TOC-014": "hostile_tocs",
    "TOC-017": "other_versions",
    "CHUNK-006": "hidden_bytes",
    "FOOTER-007": "footer_of_another_toc",
    "TARSPLIT-006": "disagreeing_tar_split",
    "TARSPLIT-008": "names_twice",
    "TARSPLIT-009": "unbounded_tar_split",
    "TARSPLIT-010": "unknown_records",
    "SEC-003": "lying_ranges",
    "SEC-005": "changing_blobs",
    "SEC-007": "interruptions",
}


@pytest.fixture(scope="module")
def trials(implementation: ImplementationSubject, settings: SuiteSettings) -> ConsumerTrials:
    """The cases for this implementation; sound twins are run once."""
    return ConsumerTrials(implementation, aware=False, by_toc="toc-consumer" in settings.profiles)


@pytest.mark.parametrize(
    "requirement_id",
    [pytest.param(name, id=f"{name}-{_TITLES[name]}", marks=pytest.mark.requirement(name)) for name in BY_TOC],
)
def test_consumer(requirement_id: str, trials: ConsumerTrials, verdict: Callable[..., None]) -> None:
    """Expected: what the statement of the requirement says, in every case that docs/consumers.md lists for it."""
    assert requirement_id in load_catalogue().ids()
    if not trials.by_toc and requirement_id not in UNAWARE:
        pytest.skip("for clients that pull by TOC: the profile toc-consumer is not claimed")
    verdict(requirement_id, judge_requirement(trials, requirement_id))
