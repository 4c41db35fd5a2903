"""The copier role: one test for each SENT-STRIP requirement, over real copies between two registries."""

from collections.abc import Callable, Iterator

import pytest

from conformance import checks
from conformance.requirements import find_checks
from conformance.trials.copier import JOBS_OF, CopierTrial
from conformance.trials.subject import ImplementationSubject

pytestmark = pytest.mark.role("copier")
_TITLES = {
    "SENT-STRIP-001": "gzip_removes_the_sentinel",
    "SENT-STRIP-002": "decompressing_removes_it",
    "SENT-STRIP-004": "its_diff_id_goes_with_it",
    "SENT-STRIP-005": "stale_annotations_go",
    "SENT-STRIP-006": "data_diff_ids_stay",
    "SENT-STRIP-008": "kept_whole_or_stripped_whole",
    "SENT-STRIP-009": "any_content",
    "SENT-STRIP-010": "equals_the_plain_variant_recompressed",
    "SENT-STRIP-011": "no_entry_dangles",
    "SENT-STRIP-013": "signatures_do_not_follow",
    "SENT-STRIP-014": "no_sentinel_over_other_layers",
    "SENT-STRIP-015": "digests_preserved",
    "SENT-STRIP-016": "a_plain_image_keeps_its_digest",
    "SENT-STRIP-017": "docker_manifest_list",
    "SENT-STRIP-018": "nothing_else_changes",
    "SENT-STRIP-019": "history",
    "SENT-STRIP-020": "from_local_storage",
    "SENT-STRIP-021": "one_platform",
    "SENT-STRIP-023": "a_diff_id_less",
    "SENT-STRIP-024": "annotations_of_layers",
    "SENT-STRIP-025": "plain_zstd_removes_it",
    "SENT-STRIP-026": "docker_schema_2",
    "SENT-STRIP-027": "refused_when_nothing_may_change",
    "SENT-PULL-025": "copied_as_it_is",
    "SENT-PULL-026": "diff_ids_of_exports",
    "SENT-PUSH-018": "signed_sources",
}


@pytest.fixture(scope="module")
def copies(implementation: ImplementationSubject) -> Iterator[CopierTrial]:
    """The copies of this tool; each is made once, by the first test that needs it."""
    with CopierTrial(implementation) as trial:
        yield trial


@pytest.mark.parametrize(
    "requirement_id",
    [pytest.param(name, id=f"{name}-{_TITLES[name]}", marks=pytest.mark.requirement(name)) for name in JOBS_OF],
)
def test_copy(requirement_id: str, copies: CopierTrial, verdict: Callable[..., None]) -> None:
    """Expected: what the statement of the requirement says (docs/requirements.md)."""
    verdict(requirement_id, copies.judgements(requirement_id, find_checks(checks)[requirement_id]))


@pytest.mark.requirement("SENT-PUSH-014")
def test_no_second_sentinel_by_copying(copies: CopierTrial, verdict: Callable[..., None]) -> None:
    """Expected: copying or recompressing a sentinel variant never gives it another sentinel layer."""
    verdict("SENT-PUSH-014", copies.again(find_checks(checks)["SENT-PUSH-014"]))
