"""Bounded, strict reading of small JSON documents: manifests, indexes, configs.

TOCs have their own decoder (``toc``): they may hold a million entries.
"""

import json
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final, NoReturn

from conformance.format.errors import FormatError
from conformance.format.json_problems import (
    LONE_SURROGATE,
    KeyProblem,
    Shape,
    Walk,
    is_exact_integer,
    is_portable_number,
)
from conformance.format.key_folds import folded_match

# OCI distribution-spec 1.1, "Pushing Manifests": registries should accept 4 MiB; more is not portable.
MAX_DOCUMENT = 4 * 2**20
MAX_DEPTH = 64
MAX_PROBLEMS: Final = 100
ESCAPED_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_STRING_OR_BRACKET: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)

JsonObject = dict[str, Any]


def decode_object(raw: bytes, *, what: str, limit: int = MAX_DOCUMENT) -> JsonObject:
    """Decode one JSON object; raise FormatError for anything else.

    Also refused: more than ``limit`` bytes, a repeated key in one object, NaN and infinities, invalid UTF-8, a
    byte-order mark, nesting deeper than MAX_DEPTH.
    """
    if len(raw) > limit:
        raise FormatError(f"{what} has {len(raw)} bytes; the limit is {limit}")
    value = _decode(raw, what, _unique_keys)
    if not isinstance(value, dict):
        raise FormatError(f"{what} is a JSON {_kind(value)}, not an object")
    return value


def decode_leniently(
    raw: bytes, *, what: str, shape: Shape, limit: int = MAX_DOCUMENT
) -> tuple[JsonObject, tuple[KeyProblem, ...]]:
    """One JSON object as most readers decode it, and at most MAX_PROBLEMS places where some decode it differently.

    Keys are compared exactly, the last value of a repeated key counts, a lone surrogate becomes U+FFFD. Raise
    FormatError beyond the bounds of ``decode_object``, and for text that is not JSON.
    """
    if len(raw) > limit:
        raise FormatError(f"{what} has {len(raw)} bytes; the limit is {limit}")
    recorder = _AmbiguityRecorder(shape)
    value = _decode(raw, what, recorder.object, parse_float=recorder.number, parse_int=recorder.integer)
    if not isinstance(value, dict):
        raise FormatError(f"{what} is a JSON {_kind(value)}, not an object")
    surrogate = ESCAPED_SURROGATE.search(raw) is not None
    if not recorder.raised and not surrogate:
        return value, ()
    problems = tuple(islice(Walk(raw.decode()).problems(shape), MAX_PROBLEMS))
    return _without_surrogates(value) if surrogate else value, problems


def _decode(
    raw: bytes,
    what: str,
    pairs: Callable[[list[tuple[str, Any]]], Any],
    parse_float: Callable[[str], Any] = float,
    parse_int: Callable[[str], Any] = int,
) -> Any:
    _bound_depth(raw, what)
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=pairs,
            parse_constant=_refuse_constant,
            parse_float=parse_float,
            parse_int=parse_int,
        )
    except UnicodeDecodeError as error:
        raise FormatError(f"{what} is not UTF-8", where=f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"{what} is not JSON: {error.msg}", where=f"character {error.pos}") from None
    except FormatError as error:
        raise FormatError(f"{what}: {error.what}") from None
    except ValueError as error:  # an integer of thousands of digits
        raise FormatError(f"{what} is not JSON: {error}") from None


class _AmbiguityRecorder:
    """Records, while a document is decoded, whether readers may differ on it; ``Walk`` then finds the places."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.raised = False

    def object(self, pairs: list[tuple[str, Any]]) -> JsonObject:
        # The position of this object is not known here: its keys are compared with those of all objects.
        found = dict(pairs)
        if len(found) != len(pairs):
            self.raised = True
        elif not (self.raised or self._shape.everywhere.keys() >= found.keys()):
            odd = found.keys() - self._shape.everywhere.keys()
            self.raised = any(folded_match(key, self._shape.everywhere_by_folding) is not None for key in odd)
        return found

    def number(self, text: str) -> float:
        self.raised = True
        return float(text)

    def integer(self, text: str) -> int | float:
        self.raised |= not is_exact_integer(text)  # a field that is not an integer may have a larger number
        return int(text) if is_portable_number(text) else float(text)


def _without_surrogates(value: Any) -> Any:
    """The same with U+FFFD for every lone surrogate, as Go decodes it, so that the text can be encoded."""
    if isinstance(value, str):
        return value if value.isascii() else LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def encode(value: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON in the order of the mapping, as the reference producer writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _bound_depth(raw: bytes, what: str) -> None:
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(raw):
        mark = raw[token.start()]
        if mark in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise FormatError(f"{what} is nested deeper than {MAX_DEPTH} levels")
        elif mark in b"]}":
            depth -= 1


def _unique_keys(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise FormatError(f"key {key!r} occurs twice in one object")
            seen.add(key)
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise FormatError(f"{name} is not JSON")


def _kind(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")
