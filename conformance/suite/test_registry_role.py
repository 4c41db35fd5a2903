"""The registry role: one test for each REG requirement, against the registry of this run."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from conformance.checks.registry.lifecycle import consistent_with_model
from conformance.requirements import load_catalogue
from conformance.results import not_run
from conformance.strategies.counts import Counts
from conformance.suite.parameters import one_test_each
from conformance.suite.power import note_power, seed_number
from conformance.suite.settings import SuiteSettings
from conformance.trials.at_once import Ahead, Job
from conformance.trials.registry.counterexample import keeper
from conformance.trials.registry.probe import RegistryProbe
from conformance.trials.registry.scenarios import SCENARIOS, batches, control_failure, observation_of
from conformance.trials.registry.sequences import Sequences
from conformance.trials.registry.target import RegistryUnderTest

pytestmark = pytest.mark.role("registry")
_WORKERS = 12
_SOON = 8
"""Scenarios that are begun before the sequences, so that there are verdicts soon."""


@pytest.fixture(scope="module")
def probe(registry: RegistryUnderTest) -> RegistryProbe:
    """The scenarios over the registry; shared content is pushed once."""
    return RegistryProbe(registry)


@pytest.fixture(scope="module")
def uncontrolled(probe: RegistryProbe) -> str:
    """Why the positive control failed: an ordinary image was not stored, or not returned; "" when it passed."""
    return control_failure(probe)


@pytest.fixture(scope="module")
def sequences(registry: RegistryUnderTest, settings: SuiteSettings) -> Sequences:
    """The sequences of requests of this run."""
    return Sequences(registry, settings.effort, seed_number(settings))


@pytest.fixture(scope="module")
def ahead(
    registry: RegistryUnderTest, probe: RegistryProbe, uncontrolled: str, request: pytest.FixtureRequest
) -> Iterator[Ahead]:
    """What the selected tests observe, each scenario and sequence once, by several threads before the tests ask for it.

    One after the other, by the tests themselves, where the suite collects the garbage of the registry: that may take
    what another scenario has pushed, and no manifest names yet. So in a worker of xdist, which runs some of the tests.
    """
    marks = (item.get_closest_marker("requirement") for item in request.session.items)
    wanted = [mark.args[0] for mark in marks if mark]
    scenarios = batches(probe, wanted)
    jobs: list[Sequence[Job]] = [[probe.prepare], *scenarios[:_SOON]]
    if "REG-020" in wanted and not uncontrolled:
        jobs += [[job] for job in request.getfixturevalue("sequences").longest_first()]
    jobs += scenarios[_SOON:]
    alone = registry.collect_garbage is not None or hasattr(request.config, "workerinput")
    with Ahead(jobs, workers=0 if uncontrolled or alone else _WORKERS) as running:
        yield running


@pytest.mark.parametrize("requirement_id", one_test_each(SCENARIOS))
def test_registry(
    requirement_id: str, probe: RegistryProbe, ahead: Ahead, uncontrolled: str, verdict: Callable[..., None]
) -> None:
    """Expected: the statement of the requirement (docs/requirements.md)."""
    assert requirement_id in load_catalogue().ids()
    if uncontrolled:
        verdict(requirement_id, [not_run(uncontrolled)])
        return
    seen = ahead.result(observation_of(probe, requirement_id))
    verdict(requirement_id, SCENARIOS[requirement_id].check(seen))


@pytest.mark.requirement("REG-020")
def test_any_sequence_of_requests(
    settings: SuiteSettings,
    ahead: Ahead,
    uncontrolled: str,
    verdict: Callable[..., None],
    request: pytest.FixtureRequest,
) -> None:
    """Expected: after any sequence of pushes, mounts, deletes and reads the registry agrees with a model of it."""
    if uncontrolled:
        verdict("REG-020", [not_run(uncontrolled)])
        return
    tally = Counts(
        "after any sequence of pushes, mounts, deletes and reads the registry agrees with a model of it", "REG-020"
    )
    number = seed_number(settings)
    sequences: Sequences = request.getfixturevalue("sequences")
    found = [ahead.result(job) for job in sequences.jobs]
    seen = sequences.conclude(found, tally.count_requests, keeper(settings.report_dir, number))
    note_power(request.node, settings, tally, number, failed=bool(seen.failure))
    verdict("REG-020", consistent_with_model(seen))
