"""Existing images, without the right to push (``--read-only REF…``): the image, and the responses of the registry."""

from collections.abc import Callable

import pytest

from conformance.audit.checking import CheckOptions, judge_source
from conformance.sources.reference import RegistryReference
from conformance.sources.remote import RemoteSource, client_for
from conformance.suite.conftest import announce_all
from conformance.suite.recorded import record_image
from conformance.suite.session import ConformanceSession
from conformance.suite.settings import SuiteSettings
from conformance.trials.registry.read_only import SCENARIOS, ReadOnlyProbe

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


@pytest.mark.role("registry")
@pytest.mark.parametrize(
    "requirement_id", [pytest.param(name, marks=pytest.mark.requirement(name)) for name in SCENARIOS]
)
def test_serving(
    requirement_id: str, reference: RegistryReference, probe: ReadOnlyProbe, verdict: Callable[..., None]
) -> None:
    """Expected: the registry serves this image's blobs and their byte ranges correctly."""
    judgements = SCENARIOS[requirement_id].judge(probe)
    verdict(requirement_id, judgements, subject=f"{reference.host}, serving {reference.repository}")
