"""The checks by what they look at: the type of a check's first parameter says which observation it judges."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from conformance import checks
from conformance.requirements import find_checks, load_catalogue
from conformance.results import Judgement, RequirementResult, conclude

Seen = TypeVar("Seen")
Check = Callable[[Seen], Iterator[Judgement]]


def checks_of(observation: type[Seen]) -> Mapping[str, Check[Seen]]:
    """The checks that take this observation, by requirement id."""
    return {name: check for name, check in find_checks(checks).items() if observation in _taken_by(check)}


def judge_all(observation: type[Seen], seen: Sequence[Seen], *, replay: str = "") -> tuple[RequirementResult, ...]:
    """One result for every requirement whose check takes this observation, in catalogue order, over all of ``seen``."""
    bound = checks_of(observation)
    return tuple(
        conclude(requirement, (item for one in seen for item in bound[requirement.id](one)), replay=replay)
        for requirement in load_catalogue().requirements
        if requirement.id in bound
    )


def judged(check: Check[Any], seen: Iterable[object]) -> Iterator[Judgement]:
    """What a check says of these; a judgement among them (of what could not be seen) stands for itself."""
    for item in seen:
        if isinstance(item, Judgement):
            yield item
        else:
            yield from check(item)


@cache
def _taken_by(check: Check[Any]) -> tuple[Any, ...]:
    """The observation types of a check's first parameter: itself, and the members of a union."""
    hints = get_type_hints(check)
    first = next((hint for name, hint in hints.items() if name != "return"), None)
    return (first, *get_args(first))
