"""REG-020: random sequences of actions, drawn by Hypothesis, against the model of what a registry must hold."""

import itertools
import warnings
from collections.abc import Callable
from typing import Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisSideeffectWarning
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from conformance.observed.evidence import Exchange
from conformance.observed.registry import MachineSeen
from conformance.trials.registry.model import (
    BLOBS,
    IMAGES,
    REPOSITORIES,
    TAGS,
    Action,
    Contradiction,
    Keep,
    Recording,
    RegistryModel,
)
from conformance.trials.registry.target import RegistryUnderTest

_SEQUENCES: Final = {"quick": 8, "thorough": 60, "certify": 200}
_STEPS: Final = {"quick": 12, "thorough": 25, "certify": 40}
_SHOWN: Final = 5
"""Exchanges of a contradiction, the last ones."""
_SHORTER: Final = {"quick": 25, "thorough": 200, "certify": 2000}
"""How many sequences are run after the first contradiction, in search of a shorter one."""

_repositories: Final = st.sampled_from(REPOSITORIES)
_images: Final = st.integers(0, IMAGES - 1)


class _Drawn(RuleBasedStateMachine):
    """The actions that Hypothesis draws. They do not depend on what the registry responds.

    A sequence begins with a push: to read, or delete, what was not pushed sends no request.
    """

    def act(self, action: Action) -> None:
        raise NotImplementedError

    @initialize(repository=_repositories, image=_images, which=st.integers(0, BLOBS - 1))
    def begin(self, repository: str, image: int, which: int) -> None:
        self.push_blob(repository, image, which)

    @rule(repository=_repositories, image=_images, which=st.integers(0, BLOBS - 1))
    def push_blob(self, repository: str, image: int, which: int) -> None:
        self.act(Action("push_blob", (repository, image, which)))

    @rule(repository=_repositories, image=_images, tag=st.sampled_from(TAGS))
    def push_pair(self, repository: str, image: int, tag: str) -> None:
        self.act(Action("push_pair", (repository, image, tag)))

    @rule(source=_repositories, image=_images)
    def mount(self, source: str, image: int) -> None:
        self.act(Action("mount", (source, image)))

    @rule(repository=_repositories, image=_images, plain=st.booleans())
    def delete_manifest(self, repository: str, image: int, plain: bool) -> None:
        self.act(Action("delete_manifest", (repository, image, plain)))

    @rule(repository=_repositories)
    def read_everything(self, repository: str) -> None:
        self.act(Action("read_everything", (repository,)))


def draw(effort: str, number: int) -> tuple[tuple[Action, ...], ...]:
    """The sequences of the seed ``number``, without a request: those that ``explore`` begins with."""
    sequences: list[list[Action]] = []

    class Plan(_Drawn):
        def __init__(self) -> None:
            super().__init__()
            self._actions: list[Action] = []
            sequences.append(self._actions)

        def act(self, action: Action) -> None:
            self._actions.append(action)

    _run_machine(Plan, effort, number)
    return tuple(map(tuple, sequences))


def explore(
    registry: RegistryUnderTest,
    effort: str,
    number: int,
    count_requests: Callable[[int], None] = lambda _: None,
    keep: Keep = lambda *_: "",
    *,
    first: int = 0,
) -> MachineSeen:
    """Run sequences from the seed ``number``, one after the other; the shrunk steps of a contradiction are the failure.

    ``count_requests`` is called for each sequence with the number of requests it took; ``keep`` is given the shortest
    failing one that was found: the search for it ends after _SHORTER sequences, since a request to a far registry takes
    long. ``first`` is the number of the first sequence, which its repositories are named by.
    """
    counter = itertools.count(first)
    search = _Search(_SHORTER[effort])
    exchanges: list[Exchange] = []
    last = Recording()

    class Machine(_Drawn):
        def __init__(self) -> None:
            last.clear()
            super().__init__()
            self._actions: tuple[Action, ...] = ()
            self._model = None if search.is_over else RegistryModel(registry, next(counter), exchanges, last)

        def act(self, action: Action) -> None:
            self._actions += (action,)
            if self._model is None:
                search.repeat(self._actions, last, exchanges)
                return
            try:
                action(self._model)
            except Contradiction as error:
                search.keep(self._actions, error, last, exchanges)
                raise

        def teardown(self) -> None:
            if self._model is not None:
                search.count()
                count_requests(self._model.requests)

    try:
        _run_machine(Machine, effort, number)
    except Contradiction as error:
        # Hypothesis raises the error of the shortest sequence that it found, which it ran last.
        notes = "\n".join((*getattr(error, "__notes__", ()), *filter(None, (keep(last.steps, last.contents),))))
        return MachineSeen(next(counter) - first, f"{notes}\n{error}", tuple(exchanges[-_SHOWN:]))
    except Flaky as error:
        # A failure that is not reproducible: the responses depend on more than the requests.
        return MachineSeen(next(counter) - first, f"not reproducible: {error}", tuple(exchanges[-_SHOWN:]))
    return MachineSeen(next(counter) - first)


class _Search:
    """What the sequences with a contradiction found. After the search, these alone have one, and send no request."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._found: dict[tuple[Action, ...], tuple[Contradiction, Recording, list[Exchange]]] = {}

    @property
    def is_over(self) -> bool:
        return self._left < 0

    def count(self) -> None:
        """A sequence has ended."""
        self._left -= bool(self._found)

    def keep(
        self, actions: tuple[Action, ...], error: Contradiction, recording: Recording, exchanges: list[Exchange]
    ) -> None:
        """These actions led to the contradiction."""
        self._found[actions] = error, recording.copy(), exchanges[-_SHOWN:]

    def repeat(self, actions: tuple[Action, ...], recording: Recording, exchanges: list[Exchange]) -> None:
        """Raise the contradiction that these actions led to before, with what was recorded and exchanged then."""
        if actions in self._found:
            error, recorded, exchanges[:] = self._found[actions]
            recording.become(recorded)
            raise error


def _run_machine(machine: type[_Drawn], effort: str, number: int) -> None:
    """Without the warning for what plugins of pytest do while they are imported: here the tests run already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisSideeffectWarning)
        run_state_machine_as_test(seed(number)(machine), settings=_settings(effort))


def _settings(effort: str) -> settings:
    return settings(
        max_examples=_SEQUENCES[effort],
        stateful_step_count=_STEPS[effort],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
