"""Every command that README and docs show: run where it can be, parsed where it needs what a test has not."""

import ast
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from conformance.cli import app
from conformance.implementations.adapter import load_adapter
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.requirements.model import load_catalogue
from tests.building.trees import make_tree
from tests.docs.commands import PAGES, ROOT, Shown, shown_commands

COMMANDS = shown_commands()
# Parsed only, and why.
NOT_RUN = {
    "zcc diff --pull": "the loopback registry speaks plain HTTP",
    "zcc readers": "it builds and fetches programs",
    "zcc registry": "it serves until it is interrupted",
    "zcc certify": "it runs other programs for minutes",
    "zcc vectors": "tests/cases/vectors runs them",
    "zcc report": "tests/reports runs them, with keys",
}
# Of these only the name is inspected, and why.
NAMED_ONLY = {
    "audit http": "the loopback registry speaks plain HTTP",
    "report compare": "a shell redirects its output",
    "vectors judge": "the page lists the values of an option",
}
_DOTS = re.compile(r"…")


def of(program: str) -> list[Shown]:
    return [command for command in COMMANDS if command.program == program]


def test_there_are_commands_of_every_kind() -> None:
    assert {command.program for command in COMMANDS} >= {"zcc", "pytest", "pip", "nox", "python"}
    assert len(of("zcc")) > 40


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A directory with all that the pages name, and a registry in the place of registry.example."""
    place = tmp_path_factory.mktemp("pages")
    (place / "fixtures").symlink_to(ROOT / "fixtures")
    (place / "docs").mkdir()
    for name in ("tree", "app", "DIR"):
        (place / name).mkdir()
        make_tree(place / name)
    toml = re.search(
        r"\n((?:    .*\n|\n)+)", (ROOT / "docs/tutorial-tool.md").read_text().partition("mytool.toml:\n")[2]
    )
    assert toml is not None
    (place / "mytool.toml").write_text(re.sub(r"(?m)^    ", "", toml[1]))
    with EmbeddedRegistry() as registry:
        host = registry.url.removeprefix("http://")
        run = CliRunner()
        for command in (
            f"build {place / 'app'} -o oci:{place / 'layout'}:1 --sentinel",
            f"build {place / 'tree'} -o oci:{place / 'layout'}:v1",
            f"build {place / 'tree'} -o oci:{place / 'layout'}:v2",
            f"build {place / 'tree'} -o oci:{place / 'plain'}",
            f"build {place / 'tree'} -o oci:{place / 'two-faced'}",
            f"push oci:{place / 'fixtures/golden/sentinel-single'} {host}/app:tag",
            f"push oci:{place / 'plain'} {host}/app:plain",
            f"push oci:{place / 'layout'}:1 {host}/app:1",
            f"push oci:{place / 'layout'}:1 {host}/app:1.0",
            f"push oci:{place / 'layout'}:1 {host}/team/app:1",
        ):
            done = run.invoke(app, command.split())
            assert done.exit_code == 0, (command, done.output)
        (place / "images.txt").write_text(f"{host}/app:tag\n{host}/app:1\n")
        yield place, host


def _parsed(words: list[str]) -> None:
    """Raise the error of the command line where it is not one of zcc."""
    command: Any = typer.main.get_command(app)
    context: Any = None
    name = "zcc"
    while hasattr(command, "resolve_command"):
        context = command.make_context(name, list(words), parent=context)
        name, command, words = command.resolve_command(context, words)
        assert command is not None
    command.make_context(name, list(words), parent=context)


def test_a_command_line_that_is_wrong_is_seen() -> None:
    for line in ("check --deeep oci:x", "report rendr x", "push oci:x"):
        with pytest.raises(Exception, match=r"(?i)no such|missing"):
            _parsed(line.split())


def _reason(command: Shown) -> str:
    return next((why for prefix, why in NOT_RUN.items() if " ".join(command.words).startswith(prefix)), "")


@pytest.mark.parametrize("page", sorted({command.page for command in of("zcc")}))
def test_the_zcc_commands_of_a_page(page: str, workspace: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order: a tutorial builds on what it did before."""
    monkeypatch.chdir(workspace[0])
    for command in of("zcc"):
        if command.page == page:
            _try(command, *workspace)


