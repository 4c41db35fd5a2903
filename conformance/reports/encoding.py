"""JSON of values with untrusted text: also lone surrogates, which JSON in UTF-8 cannot hold."""

from inspect import cleandoc
from typing import Any

import msgspec


def json_bytes(value: object) -> bytes:
    """Compact JSON in UTF-8; what is not Unicode is escaped with a backslash, as Python shows it."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_printable(msgspec.to_builtins(value)))


def indented_json(value: object) -> bytes:
    """The same for people, with an end of line."""
    return msgspec.json.format(json_bytes(value), indent=2) + b"\n"


def schema_document(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema of models as it is published: the same with every version of Python.

    Descriptions are docstrings, which Python 3.13 stores without their indentation; defaults of tuples become lists.
    """
    document: dict[str, Any] = _dedented(msgspec.json.decode(msgspec.json.encode(schema)))
    return document


def _dedented(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: cleandoc(item) if key == "description" and isinstance(item, str) else _dedented(item)
            for key, item in value.items()
        }
    return [_dedented(item) for item in value] if isinstance(value, list) else value


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
