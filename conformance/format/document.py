"""Bounded, strict reading of small JSON documents: manifests, indexes, configs.

TOCs have their own decoder (``toc``): they may hold a million entries.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from conformance.format.errors import FormatError

# OCI distribution-spec 1.1, "Pushing Manifests": registries should accept 4 MiB; more is not portable.
MAX_DOCUMENT = 4 * 2**20
MAX_DEPTH = 64

JsonObject = dict[str, Any]


def decode_object(raw: bytes, *, what: str, limit: int = MAX_DOCUMENT) -> JsonObject:
    """Decode one JSON object; raise FormatError if it is not exactly that.

    Refused as well: more than ``limit`` bytes, a key twice in one object, NaN and infinities,
    invalid UTF-8, a byte-order mark, nesting deeper than MAX_DEPTH.
    """
    if len(raw) > limit:
        raise FormatError(f"{what} has {len(raw)} bytes; the limit is {limit}")
    _bound_depth(raw, what)
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise FormatError(f"{what} is not UTF-8", where=f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"{what} is not JSON: {error.msg}", where=f"character {error.pos}") from None
    except FormatError as error:
        raise FormatError(f"{what}: {error.what}") from None
    except ValueError as error:  # an integer of thousands of digits
        raise FormatError(f"{what} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise FormatError(f"{what} is a JSON {_kind(value)}, not an object")
    return value


def encode(value: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON in the order of the mapping; what this project's own producer writes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _bound_depth(raw: bytes, what: str) -> None:
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    depth = deepest = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                raise FormatError(f"{what} is nested deeper than {MAX_DEPTH} levels")
        elif byte in b"]}":
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
