"""Edits in the text of a JSON document that leave every other byte unchanged.

Decoding and encoding again would lose values that Python's types cannot represent (``1e999``, ``1.10``, a lone
surrogate), and the form of all others. All functions expect text that ``document.decode_object`` accepted.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_BLANK = re.compile(r"[ \t\r\n]*")
# Numbers stay text: only the end of a value is needed, and Python refuses to convert very long numbers.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


class Span(NamedTuple):
    """The characters ``start`` to ``end`` of a value in its document."""

    start: int
    end: int


def members(text: str, start: int = 0) -> Iterator[tuple[str, Span]]:
    """Keys and values of the object that begins at ``start``, in order."""
    position = _skip(text, _skip(text, start) + 1)
    while text[position] != "}":
        key, position = _DECODER.raw_decode(text, position)
        value = _value(text, _skip(text, position) + 1)
        yield key, value
        position = _next(text, value.end)


def elements(text: str, start: int = 0) -> tuple[Span, ...]:
    """The values of the array that begins at ``start``."""
    found = []
    position = _skip(text, _skip(text, start) + 1)
    while text[position] != "]":
        found.append(_value(text, position))
        position = _next(text, found[-1].end)
    return tuple(found)


def find(text: str, path: Sequence[str]) -> Span | None:
    """The value at this path of keys; None when a key is absent, or a value on the path is not an object."""
    span = Span(_skip(text, 0), len(text))
    for key in path:
        if text[span.start] != "{":
            return None
        inner = next((value for name, value in members(text, span.start) if name == key), None)
        if inner is None:
            return None
        span = inner
    return span


def replaced(text: str, span: Span, value: str) -> str:
    """The document with another value in the place of ``span``."""
    return text[: span.start] + value + text[span.end :]


def with_member(text: str, key: str, value: str) -> str:
    """The object ``text`` with the member replaced, or added as its last."""
    last = None
    for name, span in members(text):
        if name == key:
            return replaced(text, span, value)
        last = span
    position = _skip(text, 0) + 1 if last is None else last.end
    return f"{text[:position]}{'' if last is None else ','}{json.dumps(key)}:{value}{text[position:]}"


def with_first(text: str, array: Span, value: str) -> str:
    """The document with ``value`` before the first element; ``without_first`` restores the original bytes."""
    inside = array.start + 1
    comma = "," if elements(text, array.start) else ""
    return f"{text[:inside]}{value}{comma}{text[inside:]}"


def without_first(text: str, array: Span) -> str:
    """The document without the first element of an array that has one."""
    spans = elements(text, array.start)
    end = spans[0].end if len(spans) == 1 else text.index(",", spans[0].end) + 1
    return text[: array.start + 1] + text[end:]


def _value(text: str, position: int) -> Span:
    start = _skip(text, position)
    return Span(start, _DECODER.raw_decode(text, start)[1])


def _next(text: str, position: int) -> int:
    position = _skip(text, position)
    return _skip(text, position + 1) if text[position] == "," else position


def _skip(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position
