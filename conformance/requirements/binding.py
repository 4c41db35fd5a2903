"""How checks, mutants and variants name the requirement they belong to.

The decorators only mark the function; ``find_bound`` collects the marks by walking a
package. So there is no registry to fill at import, and grepping for an id finds catalogue, check and mutant.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

import msgspec

F = TypeVar("F", bound=Callable[..., Any])
_DECIDES = "__decides__"
_BREAKS = "__breaks__"
_VARIES = "__varies__"


class Freedom(msgspec.Struct, frozen=True):
    """What a permitted choice is about: the requirements that it ``touches``, and the SHOULDs that it ``warns``
    of.

    A requirement of level MAY that it touches may also fail; this has no consequence.
    """

    touches: tuple[str, ...]
    warns: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All its requirements, each once."""
        return tuple(dict.fromkeys(self.touches + self.warns))


def decides(requirement_id: str) -> Callable[[F], F]:
    """Mark a check as the one that decides this requirement."""

    def mark(check: F) -> F:
        setattr(check, _DECIDES, requirement_id)
        return check

    return mark


def mutant(requirement_id: str, *, implies: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Mark a function that makes a target which breaks this requirement, and those it ``implies``."""

    def mark(maker: F) -> F:
        setattr(maker, _BREAKS, (requirement_id, *implies))
        return maker

    return mark


def variant(*touches: str, warns: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Mark a function that makes a permitted target, which differs from the reference in the
    requirements ``touches``.

    No MUST fails on it, and of the SHOULDs exactly those in ``warns``. Its docstring states what the choice is and
    which source leaves it open; TypeError without one.
    """

    def mark(maker: F) -> F:
        if not (maker.__doc__ or "").strip():
            raise TypeError(f"{maker!r} is a variant without a docstring that names its source")
        setattr(maker, _VARIES, Freedom(touches, warns))
        return maker

    return mark


def freedom_of(maker: Callable[..., Any]) -> Freedom:
    """The mark of a variant; TypeError when it has none."""
    freedom = getattr(maker, _VARIES, None)
    if not isinstance(freedom, Freedom):
        raise TypeError(f"{maker!r} has no @variant(…)")
    return freedom


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


def module_of(bound: Callable[..., Any]) -> str:
    """The module of a check, mutant or variant; the package, where the module is a private one (``_toc``).

    Names are published: a module that grows becomes a package of private modules, and its names stay.
    """
    package, _, module = bound.__module__.rpartition(".")
    return package if module.startswith("_") else bound.__module__


def name_of(bound: Callable[..., Any]) -> str:
    """Module (``module_of``) and function of a check, mutant or variant, below ``conformance`` or its ``cases``."""
    module = module_of(bound).removeprefix("conformance.").removeprefix("cases.")
    return f"{module}.{bound.__name__}"


def place_of(bound: Callable[..., Any]) -> str:
    """The file and line of a check, mutant or variant: ``conformance/checks/artifact/layer_chunks.py:43``.

    Of a mutant that a table defines (those of tar headers), the file and line of what makes it from the table.
    """
    _, index = inspect.findsource(inspect.unwrap(bound))
    return f"{bound.__module__.replace('.', '/')}.py:{index + 1}"


@cache
def find_checks(package: ModuleType) -> dict[str, Callable[..., object]]:
    """All checks of a package by requirement id, in module order; ValueError for two of one id.

    For what checks there are, and their names; ``checks.bound.checks_of`` gives those of an observation, to call.
    """
    found: dict[str, Callable[..., object]] = {}
    for function in _marked(package, _DECIDES):
        requirement_id = decided_by(function)
        if requirement_id in found:
            raise ValueError(f"{requirement_id} is decided by both {found[requirement_id]!r} and {function!r}")
        found[requirement_id] = function
    return found


def find_mutants(*places: ModuleType) -> tuple[Callable[..., Any], ...]:
    """All mutants of these packages and modules."""
    return tuple(maker for place in places for maker in _marked(place, _BREAKS))


def find_variants(package: ModuleType) -> tuple[Callable[..., Any], ...]:
    """All variants of a package."""
    return tuple(_marked(package, _VARIES))


def _marked(place: ModuleType, mark: str) -> Iterator[Callable[..., Any]]:
    for module in _modules(place):
        for value in vars(module).values():
            if callable(value) and hasattr(value, mark) and value.__module__ == module.__name__:
                yield value


def _modules(place: ModuleType) -> Iterator[ModuleType]:
    if not hasattr(place, "__path__"):
        yield place
        return
    for info in pkgutil.walk_packages(place.__path__, place.__name__ + "."):
        yield import_module(info.name)
