"""``zcc`` as a user types it: output, exit status, no traceback."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from conformance.cli import main
from conformance.images.golden import golden_directory
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from conformance.requirements import load_catalogue
from tests.schemas import results_schema

CODE = "from conformance.cli import main; main()"
GOLDEN = f"oci:{golden_directory('sentinel-single')}"


def zcc(*arguments: str, directory: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(directory or "/nonexistent"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **environ,
    }
    code = "from conformance.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env, timeout=120, check=False
    )


def test_a_conforming_image_may_have_warnings() -> None:
    run = zcc("check", GOLDEN)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "WARNING SENT-MANIFEST-006" in run.stdout
    assert "WARNING SENT-CONFIG-004" in run.stdout
    assert "conforms to profile pair: " in run.stdout
    assert " need --deep" in run.stdout
    assert "2 warnings" in run.stdout


def test_json_follows_the_published_schema() -> None:
    run = zcc("check", "--json", "--no-panel", GOLDEN)
    document = json.loads(run.stdout)
    jsonschema.validate(document, results_schema())
    assert document["subject"] == GOLDEN
    assert {"id", "level", "verdict", "findings"} <= set(document["verdicts"][0])


def test_an_image_without_sentinel_states_this() -> None:
    legacy = f"oci:{golden_directory('skopeo-1.9.3-plain')}"
    run = zcc("check", legacy)
    assert run.returncode == 0
    assert "no sentinel variant" in run.stdout
    assert "legacy" in run.stdout
    required = zcc("check", "--require-sentinel", legacy)
    assert required.returncode == 1
    assert "no sentinel variant, which --require-sentinel requests" in required.stdout
    assert "does not conform" in required.stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("oci:/does/not/exist", "no such directory"),
        ("./absent", "no such directory"),
        ("127.0.0.1:1/app:1", "127.0.0.1:1"),
        ("127.0.0.1:1/App:1", "is not a repository name"),
        ("oci-archive:image.tar", "oci-archive: is not read; unpack the archive"),
        ("docker-archive:image.tar", "docker-archive: is not read; copy the image into an OCI layout"),
        ("containers-storage:app", "containers-storage: is not read"),
    ],
)
def test_what_cannot_be_judged_is_one_line_and_exit_2(image: str, message: str) -> None:
    run = zcc("check", image)
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    assert not run.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("image.tar", "a file; an OCI layout is a directory with index.json: unpack an archive"),
        ("index.json", "a file; give the directory that it is in"),
        ("", "index.json: no such file; an OCI layout is a directory with index.json"),
    ],
)
def test_something_that_is_not_a_layout_is_reported_with_what_to_give_instead(
    name: str, message: str, tmp_path: Path
) -> None:
    if name:
        (tmp_path / name).write_bytes(b"{}")
    run = zcc("check", f"oci:{tmp_path / name}")
    assert run.returncode == 2
    assert message in run.stderr


def test_a_registry_that_requires_authentication(tmp_path: Path) -> None:
    with EmbeddedRegistry(auth=BasicAuth("user", "right")) as registry:
        host = registry.url.removeprefix("http://")
        refused = zcc("check", f"{host}/app:1", directory=tmp_path)
        absent = zcc("check", "--username", "user", f"{host}/app:1", directory=tmp_path, OCI_PASSWORD="right")
    assert refused.returncode == absent.returncode == 2
    assert "requires authentication (HTTP 401)" in refused.stderr
    assert "no such image (HTTP 404)" in absent.stderr


def test_the_catalogue_as_json() -> None:
    run = zcc("requirements", "--json")
    entries = json.loads(run.stdout)["requirements"]
    assert len(entries) == len(load_catalogue().requirements)
    entry = next(entry for entry in entries if entry["id"] == "SENT-BLOB-001")
    assert {"id", "level", "profiles", "class", "statement", "why", "source", "check", "advice"} <= set(entry)
    assert entry["checks"]
    assert entry["mutants"]


def test_untested_lists_only_what_has_no_check() -> None:
    entries = json.loads(zcc("requirements", "--json", "--untested").stdout)["requirements"]
    assert not [entry["id"] for entry in entries if entry["checks"]]
    assert "SENT-BLOB-001" not in {entry["id"] for entry in entries}


def test_help_and_version() -> None:
    assert "check" in zcc("--help").stdout
    assert zcc("--version").stdout.startswith("zcc ")
    assert zcc("chekc").returncode == 2


@pytest.mark.parametrize("command", ["check", "requirements", "inspect", "diff", "build"])
def test_every_command_explains_itself(command: str) -> None:
    run = zcc(command, "--help", COLUMNS="100")
    assert (run.returncode, run.stderr) == (0, "")
    assert f"{command} [OPTIONS]" in run.stdout


def in_shell(redirection: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """``zcc`` with its output redirected as a shell does it."""
    code = "from conformance.cli import main; main()"
    line = shlex.join([sys.executable, "-c", code, *arguments])
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(Path(__file__).parents[2]), **environ}
    return subprocess.run(
        ["sh", "-c", f"{line} {redirection}"], capture_output=True, text=True, env=env, timeout=120, check=False
    )


COMMANDS = (
    ("check", "--no-panel", GOLDEN),
    ("check", "--no-panel", "--json", GOLDEN),
    ("inspect", GOLDEN),
    ("requirements",),
)


@pytest.mark.parametrize("arguments", COMMANDS)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_output_that_cannot_be_written_is_one_line_and_no_verdict(arguments: tuple[str, ...]) -> None:
    run = in_shell(">/dev/full", *arguments)
    assert (run.returncode, run.stderr) == (2, "zcc: standard output: No space left on device\n")


@pytest.mark.parametrize("arguments", COMMANDS)
def test_closed_output_loses_nothing_but_the_output(arguments: tuple[str, ...]) -> None:
    run = in_shell(">&-", *arguments)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_locale_without_unicode_and_no_term(arguments: tuple[str, ...]) -> None:
    run = in_shell("", *arguments, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


def test_an_unexpected_error_is_one_line_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("of some\nkind")

    monkeypatch.setattr("conformance.audit.checking.check_image", broken)
    monkeypatch.setattr("conformance.cli._discard_output", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main(["check", GOLDEN])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "RuntimeError 'of some kind' at test_cli.py:" in line


def test_one_requirement_is_shown_with_all_there_is() -> None:
    run = zcc("requirements", "sent-blob-001")
    assert run.returncode == 0, run.stderr
    for label in ("level:", "class:", "profiles:", "why:", "source:", "checked by:", "check:", "mutants:", "variants:"):
        assert f"  {label}" in run.stdout, label
    assert "SENT-BLOB-002" not in run.stdout


def test_a_group_a_retired_id_and_an_unknown_one() -> None:
    (retired, *_) = load_catalogue().retired
    run = zcc("requirements", "--json", "FOOTER", retired.id)
    document = json.loads(run.stdout)
    assert {entry["id"].rpartition("-")[0] for entry in document["requirements"]} == {"FOOTER"}
    assert retired.id in [item["id"] for item in document["retired"]]
    assert f"{retired.id} is retired: " in zcc("requirements", retired.id).stdout
    unknown = zcc("requirements", "REG-999")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("zcc: REG-999 is neither")


def test_a_requirement_is_shown_with_a_wrong_and_a_right_example() -> None:
    artifact = zcc("requirements", "ANNOT-001").stdout
    assert "  wrong:      another toc digest (case annot-001-another-toc-digest: zcc vectors export DIR)" in artifact
    assert "  right:      the same without that one edit (case layer-conforming: " in artifact
    registry = zcc("requirements", "REG-018").stdout
    assert "  wrong:      no referrers\n" in registry
    assert "  right:      the reference implementation" in registry


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_closed_pipe_is_no_verdict(arguments: tuple[str, ...]) -> None:
    """``zcc … | head``: the status is that of SIGPIPE, for every writer of the output."""
    run = subprocess.run(
        ["bash", "-c", f'{shlex.join([sys.executable, "-c", CODE, *arguments])} | true; exit "${{PIPESTATUS[0]}}"'],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=120,
        check=False,
    )
    assert run.returncode in (0, 141), run.stderr  # 0: all of it fitted into the pipe before the reader ended
