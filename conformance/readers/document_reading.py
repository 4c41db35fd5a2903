"""An index, a manifest or a config as facts: the value at each place, in one form for all readers."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from conformance.readers.places import PROGRAMS
from conformance.readers.programs import DOCUMENT_FACTS
from conformance.readers.reading import Reading

Facts = dict[str, str]


class DocumentReading(msgspec.Struct, frozen=True):
    """``facts`` by place; ``refused`` is why the reader refuses the document, None when it accepts."""

    facts: Facts = {}
    refused: str | None = None


class WrongTypeError(Exception):
    """A value in the document has another type than readers expect."""


def facts_in(reading: Reading) -> DocumentReading:
    """The facts that a program of the panel returned."""
    if not reading.accepts:
        return DocumentReading(refused=reading.refused or "crashed")
    return DocumentReading({_text(member.name): _text(member.link or "") for member in reading.members})


def python_document_reading(kind: str, raw: bytes) -> DocumentReading:
    """The document as Python's ``json.loads`` reads it: exact keys, and the last one of equal keys."""
    try:
        return DocumentReading(facts_of(kind, json.loads(raw)))
    except (ValueError, RecursionError, WrongTypeError) as error:
        return DocumentReading(refused=f"{type(error).__name__}: {error}"[:200])


def facts_of(kind: str, value: Any) -> Facts:
    """The facts of a decoded index, manifest or config; raise WrongTypeError where a value has another type."""
    if not isinstance(value, dict):
        raise WrongTypeError(f"the {kind} is not an object")
    return {place: said for place, said in _walk(value, kind, "") if said is not None}


def first_difference(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    """The first place, in sorted order, with different values in two readings; "" when there is none."""
    return min((place for place in one.keys() | other.keys() if one.get(place) != other.get(place)), default="")


def _text(hexadecimal: str) -> str:
    return bytes.fromhex(hexadecimal).decode("utf-8", "replace")


@cache
def _shapes() -> dict[str, dict[str, Any]]:
    shapes: dict[str, dict[str, Any]] = json.loads((PROGRAMS / DOCUMENT_FACTS).read_text("utf-8"))
    return shapes


def _walk(value: Any, shape: str | list[str], place: str) -> Iterator[tuple[str, str | None]]:
    if value is None:
        return
    if isinstance(shape, list):
        _expect(value, list, place)
        if value:
            yield f"{place}.length", str(len(value))
        for position, one in enumerate(value):
            yield from _walk(one, shape[0], f"{place}[{position}]")
    elif shape in _SCALARS:
        yield from _SCALARS[shape](value, place)
    else:
        _expect(value, dict, place)
        for key, inner in _shapes()[shape].items():
            yield from _walk(value.get(key), inner, f"{place}.{key}" if place else key)


def _expect(value: Any, kind: type, place: str) -> None:
    if type(value) is not kind:  # bool is an int to isinstance
        raise WrongTypeError(f"{place} is {type(value).__name__}, not {kind.__name__}")


def _said(text: str) -> str:
    """Text as UTF-8, in which a lone surrogate becomes U+FFFD as in Go and node."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _string(value: Any, place: str) -> Iterator[tuple[str, str | None]]:
    _expect(value, str, place)
    yield place, _said(value) or None


def _count(value: Any, place: str) -> Iterator[tuple[str, str | None]]:
    _expect(value, int, place)
    yield place, str(value) if value else None


def _flag(value: Any, place: str) -> Iterator[tuple[str, str | None]]:
    _expect(value, bool, place)
    yield place, "true" if value else None


def _list(value: Any, place: str) -> Iterator[tuple[str, str | None]]:
    _expect(value, list, place)
    for position, one in enumerate(value):
        _expect("" if one is None else one, str, f"{place}[{position}]")
        yield f"{place}[{position}]", _said(one or "")


def _pairs(value: Any, place: str) -> Iterator[tuple[str, str | None]]:
    _expect(value, dict, place)
    for key, one in value.items():
        _expect("" if one is None else one, str, f"{place}.{key}")
        yield f"{place}.{_said(key)}", _said(one or "")


def _keys(value: Any, place: str) -> Iterator[tuple[str, str | None]]:
    _expect(value, dict, place)
    for key, one in value.items():
        _expect({} if one is None else one, dict, f"{place}.{key}")
        yield f"{place}.{_said(key)}", ""


_SCALARS: Final[Mapping[str, Callable[[Any, str], Iterator[tuple[str, str | None]]]]] = {
    "text": _string,
    "count": _count,
    "flag": _flag,
    "list": _list,
    "pairs": _pairs,
    "keys": _keys,
}
