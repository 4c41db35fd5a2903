"""REG-020: the sequences of a run as jobs, which several threads may do at the same time."""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from conformance.observed.evidence import Exchange
from conformance.observed.registry import MachineSeen
from conformance.trials.registry.machine import Keep, draw, explore
from conformance.trials.registry.model import Action, Contradiction, Recording, RegistryModel
from conformance.trials.registry.target import RegistryUnderTest


class SequenceSeen(msgspec.Struct, frozen=True):
    """One sequence: how many requests it took; where the registry contradicted the model, in one line, and the last
    exchanges.
    """

    requests: int
    contradiction: str = ""
    exchanges: tuple[Exchange, ...] = ()


class Sequences:
    """The sequences of the seed ``number``. Each job is one, in its own repositories; their order does not matter."""

    def __init__(self, registry: RegistryUnderTest, effort: str, number: int) -> None:
        self._registry, self._effort, self._number = registry, effort, number
        self.jobs: tuple[Callable[[], SequenceSeen], ...] = tuple(
            partial(_run, registry, place, actions) for place, actions in enumerate(draw(effort, number))
        )

    def conclude(
        self, seen: Sequence[SequenceSeen], count_requests: Callable[[int], None], keep: Keep = lambda *_: ""
    ) -> MachineSeen:
        """What the jobs found. After a contradiction the sequences are run one after the other, and the first that
        fails is shrunk.

        A contradiction that does not occur then stays a failure: a registry keeps its repositories apart.
        """
        for each in seen:
            count_requests(each.requests)
        broken = next((each for each in seen if each.contradiction), None)
        if broken is None:
            return MachineSeen(len(seen))
        again = explore(self._registry, self._effort, self._number, count_requests, keep, first=len(seen))
        sequences = len(seen) + again.sequences
        if again.failure:
            return MachineSeen(sequences, again.failure, again.exchanges)
        failure = f"while other sequences ran in other repositories, and not without them: {broken.contradiction}"
        return MachineSeen(sequences, failure, broken.exchanges)


def _run(registry: RegistryUnderTest, number: int, actions: Sequence[Action]) -> SequenceSeen:
    exchanges: list[Exchange] = []
    model = RegistryModel(registry, number, exchanges, Recording())
    try:
        for action in actions:
            action(model)
    except Contradiction as error:
        return SequenceSeen(model.requests, str(error), tuple(exchanges[-5:]))
    return SequenceSeen(model.requests)
