"""All cases of the consumer roles by requirement, and their judgement."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from conformance.checks.bound import checks_of
from conformance.checks.trial_verdicts import INCONCLUSIVE
from conformance.observed.consumer import SelectionSeen
from conformance.observed.trials import TrialSeen
from conformance.results import Judgement, not_run, unsupported
from conformance.trials.at_once import programs_ahead
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

_OF_BOMBS: Final = frozenset({"SEC-004", "TOC-014", "TARSPLIT-009"})
"""Each run may take the memory of MEMORY_LIMIT, and more: one at a time."""
_REQUIREMENTS_AT_ONCE: Final = 3


def judged_ahead(
    trials: ConsumerTrials, wanted: Sequence[str], *, at_once: bool = True
) -> AbstractContextManager[Callable[[str], list[Judgement]]]:
    """``with judged_ahead(trials, ids) as judged: judged(id)``; the cases of several requirements are run at once.

    Without ``at_once``, or where the tool is run one at a time, each when it is asked for.
    """
    jobs = {name: partial(_judgements, trials, name) for name in wanted}
    together = {name: job for name, job in jobs.items() if name in _OF_BOMBS}
    batches = [{name: job} for name, job in jobs.items() if name not in _OF_BOMBS]
    workers = min(_REQUIREMENTS_AT_ONCE, trials.subject.at_once) if at_once else 1
    return programs_ahead([together, *batches], workers)


def scenarios_of(trials: ConsumerTrials) -> Mapping[str, Scenario]:
    """The cases of this kind of consumer by requirement."""
    return AWARE if trials.aware else BY_TOC if trials.by_toc else UNAWARE


def judge_requirement(trials: ConsumerTrials, requirement_id: str) -> Iterator[Judgement]:
    """Run and judge the cases of one requirement one by one."""
    problem = trials.control()
    if problem:
        yield not_run(f"{INCONCLUSIVE}{problem}", evidence=trials.evidence_of_control())
        return
    if not trials.aware and requirement_id in _OF_ZSTD and all(map(trials.lacks_zstd, trials.operations)):
        yield unsupported("it reads gzip layers and no zstd layers")
        return
    yield from judge_seen(requirement_id, scenarios_of(trials)[requirement_id](trials))


def _judgements(trials: ConsumerTrials, requirement_id: str) -> list[Judgement]:
    return list(judge_requirement(trials, requirement_id))


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
