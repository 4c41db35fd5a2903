"""The copier role: one test for each of its requirements, over real copies between two registries."""

from collections.abc import Callable, Iterator

import pytest

from conformance.suite.parameters import one_test_each
from conformance.trials.copier.jobs import JOBS_OF
from conformance.trials.copier.trial import CopierTrial
from conformance.trials.under_test import ImplementationUnderTest

pytestmark = pytest.mark.role("copier")


@pytest.fixture(scope="module")
def copies(implementation: ImplementationUnderTest) -> Iterator[CopierTrial]:
    """The copies of this tool; each is created once, by the first test that needs it."""
    with CopierTrial(implementation) as trial:
        yield trial


_BY_NAME = ("SENT-PUSH-001", "SENT-PUSH-014")


@pytest.mark.parametrize("requirement_id", one_test_each(name for name in JOBS_OF if name not in _BY_NAME))
def test_copy(requirement_id: str, copies: CopierTrial, verdict: Callable[..., None]) -> None:
    """Expected: the statement of the requirement (docs/requirements.md)."""
    verdict(requirement_id, copies.judgements(requirement_id))


@pytest.mark.requirement("SENT-PUSH-014")
def test_no_second_sentinel_by_copying(copies: CopierTrial, verdict: Callable[..., None]) -> None:
    """Expected: copying or recompressing a sentinel variant never gives it another sentinel layer."""
    verdict("SENT-PUSH-014", copies.judgements("SENT-PUSH-014"))


@pytest.mark.requirement("SENT-PUSH-001")
def test_order_of_a_copy(copies: CopierTrial, verdict: Callable[..., None]) -> None:
    """Expected: every manifest is put after the blobs and manifests that it names."""
    verdict("SENT-PUSH-001", copies.judgements("SENT-PUSH-001"))