def _try(command: Shown, place: Path, host: str) -> None:
    text = " ".join(command.words[1:])
    words = [
        _DOTS.sub("x", word)
        .replace("https://registry.example", f"http://{host}")
        .replace("registry.example", host)
        .replace("oci:LAYOUT", f"oci:{place / 'made'}")
        for word in command.words[1:]
        if not word.startswith("[")
    ]
    words = ["oci:fixtures/golden/sentinel-single" if word in ("IMAGE", "A", "B") else word for word in words]
    if text.startswith(tuple(NAMED_ONLY)):
        named = [word for word in words[:2] if word.isalpha()]
        assert CliRunner().invoke(app, [*named, "--help"]).exit_code == 0, str(command)
        return
    if _reason(command) or ("mytool" in text and "check" not in text):
        _parsed(words)
        return
    done = CliRunner().invoke(app, words)
    # 1: a verdict or a difference, which a page may show.
    assert done.exit_code in (0, 1), (str(command), done.output, done.exception)
    assert not isinstance(done.exception, Exception), (str(command), done.exception)


def test_the_options_of_pytest(request: pytest.FixtureRequest) -> None:
    parser = request.config._parser
    known = {
        name for group in [*parser._groups, parser._anonymous] for option in group.options for name in option.names()
    }
    for command in of("pytest"):
        for word in command.words[1:]:
            if word.startswith("-") and word not in ("-n",):
                assert word.partition("=")[0] in known, str(command)


def test_the_sessions_of_nox() -> None:
    tree = ast.parse((ROOT / "noxfile.py").read_text())
    sessions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list}
    for command in of("nox"):
        for flag, name in zip(command.words, command.words[1:], strict=False):
            assert flag != "-s" or name.partition("-")[0] in sessions, str(command)


def test_modules_extras_and_scripts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for command in (*of("python"), *of("python3"), *of("pip")):
        words = command.words
        if "-m" in words:
            module = words[words.index("-m") + 1]
            assert importlib.util.find_spec(module) is not None, str(command)
        elif command.program.startswith("python") and words[1] != "-c":
            made = f"cat > {words[1]}" in (ROOT / command.page).read_text()  # by the page itself
            there = any((ROOT / folder / words[1]).exists() for folder in (".", "fixtures/vectors"))
            assert made or there, str(command)
        for extra in re.findall(r"\[([a-z]+)\]", command.text):
            assert extra in project["optional-dependencies"], str(command)
    for command in of("bash"):
        assert (ROOT / command.words[1]).exists(), str(command)


def test_the_requirements_that_commands_name_are_current() -> None:
    current = {requirement.id for requirement in load_catalogue().requirements}
    for command in COMMANDS:
        named = re.findall(r"\b[A-Z]+(?:-[A-Z]+)*-\d{3}\b", command.text)
        assert set(named) <= current or "mytool" in command.text, str(command)


def test_nothing_is_installed_that_is_not_in_the_repository() -> None:
    """The package is not on an index: a page says how to install a checkout."""
    for page in PAGES:
        for what in re.findall(r"pip install\s+((?:-\S+\s+)*\S+)", (ROOT / page).read_text()):
            assert not re.search("zstd-chunked|zcc", what), f"{page}: pip install {what}"


def test_the_adapter_of_the_tutorial(workspace: tuple[Path, str]) -> None:
    assert load_adapter(workspace[0] / "mytool.toml").name == "mytool"


@pytest.mark.parametrize("page", sorted({command.page for command in COMMANDS} | {"README.md"}))
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        assert target.startswith("http") or (folder / target).exists(), f"{page}: {target}"
