"""Adapter files: what a good one gives, one line for every mistake, and a schema that does not drift."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from conformance.implementations.adapter import (
    AdapterError,
    builtin_adapters,
    find_adapter,
    load_adapter,
    parse_adapter,
)
from conformance.implementations.adapter_document import build_schema
from conformance.implementations.adapter_limits import unsupported_of
from conformance.implementations.placeholders import fill
from tests.schemas import adapter_schema

GOOD = """
name = "mytool"
description = "copies images"
roles = ["producer", "consumer-unaware", "copier"]
version = ["mytool", "--version"]
refusals = ["(?m)^level=fatal"]

[operations]
push = ["mytool", "push", "{options}", "oci:{layout}", "{reference}"]
unpack = [["mytool", "pull", "{reference}"], ["cp", "-a", "{stdout}/.", "{output}"]]
copy = ["mytool", "copy", "{reference}", "{destination}"]

[options]
platform = ["--os={os}", "--arch={architecture}"]
all = ["--all"]

[unsupported]
zstd = "not written yet"
"""


def test_a_good_file_gives_vectors() -> None:
    adapter = parse_adapter(GOOD, source="good.toml")
    assert adapter.executable == "mytool"
    assert adapter.operations["push"] == (("mytool", "push", "{options}", "oci:{layout}", "{reference}"),)
    assert adapter.operations["unpack"][1] == ("cp", "-a", "{stdout}/.", "{output}")
    assert adapter.uses("push", "layout")
    assert not adapter.uses("unpack", "layout")
    assert not adapter.speaks_protocol


def test_an_entry_point_speaks_the_protocol(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\ndescription = "d"\nroles = ["copier"]\nentry_point = "./tool with blank"\n')
    adapter = load_adapter(file)
    program = str(tmp_path / "tool with blank")
    assert adapter.speaks_protocol
    assert adapter.executable == program
    assert adapter.version == (program, "--version")
    assert adapter.operations["copy"][0][:3] == (program, "copy", "--reference")


FULL = (
    GOOD
    + """
[operation_options.push]
all = ["--every"]

[files]
"etc/tool.json" = '{"host": "{host}", "format": "{{.Tag}}"}'
"""
)


def test_options_of_one_operation_go_before_those_of_all() -> None:
    adapter = parse_adapter(FULL, source="full.toml")
    assert adapter.option("push", "all") == ("--every",)
    assert adapter.option("push", "platform") == ("--os={os}", "--arch={architecture}")
    assert adapter.option("push", "sign") is None
    assert adapter.option("copy", "all") is None  # it has no {options}
    assert adapter.knows("all")
    assert not adapter.knows("sign")


WITH = (
    GOOD
    + """
[operations_with.all]
push = [["mytool", "list", "oci:{layout}"], ["mytool", "push-list", "{stdout}", "{reference}"]]

