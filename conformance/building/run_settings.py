"""The execution parameters of an image config (OCI image-spec 1.1, config.md, "config")."""

import json
import shlex
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from conformance.building.errors import BuildError

_MAX_TEXT: Final = 64 * 2**10
"""Maximum characters of one value: every client reads the whole config."""


class RunSettings(msgspec.Struct, frozen=True):
    """``environment`` and ``labels`` by name; empty fields are not written."""

    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    labels: dict[str, str] = {}
    user: str = ""
    working_directory: str = ""

    def fields(self) -> dict[str, Any]:
        """The object under "config"."""
        fields = {
            "User": self.user,
            "Env": [f"{name}={value}" for name, value in self.environment.items()],
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "WorkingDir": self.working_directory,
            "Labels": dict(self.labels),
        }
        return {name: value for name, value in fields.items() if value}


def words_of(option: str, text: str) -> tuple[str, ...]:
    """A command line from a JSON array of strings, or from words quoted as for a shell. Raise BuildError for other
    text.
    """
    _expect_text(option, text)
    try:
        if not text.startswith("["):
            return tuple(shlex.split(text))
        found = json.loads(text)
    except ValueError as error:
        raise BuildError(f"{option} {text[:80]!r}: {error}") from None
    if not all(isinstance(word, str) for word in found):
        raise BuildError(f"{option} {text[:80]!r} is not an array of strings")
    return tuple(found)


def pairs_of(option: str, given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE pairs by name; the last one of a name counts. Raise BuildError for another form."""
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise BuildError(f"{option} {text[:80]!r} is not NAME=VALUE")
        pairs[name] = value
        _expect_text(option, text)
    return pairs


def _expect_text(option: str, text: str) -> None:
    if len(text) > _MAX_TEXT or "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BuildError(f"{option} {text[:40]!r}: a text of at most {_MAX_TEXT} characters in UTF-8, without NUL")
