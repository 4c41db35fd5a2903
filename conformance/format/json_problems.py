"""Parts of a JSON document on which readers differ, or for which only some readers refuse it.

Known differences (docs/documents.md): for a repeated key some readers use the first value, most the last; keys are
compared with or without case; a number out of range is refused, or becomes infinite; an escaped lone surrogate is
refused, retained, or becomes U+FFFD. Keys are compared without case only at places where readers have fields: in maps
(annotations, labels, xattrs) and in members that no reader knows, a key is wrong only when it is repeated.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from conformance.format.key_folds import folded, folded_match

MAX_SHOWN: Final = 80


class KeyKind(StrEnum):
    """What is wrong with a key, or with a value."""

    CASE = "case"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    UNKNOWN = "unknown"
    NUMBER = "number"
    SURROGATE = "surrogate"


class KeyProblem(msgspec.Struct, frozen=True):
    """One key: its ``path`` (``entries[3]``, empty for the document) and the ``offset`` of its quote in bytes.

    For a number or a text, ``key`` is the JSON text, cut, and ``offset`` its start.
    """

    kind: KeyKind
    key: str
    path: str
    offset: int

    @property
    def is_ambiguous(self) -> bool:
        """Whether parsers differ on it; all parsers skip an unknown key."""
        return self.kind is not KeyKind.UNKNOWN


class Shape(msgspec.Struct, frozen=True):
    """The keys of an object that readers know, with the shapes of their values; an array has the shape of its items.

    ``closed``: an unknown key is a problem. ``integers``: known keys whose value is an integer. ``everywhere`` has also
    the keys of all objects inside. Build it with ``of``.
    """

    fields: Mapping[str, "Shape"] = {}
    closed: bool = False
    integers: frozenset[str] = frozenset()
    by_folding: Mapping[str, str] = {}
    everywhere: Mapping[str, None] = {}
    everywhere_by_folding: Mapping[str, str] = {}

    @classmethod
    def of(cls, fields: Mapping[str, "Shape"], *, integers: Sequence[str] = (), closed: bool = False) -> "Shape":
        """A shape with these keys and the keys of ``integers``."""
        known = {**fields, **dict.fromkeys(integers, FREE)}
        everywhere = dict.fromkeys(known) | {key: None for inner in known.values() for key in inner.everywhere}
        return cls(known, closed, frozenset(integers), folded(known), everywhere, folded(everywhere))


FREE: Final = Shape()
"""A map, or a value without keys that readers know."""

_MAX_DOUBLE: Final = 1.7976931348623157e308
_INT_DIGITS: Final = 20
_LEXEME: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def is_portable_number(text: str) -> bool:
    """Whether every reader can hold the number: an integer of 64 bits, or a finite double."""
    if text.lstrip("-").isdigit():
        return len(text) <= _INT_DIGITS and -(2**63) <= int(text) < 2**64
    return abs(float(text)) <= _MAX_DOUBLE


def is_exact_integer(text: str) -> bool:
    """Whether it is written as an integer that a double represents exactly (RFC 8259 section 6)."""
    return text.lstrip("-").isdigit() and len(text) < _INT_DIGITS and abs(int(text)) < 2**53


def has_lone_surrogate(text: str) -> bool:
    """Whether a decoded text has a lone surrogate."""
    return LONE_SURROGATE.search(text) is not None


class Walk:
    """Inspects every key and value of a well-formed JSON text.

    ``refuses_empty``: an empty key is a problem, because a reader treats it as the end of the object. ``problems`` may
    be called for several parts of the text, in order: each offset is computed from the one before.
    """

    def __init__(self, text: str, *, refuses_empty: bool = False) -> None:
        self._text, self._refuses_empty = text, refuses_empty
        self._byte = self._character = 0

    def problems(self, shape: Shape, start: int = 0, end: int | None = None, path: str = "") -> Iterator[KeyProblem]:
        """The problems of the value from ``start`` to ``end`` (in characters), which is at ``path``."""
        levels: list[_Level] = []
        shapes, names = shape, path
        for match in _LEXEME.finditer(self._text, start, len(self._text) if end is None else end):
            lexeme = match.group()
            level = levels[-1] if levels else None
            if lexeme in "{[":
                levels.append(_Level(shapes, names, is_array=lexeme == "["))
                shapes, names = _first_of(levels[-1])
            elif lexeme in "}]":
                levels.pop()
            elif lexeme == ",":
                if level is not None:
                    shapes, names = level.after_comma()
            elif lexeme == ":":
                continue
            elif level is not None and level.wants_key:
                key = json.loads(lexeme)
                yield from self.judge_key(key, level.seen, level.shape, level.path, match.start())
                shapes, names = level.value_of(key)
            else:
                yield from self._value(lexeme, names, match.start(), level)

    def _offset(self, character: int) -> int:
        """Bytes before this character; called with increasing positions."""
        self._byte += len(self._text[self._character : character].encode())
        self._character = character
        return self._byte

    def judge_key(self, key: str, seen: set[str], shape: Shape, path: str, start: int) -> Iterator[KeyProblem]:
        """The problem of a key at ``start`` of an object whose earlier keys are ``seen``; add the key to them."""
        kind = KeyKind.EMPTY if self._refuses_empty and not key else _kind_of_key(key, seen, shape)
        seen.add(key)
        if kind is not None:
            yield KeyProblem(kind, _printable(key), path, self._offset(start))
        if has_lone_surrogate(key):
            yield KeyProblem(KeyKind.SURROGATE, _printable(key), path, self._offset(start))

    def _value(self, lexeme: str, path: str, start: int, level: "_Level | None") -> Iterator[KeyProblem]:
        if lexeme[0] == '"':
            if _SURROGATE.search(lexeme) and has_lone_surrogate(json.loads(lexeme)):
                yield KeyProblem(KeyKind.SURROGATE, lexeme[:MAX_SHOWN], path, self._offset(start))
        elif lexeme[0] in "-0123456789":
            due = level is not None and not level.is_array and level.key in level.shape.integers
            if not (is_exact_integer(lexeme) if due else is_portable_number(lexeme)):
                yield KeyProblem(KeyKind.NUMBER, lexeme[:MAX_SHOWN], path, self._offset(start))


class _Level:
    """An object or array whose end has not been read."""

    def __init__(self, shape: Shape, path: str, *, is_array: bool) -> None:
        self.shape, self.path, self.is_array = shape, path, is_array
        self.wants_key = not is_array
        self.seen: set[str] = set()
        self.key = ""
        self._index = 0

    def after_comma(self) -> tuple[Shape, str]:
        """Expect the next member."""
        if not self.is_array:
            self.wants_key = True
            return FREE, self.path
        self._index += 1
        return self.item()

    def item(self) -> tuple[Shape, str]:
        """Shape and path of the current item of an array."""
        return self.shape, f"{self.path}[{self._index}]"

    def value_of(self, key: str) -> tuple[Shape, str]:
        """Shape and path of the value of a key."""
        self.key, self.wants_key = key, False
        shown = _printable(key)
        return self.shape.fields.get(key, FREE), f"{self.path}.{shown}" if self.path else shown


def _first_of(level: _Level) -> tuple[Shape, str]:
    return level.item() if level.is_array else (FREE, level.path)


def _kind_of_key(key: str, seen: set[str], shape: Shape) -> KeyKind | None:
    """The problem of a key of an object of this shape whose earlier keys are ``seen``."""
    if key in seen:
        return KeyKind.DUPLICATE
    if shape.by_folding and key not in shape.fields:
        if folded_match(key, shape.by_folding) is not None:
            return KeyKind.CASE
        if shape.closed:
            return KeyKind.UNKNOWN
    return None


def _printable(key: str) -> str:
    # JSON can escape a lone surrogate, which must not reach a report.
    return key.encode(errors="backslashreplace").decode()[:MAX_SHOWN]
