"""The checks by what they inspect: the type of a check's first parameter states which observation it judges."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_type_hints

from conformance import checks
from conformance.requirements import decided_by, find_checks, load_catalogue
from conformance.results import Judgement, RequirementResult, conclude

Seen = TypeVar("Seen")
Probe = TypeVar("Probe")
Check = Callable[[Seen], Iterator[Judgement]]


def checks_of(observation: type[Seen]) -> Mapping[str, Check[Seen]]:
    """The checks that take this observation, by requirement id."""
    return _by_observation().get(observation, {})


def judge_all(observation: type[Seen], seen: Sequence[Seen], *, replay: str = "") -> tuple[RequirementResult, ...]:
    """One result for every requirement whose check takes this observation, in catalogue order, over all of ``seen``."""
    bound = checks_of(observation)
    return tuple(
        conclude(requirement, (item for one in seen for item in bound[requirement.id](one)), replay=replay)
        for requirement in load_catalogue().requirements
        if requirement.id in bound
    )


def deciding(
    check: Check[Seen], observe: Callable[[Probe], Seen]
) -> tuple[str, Callable[[Probe], Iterator[Judgement]]]:
    """The id that a check decides, and the judgements over what ``observe`` sees by means of a probe."""
    return decided_by(check), lambda probe: check(observe(probe))


def judged(check: Check[Seen], seen: Iterable[Seen | Judgement]) -> Iterator[Judgement]:
    """What a check reports of these; a judgement among them (on an unobserved item) is used as is."""
    for item in seen:
        if isinstance(item, Judgement):
            yield item
        else:
            yield from check(item)


@cache
def _by_observation() -> Mapping[Any, Mapping[str, Check[Any]]]:
    """The checks by the type of their first parameter; one that takes a union stands under each of its members."""
    found: dict[Any, dict[str, Check[Any]]] = {}
    for name, check in find_checks(checks).items():
        hints = get_type_hints(check)
        first = next((hint for parameter, hint in hints.items() if parameter != "return"), None)
        for observation in get_args(first) if isinstance(first, UnionType) else (first,):
            found.setdefault(observation, {})[name] = cast(Check[Any], check)
    return found
