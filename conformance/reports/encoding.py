"""JSON of values with untrusted text: also lone surrogates, which JSON in UTF-8 cannot hold."""

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


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
