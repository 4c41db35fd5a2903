"""Client mutants, run in this process: same arguments and outcomes, no program is started."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.cases.mutants.run_client import run_client
from conformance.implementations.adapter_document import Operation
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.requirements import load_catalogue
from conformance.results import RequirementResult, Verdict, conclude
from conformance.trials.consumer.scenarios import AWARE, BY_TOC, UNAWARE, judge_requirement
from conformance.trials.consumer.trial import ConsumerTrials
from conformance.trials.in_process import InProcessImplementation


class InProcessConsumer(InProcessImplementation):
    """A toolkit run as a client; ``operations`` may leave some out, or add ``scan``."""

    def __init__(
        self,
        toolkit: Toolkit,
        directory: Path,
        operations: Sequence[Operation] = ("unpack",),
        *,
        from_layout: bool = False,
    ) -> None:
        super().__init__(toolkit, directory, operations=operations, from_layout=from_layout)

    def work(self, argv: Sequence[str]) -> int:
        return run_client(self._toolkit, argv)


def judge_client(
    toolkit: Toolkit = REFERENCE,
    *,
    directory: Path,
    aware: bool = True,
    by_toc: bool = False,
    from_layout: bool = False,
    operations: Sequence[Operation] = ("unpack",),
    only: Sequence[str] = (),
) -> dict[str, RequirementResult]:
    """Results by requirement id."""
    aware = aware and not by_toc
    subject = InProcessConsumer(toolkit, directory, operations, from_layout=from_layout)
    trials = ConsumerTrials(subject, aware=aware, by_toc=by_toc)
    wanted = only or tuple(AWARE if aware else BY_TOC if by_toc else UNAWARE)
    return {name: conclude(load_catalogue()[name], judge_requirement(trials, name)) for name in wanted}


def verdicts(results: Mapping[str, RequirementResult]) -> dict[str, Verdict]:
    """Verdicts by requirement id."""
    return {name: result.verdict for name, result in results.items()}
