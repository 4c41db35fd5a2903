"""Every ``--help``: examples that can be parsed, exit statuses, one name for an image, at most 80 columns."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from conformance.cli import app
from tests.commands.test_cli import zcc
from tests.docs.test_commands import _parsed

_EXAMPLE = re.compile(r"zcc .*?(?= zcc | Exit status:|$)")


def _all(command: Any, *name: str) -> Iterator[tuple[str, ...]]:
    yield name
    for inner, found in getattr(command, "commands", {}).items():
        yield from _all(found, *name, inner)


def _command(name: tuple[str, ...]) -> Any:
    command: Any = typer.main.get_command(app)
    for word in name:
        command = command.commands[word]
    return command


COMMANDS = tuple(_all(typer.main.get_command(app)))


def test_all_commands_are_walked() -> None:
    assert {("check",), ("audit", "run"), ("report", "attach"), ("sentinel", "strip"), ()} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS, ids=lambda name: "-".join(name) or "zcc")
def test_help_has_examples_and_exit_statuses(name: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*name, "--help"], env={"COLUMNS": "80"})
    assert shown.exit_code == 0
    assert max(map(len, shown.output.splitlines())) <= 80
    text = " ".join(shown.output.partition("Example")[2].split())
    examples = _EXAMPLE.findall(text)
    assert examples, shown.output
    for example in examples:
        words = shlex.split(example)[1:]
        if words[0] == "audit" and words[1] not in ("run", "show"):  # "zcc audit TARGET" is short for this
            words.insert(1, "run")
        assert tuple(words)[: len(name)] == name, example
        _parsed(words[: words.index(">")] if ">" in words else words)
    statuses = re.search(r"Exit status: (.+)\.$", text)
    assert statuses is not None, text
    assert {"0", "2"} <= set(re.findall(r"(?:^|, )(\d) ", statuses[1])) or name in {("readers",)}


@pytest.mark.parametrize("name", [name for name in COMMANDS if not hasattr(_command(name), "commands")], ids="-".join)
def test_each_command_has_quiet_and_verbose(name: tuple[str, ...]) -> None:
    options = {option for parameter in _command(name).params for option in parameter.opts}
    assert {"--quiet", "-q", "--verbose", "-v"} <= options


def test_an_image_is_called_ref_everywhere() -> None:
    for name in COMMANDS:
        for parameter in _command(name).params:
            assert parameter.metavar not in ("IMAGE", "REFERENCE"), name
    for word in ("check", "inspect", "diff"):
        assert _command((word,)).params[0].metavar == "REF"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed(tmp_path: Path, shell: str) -> None:
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # else the shell is that of the parent process
    installed = zcc("--install-completion", shell, directory=tmp_path, **named)
    assert installed.returncode == 0, installed.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file() and "ZCC_COMPLETE" in path.read_text()]
    assert written, installed.stdout


def test_completion_completes() -> None:
    run = zcc(_ZCC_COMPLETE="complete_bash", COMP_WORDS="zcc ch", COMP_CWORD="1")
    assert run.stdout.split() == ["check"], run.stderr


GOLDEN = "oci:fixtures/golden/sentinel-single"
MIXED = "oci:fixtures/golden/skopeo-1.9.3-plain"


def test_quiet_says_nothing_and_ends_as_ever() -> None:
    for arguments in (("check", "--no-panel", GOLDEN), ("requirements",), ("diff", GOLDEN, MIXED)):
        loud, quiet = zcc(*arguments), zcc(*arguments, "-q")
        assert loud.stdout
        assert (quiet.returncode, quiet.stdout, quiet.stderr) == (loud.returncode, "", "")


def test_quiet_keeps_documents_and_errors() -> None:
    assert zcc("check", "-q", "--json", "--no-panel", GOLDEN).stdout.startswith("{")
    assert zcc("check", "-q", "oci:/nowhere").stderr.startswith("zcc: ")


def test_verbose_tells_requests_and_programs_on_standard_error() -> None:
    from conformance.registry.server.embedded import EmbeddedRegistry

    with EmbeddedRegistry() as registry:
        run = zcc("push", "-v", GOLDEN, f"{registry.url.removeprefix('http://')}/app:1")
    assert run.returncode == 0, run.stderr
    assert re.search(r"^zcc: PUT http://127\.0\.0\.1:\d+/v2/app/manifests/1 -> 201, \d+ bytes, ", run.stderr, re.M)
    assert "zcc: running" not in run.stdout
    assert zcc("check", "-v", "-q", GOLDEN).returncode == 2


def test_tables_in_a_pipe_fit_80_columns() -> None:
    shown = zcc("adapter", "list", PATH=os.environ["PATH"]).stdout.splitlines()
    assert max(map(len, shown)) <= 80
    (table,) = zcc("check", "--no-panel", GOLDEN).stdout.split("\n\n")[-1:]
    assert max(map(len, table.splitlines())) <= 80


def test_no_color_is_heeded_on_a_terminal(tmp_path: Path) -> None:
    import pty
    import subprocess
    import sys

    def on_a_terminal(**environ: str) -> bytes:
        master, slave = pty.openpty()
        code = "from conformance.cli import main; main()"
        command = [sys.executable, "-c", code, "check", "--no-panel", GOLDEN]
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TERM": "xterm-256color", **environ}
        with subprocess.Popen(command, stdout=slave, stderr=slave, stdin=slave, env=env) as process:
            os.close(slave)
            shown = b""
            while True:
                try:
                    piece = os.read(master, 2**16)
                except OSError:
                    break
                if not piece:
                    break
                shown += piece
            assert process.wait(60) == 0, shown
        os.close(master)
        return shown

    colour = re.compile(rb"\x1b\[(?:[0-9]+;)*[34](?:[0-7]|8;5;[0-9]+)m")
    assert colour.search(on_a_terminal())
    assert not colour.search(on_a_terminal(NO_COLOR="1"))


WAIVERS = """
[[waive]]
id = "SENT-MANIFEST-006"
reason = "ticket 4711"
until = 2999-01-01
"""


def test_waivers_of_a_check(tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text(WAIVERS)
    run = zcc("check", "--no-panel", "--waivers", str(file), GOLDEN)
    assert run.returncode == 0, run.stderr
    assert "WARNING SENT-MANIFEST-006" not in run.stdout
    assert "waived until 2999-01-01: ticket 4711" in run.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("waive = 1", "each [[waive]] has id, reason and until"),
        (WAIVERS.replace("006", "999"), "SENT-MANIFEST-999 is not in the catalogue"),
        (WAIVERS.replace("ticket 4711", ""), "waived without a reason"),
        (WAIVERS.replace("2999-01-01", "'soon'"), "each [[waive]]"),
        ("[[[", "waivers.toml: "),
    ],
)
def test_waivers_that_cannot_be_used_are_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "waivers.toml"
    if text is not None:
        file.write_text(text)
    run = zcc("check", "--waivers", str(file), GOLDEN)
    assert (run.returncode, run.stdout) == (2, "")
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_an_unknown_key_of_an_adapter_names_the_known_ones(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('name = "a"\nrols = ["producer"]\nroles = ["producer"]\n')
    run = zcc("adapter", "check", str(file))
    assert run.returncode == 2
    assert "rols" in run.stderr
    assert "roles" in run.stderr.partition("rols")[2], run.stderr


def test_a_role_that_fits_nothing_is_said_before_anything_runs(tmp_path: Path) -> None:
    run = zcc("certify", "skopeo", "--role", "consumer-aware", "-o", str(tmp_path / "out"))
    assert run.returncode == 2
    assert "skopeo has none of them" in run.stderr
    assert len(run.stderr.splitlines()) == 1
