"""REG-020: the sequences of a run as jobs, which several threads may do at the same time."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from conformance.observed.evidence import Exchange
from conformance.observed.registry import MachineSeen
from conformance.trials.registry.model import Action, Contradiction, Keep, Recording, RegistryModel
from conformance.trials.registry.quick import QUICK_SEED, read_stored
from conformance.trials.registry.target import RegistryUnderTest

_REQUESTS: Final = {"push_pair": 11, "read_everything": 2, "push_blob": 2, "mount": 1, "delete_manifest": 1}
"""About how many each action takes; to read, or delete, what was not pushed takes none."""


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
        self._drawn = _drawn(effort, number)
        self.jobs: tuple[Callable[[], SequenceSeen], ...] = tuple(
            partial(_run, registry, place, actions) for place, actions in enumerate(self._drawn)
        )

    def longest_first(self) -> list[Callable[[], SequenceSeen]]:
        """The jobs in the order in which they are to be begun: of a slow registry the longest takes a third of the
        time.
        """
        lengths = {
            job: sum(_REQUESTS[each.name] for each in drawn) for job, drawn in zip(self.jobs, self._drawn, strict=True)
        }
        return sorted(self.jobs, key=lengths.__getitem__, reverse=True)

    def conclude(
        self, seen: Sequence[SequenceSeen], count_requests: Callable[[int], None], keep: Keep = lambda *_: ""
    ) -> MachineSeen:
        """What the jobs found. After a contradiction the sequences are run one after the other, and the first that
        fails is shrunk.

        A contradiction that does not occur then stays a failure: a registry keeps its repositories apart.
        """
        for each in seen:
            count_requests(each.requests)
        place = next((place for place, each in enumerate(seen) if each.contradiction), None)
        if place is None:
            return MachineSeen(len(seen))
        # Only a registry that fails pays for the import of Hypothesis.
        from conformance.trials.registry.machine import explore  # noqa: PLC0415

        again = explore(self._registry, self._effort, self._number, count_requests, keep, first=len(seen))
        sequences = len(seen) + again.sequences
        if again.failure:
            return MachineSeen(sequences, again.failure, again.exchanges)
        # Another version of Hypothesis may explore other sequences than those that are stored.
        alone = _run(self._registry, sequences, self._drawn[place])
        if alone.contradiction:
            return MachineSeen(sequences + 1, alone.contradiction, alone.exchanges)
        failure = f"while other sequences ran in other repositories, and not without them: {seen[place].contradiction}"
        return MachineSeen(sequences + 1, failure, seen[place].exchanges)


def _drawn(effort: str, number: int) -> tuple[tuple[Action, ...], ...]:
    if effort == "quick" and number == QUICK_SEED:
        return read_stored().sequences
    from conformance.trials.registry.machine import draw  # noqa: PLC0415 (start-up time of quick runs)

    return draw(effort, number)


def _run(registry: RegistryUnderTest, number: int, actions: Sequence[Action]) -> SequenceSeen:
    exchanges: list[Exchange] = []
    model = RegistryModel(registry, number, exchanges, Recording())
    try:
        for action in actions:
            action(model)
    except Contradiction as error:
        return SequenceSeen(model.requests, str(error), tuple(exchanges[-5:]))
    return SequenceSeen(model.requests)
