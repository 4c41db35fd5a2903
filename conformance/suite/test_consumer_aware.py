"""The role consumer-aware: clients that know sentinels. One test for each requirement (docs/consumers.md).

Each case is a crafted image, or a registry that lies; a refusal counts only beside a sound twin, one edit away.
"""

import zlib
from collections.abc import Callable

import pytest

from conformance.requirements import load_catalogue
from conformance.suite.settings import SuiteSettings
from conformance.trials.consumer import ConsumerTrials
from conformance.trials.generated import generated_images
from conformance.trials.scenarios import AWARE, judge_requirement, judge_seen
from conformance.trials.subject import ImplementationSubject

pytestmark = pytest.mark.role("consumer-aware")
_GENERATED = {"quick": 3, "thorough": 12, "certify": 30}
_TITLES = {
    "SENT-SELECT-001": "sentinel_over_plain",
    "SENT-SELECT-003": "platform_first",
    "SENT-SELECT-004": "plain_without_sentinel",
    "SENT-SELECT-005": "untrue_annotations",
    "SENT-SELECT-006": "lying_annotation",
    "SENT-SELECT-007": "gzip_preferred",
    "SENT-SELECT-008": "no_toc_pulls",
    "SENT-SELECT-009": "entry_without_platform",
    "SENT-SELECT-010": "gzip_preferred_in_vain",
    "SENT-PULL-001": "other_content",
    "SENT-PULL-002": "nothing_in_the_tree",
    "SENT-PULL-003": "sentinel_not_fetched",
    "SENT-PULL-004": "read_by_toc",
    "SENT-PULL-005": "no_fall_back",
    "SENT-PULL-006": "layer_without_toc",
    "SENT-PULL-007": "no_conversion",
    "SENT-PULL-008": "tampered_toc",
    "SENT-PULL-009": "tampered_content",
    "SENT-PULL-012": "misplaced_sentinel",
    "SENT-PULL-013": "two_readings",
    "SENT-PULL-014": "economy",
    "SENT-PULL-016": "two_tocs",
    "SENT-PULL-017": "reproducible_ids",
    "SENT-PULL-018": "no_reuse_of_tar_readings",
    "SENT-PULL-019": "diff_id_positions",
    "SENT-PULL-020": "too_few_diff_ids",
    "SENT-PULL-021": "one_config_two_tocs",
    "SENT-PULL-023": "nothing_kept_of_a_failed_pull",
    "SENT-PULL-024": "full_digests_switched_off",
    "SENT-SELECT-011": "toc_pulls_switched_off",
    "SENT-PULL-027": "one_tree",
    "SENT-PULL-028": "one_time",
    "SENT-PULL-029": "implied_directories",
    "SENT-PULL-030": "no_ranges",
    "LAYER-008": "empty_and_skippable_frames",
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
    "SEC-004": "bombs",
    "SEC-005": "changing_blobs",
    "SEC-006": "redirects",
    "SEC-007": "interruptions",
}


@pytest.fixture(scope="module")
def trials(implementation: ImplementationSubject) -> ConsumerTrials:
    """The cases for this implementation; sound twins are run once."""
    return ConsumerTrials(implementation, aware=True)


@pytest.mark.parametrize(
    "requirement_id",
    [pytest.param(name, id=f"{name}-{_TITLES[name]}", marks=pytest.mark.requirement(name)) for name in AWARE],
)
def test_consumer(requirement_id: str, trials: ConsumerTrials, verdict: Callable[..., None]) -> None:
    """Expected: what the statement of the requirement says, in every case that docs/consumers.md lists for it."""
    assert requirement_id in load_catalogue().ids()
    verdict(requirement_id, judge_requirement(trials, requirement_id))


@pytest.mark.requirement("SENT-PULL-027")
def test_generated_images(trials: ConsumerTrials, settings: SuiteSettings, verdict: Callable[..., None]) -> None:
    """Whatever tree an image holds. Expected: the sentinel variant unpacks to the tree of the plain variant."""
    number = zlib.crc32(settings.run_id.encode())
    keep = settings.report_dir / "counterexamples"
    seen = generated_images(trials, examples=_GENERATED[settings.effort], number=number, keep=keep)
    verdict("SENT-PULL-027", judge_seen("SENT-PULL-027", seen))
