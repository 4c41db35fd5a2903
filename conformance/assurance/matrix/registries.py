"""Judges a registry by all REG scenarios."""

from collections.abc import Callable

from conformance.checks.registry.lifecycle import consistent_with_model
from conformance.registry.client.client import RegistryClient, TransportError
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.requirements import load_catalogue
from conformance.results import RequirementResult, Verdict, conclude, not_run, undecided
from conformance.trials.registry.machine import explore
from conformance.trials.registry.probe import RegistryProbe
from conformance.trials.registry.scenarios import SCENARIOS, control_failure
from conformance.trials.registry.target import RegistryUnderTest


def judge_registry(url: str, collect_garbage: Callable[[], None] | None) -> dict[str, RequirementResult]:
    """Results by requirement id; a scenario that ends early is ``not-run``."""
    subject = RegistryUnderTest(RegistryClient(url, retries=1), "zcc/judged", collect_garbage=collect_garbage)
    probe, results = RegistryProbe(subject), dict[str, RequirementResult]()
    uncontrolled = control_failure(probe)
    for requirement in load_catalogue().of_role("registry"):
        if uncontrolled:
            results[requirement.id] = conclude(requirement, [not_run(uncontrolled)])
            continue
        try:
            if requirement.id == "REG-020":
                judgements = consistent_with_model(explore(subject, "quick", 0))
            else:
                judgements = SCENARIOS[requirement.id].judge(probe)
        except TransportError as error:
            results[requirement.id] = undecided(requirement, str(error))
            continue
        results[requirement.id] = conclude(requirement, judgements)
    subject.clean_up()
    subject.client.close()
    return results


def verdicts(results: dict[str, RequirementResult]) -> dict[str, Verdict]:
    """Verdicts by requirement id."""
    return {name: result.verdict for name, result in results.items()}


def judge_defect(maker: Callable[[], Defect]) -> tuple[RequirementResult, ...]:
    """Judge the embedded registry with this deviation."""
    with EmbeddedRegistry(defects=[maker()]) as registry:
        return tuple(judge_registry(registry.url, registry.collect_garbage).values())
