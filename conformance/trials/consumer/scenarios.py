"""All cases of the consumer roles by requirement, and their judgement."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from conformance.checks.bound import checks_of
from conformance.checks.trial_verdicts import INCONCLUSIVE
from conformance.observed.consumer import SelectionSeen
from conformance.observed.trials import TrialSeen
from conformance.results import Judgement, not_run, unsupported
from conformance.trials.consumer import hostile_input, pull, security, select
from conformance.trials.consumer.trial import ConsumerTrials, Scenario, Seen

AWARE: Final[Mapping[str, Scenario]] = {
    **select.SCENARIOS,
    **pull.SCENARIOS,
    **hostile_input.SCENARIOS,
    **security.SCENARIOS,
}
UNAWARE: Final[Mapping[str, Scenario]] = {
    **select.UNAWARE,
    **pull.UNAWARE,
    **hostile_input.UNAWARE,
    **security.UNAWARE,
}
BY_TOC: Final[Mapping[str, Scenario]] = {
    **select.UNAWARE,
    **pull.BY_TOC,
    **hostile_input.BY_TOC,
    **security.BY_TOC,
}
"""Of tools that know no sentinels and pull plain images by TOC."""
_OF_ZSTD: Final = frozenset({"SENT-PULL-015", "SENT-PULL-016", "LAYER-008", "SEC-004"})


def judge_requirement(trials: ConsumerTrials, requirement_id: str) -> Iterator[Judgement]:
    """Run and judge the cases of one requirement one by one."""
    problem = trials.control()
    if problem:
        yield not_run(f"{INCONCLUSIVE}{problem}", evidence=trials.evidence_of_control())
        return
    scenarios = AWARE if trials.aware else BY_TOC if trials.by_toc else UNAWARE
    if not trials.aware and requirement_id in _OF_ZSTD and all(map(trials.lacks_zstd, trials.operations)):
        yield unsupported("it reads gzip layers and no zstd layers")
        return
    yield from judge_seen(requirement_id, scenarios[requirement_id](trials))


def judge_seen(requirement_id: str, cases: Iterable[Seen]) -> Iterator[Judgement]:
    """Judge what was seen by the check of this requirement; cases that could not be observed are judged already."""
    of_runs, of_choices = checks_of(TrialSeen), checks_of(SelectionSeen)
    for seen in cases:
        if isinstance(seen, Judgement):
            yield seen
        elif isinstance(seen, TrialSeen):
            yield from of_runs[requirement_id](seen)
        else:
            yield from of_choices[requirement_id](seen)
