"""The cases of consumers, which several threads run before the tests ask for their verdicts."""

from collections.abc import Callable, Iterator

import pytest

from conformance.results import Judgement
from conformance.trials.consumer.scenarios import judged_ahead, scenarios_of
from conformance.trials.consumer.trial import ConsumerTrials

Judged = Callable[[str], list[Judgement]]


def judged_by_id(trials: ConsumerTrials, test: str, request: pytest.FixtureRequest) -> Iterator[Judged]:
    """For a fixture: what judges a requirement by id; those of the selected tests ``test`` of the module are judged
    ahead.

    In a worker of xdist, which runs some of the tests, each when it is asked for.
    """
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    chosen = [item for item in items if item.module is request.module and item.originalname == test]
    marks = [item.get_closest_marker("requirement") for item in chosen]
    wanted = [mark.args[0] for mark in marks if mark and mark.args[0] in scenarios_of(trials)]
    with judged_ahead(trials, wanted, at_once=not hasattr(request.config, "workerinput")) as judged:
        yield judged