[operations_with.uncompressed]
copy = ["mytool", "unpacked", "{options}", "{reference}", "{layout}"]
"""
)


def test_an_operation_may_have_commands_of_its_own_for_an_option_or_a_compression() -> None:
    adapter = parse_adapter(WITH, source="with.toml")
    assert [step[1] for step in adapter.steps("push", ("all",))] == ["list", "push-list"]
    assert [step[1] for step in adapter.steps("push", ("platform",))] == ["push"]
    assert adapter.option("push", "all", ("all",)) == ()
    assert adapter.option("push", "platform", ("all", "platform")) is None, "those commands have no {options}"
    assert adapter.option("copy", "platform", ("platform", "uncompressed")) == adapter.options["platform"]
    assert adapter.option("copy", "platform") is None
    assert adapter.uses("copy", "layout", ("uncompressed",))
    assert not adapter.uses("copy", "layout")


def test_a_compression_may_be_that_of_one_operation() -> None:
    adapter = parse_adapter('compressions = ["gzip"]\n' + WITH, source="with.toml")
    assert adapter.writes("copy", "uncompressed")
    assert not adapter.writes("push", "uncompressed")
    assert adapter.writes("push", "gzip")
    writing = parse_adapter(WITH.replace('"oci:{layout}", "{ref', '"{compression}", "{ref'), source="with.toml")
    adapter = msgspec.structs.replace(writing, compressions=("gzip",))
    assert "writing zstd, zstd:chunked: not among its compressions" in list(unsupported_of(adapter))


def test_partial_pulls_are_switched_off_in_the_settings_of_the_storage() -> None:
    adapter = parse_adapter('storage = "overlay"\n' + GOOD, source="overlay.toml")
    assert adapter.option("unpack", "no-partial") == ()
    assert adapter.switches_partial_pulls("no-partial")
    assert not parse_adapter(GOOD, source="good.toml").knows("no-partial")


def test_what_cases_will_find_unsupported_is_reported_by_role() -> None:
    lines = list(unsupported_of(parse_adapter(GOOD, source="good.toml")))
    assert "zstd: not written yet (declared)" in lines
    assert "push with preserve-digests, no-sentinel, sign: no such option (producer)" in lines
    assert "export: no such operation (copier)" in lines
    assert "unpack with platform: no such option (consumer-unaware)" in lines
    assert not [line for line in lines if line.startswith("scan")]


MISTAKES = {
    "not TOML": ("name = ", "not TOML"),
    "no name": (GOOD.replace('name = "mytool"', ""), "missing required field `name`"),
    "a name with blanks": (GOOD.replace('"mytool"\ndesc', '"my tool"\ndesc'), "name: Expected `str` matching regex"),
    "an unknown key": ("colour = 1\n" + GOOD, "unknown field `colour`; choose from name, "),
    "an unknown operation": (GOOD + '\n[operations.sing]\na = ["x"]', "operations"),
    "an unknown option": (
        GOOD.replace("all = [", "every = ["),
        "mine.toml: options: Invalid enum value 'every'; choose from ",
    ),
    "an unknown role": (GOOD.replace('"copier"]', '"pilot"]'), "Invalid enum value 'pilot'; choose from producer, "),
    "an unknown compression": ('compressions = ["lz4"]\n' + GOOD, "lz4"),
    "an unknown placeholder": (GOOD.replace("{layout}", "{layuot}"), "operations.push: {layuot} is not a placeholder"),
    "a shell string": (
        GOOD.replace('["mytool", "copy", "{reference}", "{destination}"]', '"mytool copy x"'),
        "no shell",
    ),
    "a shell string in a vector": (GOOD.replace('["mytool", "--version"]', '["mytool --version"]'), "one argument"),
    "a version as string": (GOOD.replace('["mytool", "--version"]', '"mytool --version"'), '["mytool", "--version"]'),
    "no version": (GOOD.replace('version = ["mytool", "--version"]', ""), "version"),
    "an empty vector": (GOOD.replace('["mytool", "copy", "{reference}", "{destination}"]', "[]"), "operations.copy"),
    "mixed steps": (GOOD.replace('["cp", "-a", "{stdout}/.", "{output}"]]', '"cp"]'), "operations.unpack: arguments"),
    "stdout of no step": (GOOD.replace('"pull", "{reference}"', '"pull", "{stdout}"'), "there is no step before"),
    "options within an argument": (GOOD.replace('"{options}"', '"-o{options}"'), "one by itself"),
    "a bad expression": (GOOD.replace("(?m)^level=fatal", "(level"), "not a regular expression"),
    "both ways": ('entry_point = "./x"\n' + GOOD, "entry_point"),
    "neither way": (
        'name = "x"\ndescription = "d"\nroles = ["copier"]\nversion = ["x"]',
        "operations, or an entry_point",
    ),
    "aware and unaware": (GOOD.replace('"copier"]', '"consumer-aware"]'), "either knows sentinels"),
    "a role without its operation": (
        GOOD.replace('unpack = [["mytool"', 'scan = [["mytool"').replace('-unaware"', '-aware"'),
        "consumer-aware needs",
    ),
    "no reason": (GOOD.replace("not written yet", " "), "unsupported.zstd: declared without a reason"),
    "an unknown feature": (GOOD.replace("zstd = ", "speed = "), "speed"),
    "HOME": (GOOD + '\n[environment]\nHOME = "/root"', "environment.HOME"),
    "no environment name": (GOOD + '\n[environment]\n"A-B" = "1"', "'A-B' is not a name"),
    "a later schema": (
        "schema_version = 4\ncolour = 1\n" + GOOD,
        "schema_version: 4; this suite knows versions",
    ),
    "a schema of none": ("schema_version = 0\n" + GOOD, "schema_version"),
    "a shell string as setup": (
        'setup = "mytool start"\n' + GOOD,
        "setup: a string; there is no shell, give an argument",
    ),
    "setup with what not all have": (
        'setup = ["a", "{output}"]\n' + GOOD,
        "setup: {output} is not known",
    ),
    "options around an operation": (
        'teardown = ["a", "{options}"]\n' + GOOD,
        "teardown: {options} is not a placeholder",
    ),
    "ready for nothing": ('ready = ["a"]\n' + GOOD, "there is no service"),
    "a file outside": (GOOD + '\n[files]\n"../x" = ""', "'../x' is not a path below HOME"),
    "an absolute file": (GOOD + '\n[files]\n"/etc/x" = ""', "'/etc/x' is not a path below HOME"),
    "a file with an unknown word": (GOOD + '\n[files]\nx = "{user}"', "files.x: {user} is not a placeholder"),
    "options of no operation": (
        GOOD + "\n[operation_options.scan]\nall = []",
        "operation_options.scan: there is no",
    ),
    "commands of no operation": (
        GOOD + '\n[operations_with.all]\nscan = ["x"]',
        "operations_with.all.scan: there is no such operation",
    ),
    "commands for no option": (GOOD + '\n[operations_with.every]\npush = ["x"]', "operations_with"),
    "a shell string for an option": (GOOD + '\n[operations_with.all]\npush = "x y"', "operations_with.all.push"),
    "unknown options of an operation": (GOOD + "\n[operation_options.push]\nevery = []", "every"),
    "a time-out of none": ("timeout = 0\n" + GOOD, "timeout"),
    "deep nesting": ("x = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_one_line_that_names_file_and_place(mistake: str) -> None:
    text, named = MISTAKES[mistake]
    with pytest.raises(AdapterError) as caught:
        parse_adapter(text, source="mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml: ")
    assert "\n" not in message
    assert named in message


@pytest.mark.parametrize(
    ("content", "named"),
    [(b"\xff", "not UTF-8"), (b"#" * (2**20 + 1), "larger than"), (None, "No such file")],
    ids=["not UTF-8", "too large", "absent"],
)
def test_unreadable_files_are_one_line(content: bytes | None, named: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(AdapterError, match=named):
        load_adapter(file)


def test_an_unknown_name_lists_what_is_shipped() -> None:
    with pytest.raises(AdapterError, match="no shipped adapter"):
        find_adapter("nonesuch")


def test_the_published_schema_is_that_of_the_model() -> None:
    assert adapter_schema() == build_schema(), "adapter.schema.json has drifted: run python tools/write_schemas.py"


def _valid(fields: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(adapter_schema()).is_valid(fields))


@pytest.mark.parametrize("name", builtin_adapters())
def test_shipped_adapters_load_and_follow_the_schema(name: str) -> None:
    adapter = find_adapter(name)
    assert adapter.name == name
    text = (files("conformance.implementations") / "adapters" / f"{name}.toml").read_text("utf-8")
    assert _valid(tomllib.loads(text))


@pytest.mark.parametrize(
    "mistake",
    ["no name", "an unknown key", "an unknown option", "an unknown role", "a shell string", "an unknown feature"],
)
def test_the_schema_refuses_what_the_loader_refuses(mistake: str) -> None:
    assert _valid(tomllib.loads(GOOD))
    assert not _valid(tomllib.loads(MISTAKES[mistake][0]))


def test_values_are_put_in_once_and_templates_of_others_stay() -> None:
    vector = ("{python}", "--format={{.ID}}", "{options}", "{reference}@{digest}", "a{b} {0}")
    values = {"python": "py", "reference": "{digest}", "digest": "d", "b": "B"}
    assert fill(vector, values, ("-x", "{raw}")) == ("py", "--format={{.ID}}", "-x", "{raw}", "{digest}@d", "aB {0}")
    with pytest.raises(KeyError, match="layout"):
        fill(("{layout}",), values)
