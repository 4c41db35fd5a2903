"""How checks and mutants name the requirement they belong to.

The decorators only leave a mark on the function; ``find_bound`` collects the marks by walking a
package. So there is no registry to fill at import, and grepping for an id finds catalogue, check and mutant.
"""

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_DECIDES = "__decides__"
_BREAKS = "__breaks__"


def decides(requirement_id: str) -> Callable[[F], F]:
    """Mark a check as the one that decides this requirement."""

    def mark(check: F) -> F:
        setattr(check, _DECIDES, requirement_id)
        return check

    return mark


def mutant(requirement_id: str, *, implies: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Mark a function as making a subject that breaks this requirement, and those it ``implies``."""

    def mark(maker: F) -> F:
        setattr(maker, _BREAKS, (requirement_id, *implies))
        return maker

    return mark


def decided_by(check: Callable[..., Any]) -> str:
    """The id a check decides; TypeError when it has no mark."""
    requirement_id = getattr(check, _DECIDES, None)
    if not isinstance(requirement_id, str):
        raise TypeError(f"{check!r} has no @decides(…)")
    return requirement_id


def broken_by(maker: Callable[..., Any]) -> tuple[str, ...]:
    """The ids a mutant breaks, the intended one first; TypeError when it has no mark."""
    ids = getattr(maker, _BREAKS, None)
    if not isinstance(ids, tuple):
        raise TypeError(f"{maker!r} has no @mutant(…)")
    return ids


def find_checks(package: ModuleType) -> dict[str, Callable[..., Any]]:
    """All checks of a package by requirement id, in module order; ValueError for two of one id."""
    found: dict[str, Callable[..., Any]] = {}
    for function in _marked(package, _DECIDES):
        requirement_id = decided_by(function)
        if requirement_id in found:
            raise ValueError(f"{requirement_id} is decided by both {found[requirement_id]!r} and {function!r}")
        found[requirement_id] = function
    return found


def find_mutants(package: ModuleType) -> tuple[Callable[..., Any], ...]:
    """All mutants of a package."""
    return tuple(_marked(package, _BREAKS))


def _marked(package: ModuleType, mark: str) -> Iterator[Callable[..., Any]]:
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        module = import_module(info.name)
        for value in vars(module).values():
            if callable(value) and hasattr(value, mark) and value.__module__ == module.__name__:
                yield value
