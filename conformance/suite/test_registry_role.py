"""The registry role: one test for each REG requirement, against the registry of this run."""

from collections.abc import Callable

import pytest

from conformance import checks
from conformance.requirements import find_checks, load_catalogue
from conformance.subjects.registry_probe import SCENARIOS, RegistryProbe
from conformance.subjects.registry_subject import RegistrySubject
from conformance.suite.registry_machine import explore
from conformance.suite.settings import SuiteSettings

pytestmark = pytest.mark.role("registry")
_TITLES = {
    "REG-001": "sentinel_manifest",
    "REG-002": "twin_platforms",
    "REG-003": "byte_for_byte",
    "REG-004": "sentinel_blob",
    "REG-005": "single_range",
    "REG-006": "several_ranges",
    "REG-007": "ranges_never_wrong",
    "REG-008": "unsatisfiable_range",
    "REG-009": "suffix_range",
    "REG-010": "redirects",
    "REG-011": "head_blob",
    "REG-012": "mount",
    "REG-013": "impossible_mount",
    "REG-014": "shared_blobs_survive_delete",
    "REG-015": "wrong_digest",
    "REG-016": "dangling_references",
    "REG-017": "content_type",
    "REG-018": "referrers",
    "REG-019": "concurrent_pushes",
    "REG-021": "without_accept",
    "REG-022": "many_ranges",
}


@pytest.fixture(scope="module")
def probe(registry: RegistrySubject) -> RegistryProbe:
    """The scenarios over the registry; what they share is pushed once."""
    return RegistryProbe(registry)


@pytest.mark.parametrize(
    "requirement_id",
    [pytest.param(name, id=f"{name}-{_TITLES[name]}", marks=pytest.mark.requirement(name)) for name in SCENARIOS],
)
def test_registry(requirement_id: str, probe: RegistryProbe, verdict: Callable[..., None]) -> None:
    """Expected: what the statement of the requirement says (docs/requirements.md)."""
    assert requirement_id in load_catalogue().ids()
    seen = SCENARIOS[requirement_id](probe)
    verdict(requirement_id, find_checks(checks)[requirement_id](seen))


@pytest.mark.requirement("REG-020")
def test_any_sequence_of_requests(
    registry: RegistrySubject, settings: SuiteSettings, verdict: Callable[..., None]
) -> None:
    """Expected: after any sequence of pushes, mounts, deletes and reads the registry agrees with a model of it."""
    verdict("REG-020", find_checks(checks)["REG-020"](explore(registry, settings.effort)))
