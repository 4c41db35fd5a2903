"""The copier role: one test for each SENT-STRIP requirement, over real copies between two registries."""

from collections.abc import Callable, Iterator

import pytest

from conformance import checks
from conformance.requirements import find_checks
from conformance.suite.parameters import one_test_each
from conformance.trials.copier import JOBS_OF, CopierTrial
from conformance.trials.under_test import ImplementationUnderTest

pytestmark = pytest.mark.role("copier")


@pytest.fixture(scope="module")
def copies(implementation: ImplementationUnderTest) -> Iterator[CopierTrial]:
    """The copies of this tool; each is created once, by the first test that needs it."""
    with CopierTrial(implementation) as trial:
        yield trial


@pytest.mark.parametrize("requirement_id", one_test_each(JOBS_OF))
def test_copy(requirement_id: str, copies: CopierTrial, verdict: Callable[..., None]) -> None:
    """Expected: the statement of the requirement (docs/requirements.md)."""
    verdict(requirement_id, copies.judgements(requirement_id, find_checks(checks)[requirement_id]))


@pytest.mark.requirement("SENT-PUSH-014")
def test_no_second_sentinel_by_copying(copies: CopierTrial, verdict: Callable[..., None]) -> None:
    """Expected: copying or recompressing a sentinel variant never gives it another sentinel layer."""
    verdict("SENT-PUSH-014", copies.again(find_checks(checks)["SENT-PUSH-014"]))


@pytest.mark.requirement("SENT-PUSH-001")
def test_order_of_a_copy(copies: CopierTrial, verdict: Callable[..., None]) -> None:
    """Expected: every manifest is put after the blobs and manifests that it names."""
    verdict("SENT-PUSH-001", copies.in_order(find_checks(checks)["SENT-PUSH-001"]))
