"""Valid JSON documents with a few edits, which reach every rule; random bytes rarely pass the first brace.

An edit drops, repeats, renames or moves a member, or replaces its value by one of another type or another number. Keys
may be repeated, and are renamed to keys that some reader folds to a known one.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

_LITERALS: Final = (
    "null", "true", "0", "-0", "1", "-1", "0.5", "1.0", "1e999", "1e2", str(2**63), str(2**64), "9" * 30,
    '""', '"x"', '"\\ud800"', '"\\u0000"', '"sha256:' + "0" * 64 + '"', '"..//"', "[]", "{}", "[null]", '{"a":1,"a":2}',
)  # fmt: skip
_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    str.upper,
    str.title,
    lambda key: key.replace("i", "\u0130"),
    lambda key: key.replace("i", "\u0131"),
    lambda key: key.replace("s", "\u017f"),
    lambda key: key.replace("k", "\u212a"),
    lambda key: key.replace("st", "\ufb06"),
    lambda key: f"{key} ",
    lambda key: f"x-{key}",
    lambda _: "",
)


@dataclass
class Members:
    """The members of an object in order; keys may be repeated."""

    pairs: list[tuple[str, Any]] = field(default_factory=list)


Node = Members | list[Any]


def parse(document: bytes) -> Any:
    """A document as Members, lists and literals (as JSON text)."""
    return _literal(json.loads(document, object_pairs_hook=Members))


def write(value: Any) -> bytes:
    """The compact JSON text of a result of ``parse``."""
    return _text(value).encode()


@st.composite
def mutated_json(draw: st.DrawFn, document: bytes, max_edits: int = 3) -> bytes:
    """A valid document with one to ``max_edits`` edits."""
    value = parse(document)
    for _ in range(draw(st.integers(1, max_edits))):
        nodes = [node for node in _nodes(value) if (node.pairs if isinstance(node, Members) else node)]
        if nodes:
            _edit(draw, nodes[draw(st.integers(0, len(nodes) - 1))])
    return write(value)


def _edit(draw: st.DrawFn, node: Node) -> None:
    if isinstance(node, Members):
        _edit_members(draw, node.pairs)
        return
    index = draw(st.integers(0, len(node) - 1))
    how = draw(st.sampled_from(("drop", "repeat", "replace", "swap")))
    if how == "drop":
        del node[index]
    elif how == "repeat":
        node.insert(index, node[index])
    elif how == "replace":
        node[index] = draw(st.sampled_from(_LITERALS))
    else:
        other = draw(st.integers(0, len(node) - 1))
        node[index], node[other] = node[other], node[index]


def _edit_members(draw: st.DrawFn, pairs: list[tuple[str, Any]]) -> None:
    index = draw(st.integers(0, len(pairs) - 1))
    key, value = pairs[index]
    how = draw(st.sampled_from(("drop", "repeat", "rename", "second", "replace", "add")))
    if how == "drop":
        del pairs[index]
    elif how == "repeat":
        pairs.insert(draw(st.integers(0, len(pairs))), (key, draw(st.sampled_from((value, *_LITERALS)))))
    elif how == "rename":
        pairs[index] = (draw(st.sampled_from(_SPELLINGS))(key), value)
    elif how == "second":
        spelt = draw(st.sampled_from(_SPELLINGS))(key)
        pairs.insert(draw(st.integers(0, len(pairs))), (spelt, draw(st.sampled_from((value, *_LITERALS)))))
    elif how == "replace":
        pairs[index] = (key, draw(st.sampled_from(_LITERALS)))
    else:
        pairs.append((draw(st.text(max_size=8)), draw(st.sampled_from(_LITERALS))))


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Members):
        yield value
        for _, item in value.pairs:
            yield from _nodes(item)
    elif isinstance(value, list):
        yield value
        for item in value:
            yield from _nodes(item)


def _literal(value: Any) -> Any:
    if isinstance(value, Members):
        return Members([(key, _literal(item)) for key, item in value.pairs])
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return json.dumps(value)


def _text(value: Any) -> str:
    if isinstance(value, Members):
        return "{" + ",".join(f"{json.dumps(key)}:{_text(item)}" for key, item in value.pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_text(item) for item in value) + "]"
    return str(value)
