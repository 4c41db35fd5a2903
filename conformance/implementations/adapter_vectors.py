"""Reads the argument vectors and templates of an adapter: every mistake is a ValueError that names the place."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from conformance.implementations.adapter_document import Steps
from conformance.implementations.placeholders import OPTIONS, PLACEHOLDERS, SURROUNDINGS, Vector, words

_RUNNERS_OWN: Final = ("HOME", "PATH", "TMPDIR")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_FILES: Final = 50


def read_steps(steps: Steps, where: str, *, around: bool = False) -> tuple[Vector, ...]:
    """One vector, or several; ``around``: steps before or after operations, with the placeholders of all operations
    only.
    """
    if all(isinstance(step, str) for step in steps):
        return (read_vector(steps, where, around=around),)
    return tuple(
        read_vector(step, f"{where}[{number}]", first=number == 0, around=around)
        if isinstance(step, list)
        else _mixed(where)
        for number, step in enumerate(steps)
    )


def read_vector(arguments: list[Any], where: str, *, first: bool = True, around: bool = False) -> Vector:
    """The program and its arguments; the ``first`` step of an operation has no output of a previous step."""
    if not arguments or not arguments[0]:
        raise ValueError(f"{where}: an empty argument vector; its first element is the program")
    if len(arguments) == 1 and " " in arguments[0].strip():
        raise ValueError(f"{where}: {arguments[0]!r} is one argument; give each argument by itself")
    return read_arguments(arguments, where, first=first, around=around)


def read_arguments(arguments: list[Any], where: str, *, first: bool = True, around: bool = False) -> Vector:
    """Arguments without a program, for options."""
    for argument in arguments:
        if "\0" in argument:
            raise ValueError(f"{where}: an argument holds a NUL")
        if argument != OPTIONS or around:
            _check_words(argument, where, first=first, around=around)
    return tuple(arguments)


def read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables of a tool in addition to those of its sandbox."""
    for name, value in environment.items():
        if not _ENVIRONMENT_NAME.fullmatch(name):
            raise ValueError(f"environment: {name!r} is not a name of an environment variable")
        if name in _RUNNERS_OWN or name.startswith("XDG_"):
            raise ValueError(f"environment.{name}: is set for each run, to its own directory")
        _check_words(value, f"environment.{name}")
    return dict(environment)


def read_files(files: Mapping[str, str]) -> dict[str, str]:
    """The files to write before a run: paths below HOME, contents with placeholders."""
    if len(files) > _MAX_FILES:
        raise ValueError(f"files: at most {_MAX_FILES}")
    for name, content in files.items():
        path = PurePosixPath(name)
        if not name or "\0" in name or path.is_absolute() or ".." in path.parts or path == PurePosixPath("."):
            raise ValueError(f"files: {name!r} is not a path below HOME; give a relative one without '..'")
        _check_words(content, f"files.{name}")
    return dict(files)


def read_template(text: str, where: str) -> str:
    """One argument by itself, such as a path."""
    _check_words(text, where)
    return text


def read_expression(text: str) -> str:
    """A regular expression for output that states a reason."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"refusals: {text!r} is not a regular expression: {error}") from None
    return text


def _mixed(where: str) -> Vector:
    raise ValueError(f"{where}: arguments and argument vectors are mixed; give one vector, or a list of vectors")


def _check_words(argument: str, where: str, *, first: bool = True, around: bool = False) -> None:
    for word in words(argument):
        if word == "options" and not around:
            raise ValueError(f"{where}: {OPTIONS} stands for whole arguments and must be one by itself")
        if word not in PLACEHOLDERS:
            raise ValueError(f"{where}: {{{word}}} is not a placeholder; known: {', '.join(PLACEHOLDERS)}, options")
        if around and word not in SURROUNDINGS:
            raise ValueError(f"{where}: {{{word}}} is not known around an operation; known: {', '.join(SURROUNDINGS)}")
        if word == "stdout" and first:
            raise ValueError(f"{where}: {{stdout}} is what the step before printed; there is no step before")
