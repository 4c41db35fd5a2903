"""The checks by what they inspect: the type of a check's first parameter states which observation it judges."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Generic, TypeVar, cast, get_args, get_type_hints

from conformance import checks
from conformance.requirements import Role, decided_by, find_checks, load_catalogue
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


def unchecked(*roles: Role) -> tuple[str, ...]:
    """Ids of these roles that this version has no check for: stated in every report, never counted as passed."""
    bound = find_checks(checks)
    return tuple(
        requirement.id
        for requirement in load_catalogue().requirements
        if requirement.id not in bound and any(role in requirement.roles for role in roles)
    )


@dataclass(frozen=True)
class Scenario(Generic[Probe, Seen]):
    """A check, and what observes by means of a probe what it judges; None where the target has no such thing."""

    check: Check[Seen]
    observe: Callable[[Probe], Seen | None]

    def judge(self, probe: Probe) -> Iterator[Judgement]:
        """Observe, and judge that."""
        seen = self.observe(probe)
        return iter(()) if seen is None else self.check(seen)


def deciding(check: Check[Seen], observe: Callable[[Probe], Seen | None]) -> tuple[str, Scenario[Probe, Any]]:
    """The id that a check decides, and the scenario: a type checker sees that both are about one observation."""
    return decided_by(check), Scenario(check, observe)


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
