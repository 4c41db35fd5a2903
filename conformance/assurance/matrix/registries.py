"""Judge a registry by all REG scenarios at once."""

from collections.abc import Callable

from conformance import checks
from conformance.registry.client.client import RegistryClient, TransportError
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.requirements import find_checks, load_catalogue
from conformance.results import RequirementResult, Verdict, conclude, not_run, undecided
from conformance.trials.registry.machine import explore
from conformance.trials.registry.probe import SCENARIOS, RegistryProbe, control_failure
from conformance.trials.registry.target import RegistryUnderTest


def judge_registry(url: str, collect_garbage: Callable[[], None] | None) -> dict[str, RequirementResult]:
    """Results by requirement id; a scenario that ends early is ``not-run``."""
    subject = RegistryUnderTest(RegistryClient(url, retries=1), "zcc/judged", collect_garbage=collect_garbage)
    probe, bound, results = RegistryProbe(subject), find_checks(checks), {}
    uncontrolled = control_failure(probe)
    for requirement in load_catalogue().of_role("registry"):
        if uncontrolled:
            results[requirement.id] = conclude(requirement, [not_run(uncontrolled)])
            continue
        try:
            if requirement.id == "REG-020":
                seen: object = explore(subject, "quick", 0)
            else:
                seen = SCENARIOS[requirement.id](probe)
        except TransportError as error:
            results[requirement.id] = undecided(requirement, str(error))
            continue
        results[requirement.id] = conclude(requirement, bound[requirement.id](seen))
    subject.clean_up()
    subject.client.close()
    return results


def verdicts(results: dict[str, RequirementResult]) -> dict[str, Verdict]:
    """Verdicts by requirement id."""
    return {name: result.verdict for name, result in results.items()}


def judge_defect(maker: Callable[[], Defect]) -> tuple[RequirementResult, ...]:
    """The embedded registry with this deviation."""
    with EmbeddedRegistry(defects=[maker()]) as registry:
        return tuple(judge_registry(registry.url, registry.collect_garbage).values())
