"""Existing images, without the right to push (``--read-only REF…``): the image, and the responses of the registry."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from conformance import checks
from conformance.audit.checking import CheckOptions, judge_source
from conformance.requirements import find_checks
from conformance.results import Judgement
from conformance.sources.reference import RegistryReference
from conformance.sources.remote import RemoteSource, client_for
from conformance.suite.conftest import announce_all
from conformance.suite.session import ConformanceSession, record_image
from conformance.suite.settings import SuiteSettings
from conformance.trials.registry.read_only import ReadOnlyProbe

pytestmark = pytest.mark.read_only


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    session = metafunc.config.pluginmanager.get_plugin("conformance-session")
    references = session.settings.read_only if isinstance(session, ConformanceSession) else ()
    if "reference" in metafunc.fixturenames:
        metafunc.parametrize("reference", references, ids=str, scope="module")


@pytest.fixture(scope="module")
def probe(reference: RegistryReference, settings: SuiteSettings) -> ReadOnlyProbe:
    """Read-only scenarios over one image."""
    return ReadOnlyProbe(client_for(reference, settings.connection), reference)


@pytest.mark.role("artifact")
def test_image(reference: RegistryReference, settings: SuiteSettings, request: pytest.FixtureRequest) -> None:
    """Expected: the image breaks no requirement on artifacts."""
    client = client_for(reference, settings.connection)
    report = judge_source(RemoteSource(client, reference), CheckOptions(settings.connection))
    record_image(request.node, str(reference), report)
    announce_all(report.verdicts)


def _sentinel(probe: ReadOnlyProbe, check: Callable[..., Iterable[Judgement]]) -> Iterable[Judgement]:
    seen = probe.sentinel()
    return check(seen) if seen is not None else ()


_SCENARIOS: dict[str, Callable[[ReadOnlyProbe], Any]] = {
    "REG-005": ReadOnlyProbe.single_ranges,
    "REG-006": ReadOnlyProbe.multi_ranges,
    "REG-008": ReadOnlyProbe.past_the_end,
    "REG-011": ReadOnlyProbe.blobs,
    "REG-027": ReadOnlyProbe.blobs,
    "REG-028": ReadOnlyProbe.all_ranges,
    "REG-029": ReadOnlyProbe.all_ranges,
}


@pytest.mark.role("registry")
@pytest.mark.parametrize(
    "requirement_id", [pytest.param(name, marks=pytest.mark.requirement(name)) for name in ("REG-004", *_SCENARIOS)]
)
def test_serving(
    requirement_id: str, reference: RegistryReference, probe: ReadOnlyProbe, verdict: Callable[..., None]
) -> None:
    """Expected: the registry serves this image's blobs and their byte ranges correctly."""
    check = find_checks(checks)[requirement_id]
    scenario = _SCENARIOS.get(requirement_id)
    judgements = check(scenario(probe)) if scenario else _sentinel(probe, check)
    verdict(requirement_id, judgements, subject=f"{reference.host}, serving {reference.repository}")
