"""Writes docs/commands.md from help texts and schemas: python tools/write_commands.py [FILE]."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from conformance import plugin
from conformance.cli import app

ROOT: Final = Path(__file__).parents[1]
SCHEMAS: Final = {
    "Adapter files": "conformance/implementations/adapter.schema.json",
    "results.json": "conformance/reports/results.schema.json",
    "certificate.json": "conformance/reports/certificate.schema.json",
}
_ESCAPED: Final = re.compile(r"([\\|<>*_\[\]])")
_END: Final = re.compile(r"Examples?:\n\n(?P<examples>.*?)\n\n(?P<status>Exit status: .*)", re.DOTALL)


def lines() -> Iterator[str]:
    """Markdown: the commands of zcc, the options of pytest, the documents."""
    yield "# Commands, options and documents"
    yield ""
    yield "Generated from help texts and schemas by `python tools/write_commands.py`; do not edit."
    for path, command in _commands(("zcc",), typer.main.get_command(app)):
        yield from ("", f"## {' '.join(path)}", "", *_command(command))
    yield from ("", "## pytest", "", "Options of the suite, of `pytest --help`.", "", *_table(_pytest_options()))
    for title, file in SCHEMAS.items():
        yield from ("", f"## {title}", "", f"[{file}](../{file})")
        for name, fields in _documents(json.loads((ROOT / file).read_bytes())):
            yield from ("", f"### {title}: {name}", "", "| field | type |", "|---|---|", *fields)


def _commands(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, part in getattr(command, "commands", {}).items():
        yield from _commands((*path, name), part)


def _command(command: Any) -> Iterator[str]:
    yield _escaped(command.help or "")
    options = [
        (
            ", ".join((*each.opts, *each.secondary_opts)) if each.param_type_name == "option" else each.name.upper(),
            help_of(each),
        )
        for each in command.params
        if not getattr(each, "hidden", False) and "--help" not in each.opts
    ]
    if options:
        yield from ("", *_table(options))
    end = _END.fullmatch((command.epilog or "").strip())
    if end is not None:
        yield ""
        yield from (f"    {example}" for example in end["examples"].replace("\\[", "[").split("\n\n"))
        yield from ("", end["status"])


def help_of(parameter: Any) -> str:
    """The help text of an option or argument, in one line."""
    return " ".join((getattr(parameter, "help", "") or "").split())


def _pytest_options() -> list[tuple[str, str]]:
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    options = (option for group in parser._groups for option in group.options)
    shown = ((", ".join(option.names()), option.attrs().get("help", "")) for option in options)
    return [(names, " ".join(text.split())) for names, text in shown if text != argparse.SUPPRESS]


def _table(rows: list[tuple[str, str]]) -> Iterator[str]:
    yield from ("| | |", "|---|---|")
    yield from (f"| `{name}` | {_escaped(text)} |" for name, text in rows)


def _documents(schema: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for name, definition in schema["$defs"].items():
        required = definition.get("required", ())
        fields = definition.get("properties", {})
        if fields:
            yield (
                name.removeprefix("_"),
                [
                    f"| `{key}` | {_type(value)}{'' if key in required else ', optional'} |"
                    for key, value in fields.items()
                ],
            )


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2].removeprefix("_")
    if "anyOf" in value:
        return " or ".join(_type(each) for each in value["anyOf"])
    if "enum" in value:
        return "one of " + ", ".join(f"`{each}`" for each in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    kind = str(value.get("type", "any value"))
    if kind == "array" and isinstance(value.get("items"), dict):
        return f"array of {_type(value['items'])}"
    if kind == "object" and isinstance(value.get("additionalProperties"), dict):
        return f"object, each value {_type(value['additionalProperties'])}"
    return kind


def _escaped(text: str) -> str:
    return _ESCAPED.sub(r"\\\1", text)


def main(arguments: list[str]) -> None:
    """Write the page."""
    target = Path(arguments[0]) if arguments else ROOT / "docs" / "commands.md"
    target.write_text("\n".join(lines()) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
