"""Compares entries and documents. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from conformance.anatomy.difference.model import Change, FieldChange
from conformance.anatomy.difference.nodes import Node, attributes, describe, shown
from conformance.format.document import JsonObject

_ABSENT: Final = "absent"
_MAX_VALUE: Final = 160
_WORDS: Final = {True: "true", False: "false", None: "null"}


def compare_nodes(first: Node, second: Node, ignored: Collection[str] = ()) -> tuple[FieldChange, ...]:
    """The attributes that differ, except for those ignored; each extended attribute is listed separately."""
    ours, theirs = attributes(first), attributes(second)
    changes = [
        FieldChange(field, shown(field, value), shown(field, theirs[field]))
        for field, value in ours.items()
        if value != theirs[field] and field not in ignored
    ]
    for key in sorted(first.xattrs.keys() | second.xattrs.keys()):
        pair = first.xattrs.get(key), second.xattrs.get(key)
        if pair[0] != pair[1]:
            texts = [_ABSENT if value is None else shown("xattr", value) for value in pair]
            changes.append(FieldChange(f"xattr {key}", *texts))
    return tuple(changes)


def compare_trees(
    first: Mapping[str, Node], second: Mapping[str, Node], ignored: Collection[str] = ()
) -> Iterator[Change]:
    """Compare all names of both trees, sorted."""
    for name in sorted(first.keys() | second.keys()):
        ours, theirs = first.get(name), second.get(name)
        if ours is None and theirs is not None:
            yield Change("A", name, about=describe(theirs))
        elif theirs is None and ours is not None:
            yield Change("D", name, about=describe(ours))
        elif ours is not None and theirs is not None and (fields := compare_nodes(ours, theirs, ignored)):
            yield Change("M", name, fields)


def compare_documents(first: JsonObject, second: JsonObject, left_out: Collection[str] = ()) -> tuple[Change, ...]:
    """The members that differ, by path; ``left_out``: keys of the outermost object to skip."""
    kept = [{key: value for key, value in fields.items() if key not in left_out} for fields in (first, second)]
    return tuple(_members("", *kept))


def _members(path: str, first: Any, second: Any) -> Iterator[Change]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *(key for key in second if key not in first)]:
            inner = f"{path}.{key}" if path else key
            if key not in second:
                yield Change("D", inner, about=_value(first[key]))
            elif key not in first:
                yield Change("A", inner, about=_value(second[key]))
            else:
                yield from _members(inner, first[key], second[key])
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for position, (ours, theirs) in enumerate(zip(first, second, strict=True)):
            yield from _members(f"{path}[{position}]", ours, theirs)
    elif type(first) is not type(second) or first != second:
        yield Change("M", path, (FieldChange("value", _value(first), _value(second)),))


def compare_order(what: str, first: Sequence[str], second: Sequence[str]) -> Iterator[Change]:
    """One change where the same items are in another order."""
    if sorted(first) == sorted(second) and list(first) != list(second):
        yield Change("M", what, (FieldChange("order", ", ".join(first), ", ".join(second)),))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"


def _json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_json(item)}" for key, item in list(value.items())[:8]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_json(item) for item in value[:8]) + (", …]" if len(value) > 8 else "]")
    return _WORDS[value] if value is None or isinstance(value, bool) else str(value)
