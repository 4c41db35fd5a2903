"""All cases of the consumer roles by requirement, and their judgement."""

from collections.abc import Iterator, Mapping
from typing import Final

from conformance import checks
from conformance.requirements import find_checks
from conformance.results import Judgement
from conformance.trials import cases_input, cases_pull, cases_security, cases_select
from conformance.trials.consumer import ConsumerTrials, Scenario

AWARE: Final[Mapping[str, Scenario]] = {
    **cases_select.SCENARIOS,
    **cases_pull.SCENARIOS,
    **cases_input.SCENARIOS,
    **cases_security.SCENARIOS,
}
UNAWARE: Final[Mapping[str, Scenario]] = {
    **cases_select.UNAWARE,
    **cases_pull.UNAWARE,
    **cases_input.UNAWARE,
    **cases_security.UNAWARE,
}


def judge_requirement(trials: ConsumerTrials, requirement_id: str) -> Iterator[Judgement]:
    """Run the cases of one requirement and judge each as it comes."""
    check = find_checks(checks)[requirement_id]
    scenarios = AWARE if trials.aware else UNAWARE
    for seen in scenarios[requirement_id](trials):
        if isinstance(seen, Judgement):
            yield seen
        else:
            yield from check(seen)
