"""``zcc certify``, ``zcc adapter`` and ``zcc registry`` as a user types them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from conformance.results import EXIT_INCOMPLETE
from tests.commands.test_cli import zcc

ROOT = Path(__file__).parents[2]
ABSENT = """\
name = "absent-tool"
description = "is not on this machine"
roles = ["copier"]
version = ["no-such-tool", "--version"]
[operations]
copy = ["no-such-tool", "{reference}", "{destination}"]
"""


def test_adapter_check_states_what_each_file_says_and_what_is_wrong(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(ABSENT)
    bad.write_text(ABSENT.replace('["copier"]', '["king"]'))
    run = zcc("adapter", "check", str(good), str(bad), str(tmp_path / "none.toml"))
    assert run.returncode == 2
    assert run.stdout.splitlines()[0] == f"{good}: absent-tool, copier; operations: copy"
    assert "  version: no-such-tool is not installed on this machine" in run.stdout.splitlines()
    first, second = run.stderr.splitlines()
    assert str(bad) in first
    assert "roles" in first
    assert "none.toml: No such file or directory" in second
    assert zcc("adapter", "check", str(good)).returncode == 0


def test_adapter_list_names_what_is_absent() -> None:
    run = zcc("adapter", "list", PATH="/nonexistent")
    assert run.returncode == 0, run.stderr
    lines = {line.split()[0]: line for line in run.stdout.splitlines()}
    assert "skopeo is not installed" in lines["skopeo"]
    assert "reference" in lines


def test_certify_judges_each_tool_and_counts_an_absent_one_as_such(tmp_path: Path) -> None:
    absent, out = tmp_path / "absent.toml", tmp_path / "out"
    absent.write_text(ABSENT)
    tools = ("null-always-fail", str(absent))
    run = zcc("certify", *tools, "-o", str(out), "--role", "copier", "--no-matrix", directory=tmp_path)
    assert run.returncode == 2, run.stdout + run.stderr
    assert "absent: no-such-tool is not installed on this machine" in run.stderr
    certification = json.loads((out / "certificate.json").read_bytes())
    null, missing = certification["tools"]
    assert null["roles"][0]["conforms"] is False
    assert set(null["roles"][0]["musts"]) == {"not-run"}
    assert missing["absent"]
    assert not missing["roles"]
    assert (out / "null-always-fail" / "junit.xml").is_file()
    assert "null-always-fail as copier: not-run: " in run.stdout
    assert not (out / "absent-tool").exists()


def test_certify_exits_by_the_verdicts(tmp_path: Path) -> None:
    arguments = ("-o", str(tmp_path / "out"), "--role", "copier", "--no-matrix")
    assert zcc("certify", "null-always-fail", *arguments, directory=tmp_path).returncode == EXIT_INCOMPLETE
    run = zcc("certify", "reference", *arguments, directory=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "reference 0.2.0 (adapter reference)" in run.stdout
    assert (tmp_path / "out" / "reference" / "results.json").is_file()


def test_certify_refuses_what_it_cannot_use_in_one_line(tmp_path: Path) -> None:
    twin = tmp_path / "twin.toml"
    twin.write_text(ABSENT.replace("absent-tool", "reference"))
    for tools, message in (
        (("nonesuch",), "no shipped adapter of this name"),
        (("reference", str(twin)), "two of these adapters have one name"),
    ):
        run = zcc("certify", *tools, "-o", str(tmp_path / "out"))
        assert run.returncode == 2
        assert message in run.stderr
        assert len(run.stderr.splitlines()) == 1


def test_certify_refuses_a_directory_of_registries_that_is_absent(tmp_path: Path) -> None:
    run = zcc("certify", "reference", "-o", str(tmp_path / "out"), "--registries", str(tmp_path / "none"))
    assert run.returncode == 2
    assert "none: no such directory" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_registry_prints_every_exchange_and_has_the_faults_asked_for(tmp_path: Path) -> None:
    code = "from conformance.cli import main; main()"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    arguments = ["registry", "--port", "0", "--fault", "error-once", "--directory", str(tmp_path / "store")]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
    ) as process:
        try:
            assert process.stdout is not None
            blob = f"sha256:{'0' * 64}"
            url = process.stdout.readline().split()[0]
            first, second = (requests.get(f"{url}/v2/a/blobs/{blob}", timeout=10).status_code for _ in range(2))
            lines = [process.stdout.readline() for _ in range(2)]
        finally:
            process.send_signal(signal.SIGTERM)  # SIGINT is ignored where the tests run in the background
        rest = process.communicate(timeout=20)[0]
    assert [first, second] == [500, 404]
    assert lines[0].startswith(f"GET /v2/a/blobs/{blob} -> 500")
    assert lines[1].startswith(f"GET /v2/a/blobs/{blob} -> 404")
    assert "Traceback" not in rest
    assert process.returncode == 0


def test_registry_says_which_faults_there_are() -> None:
    assert "range-ignored" in zcc("registry", "--list-faults").stdout
    run = zcc("registry", "--fault", "nonesuch")
    assert run.returncode == 2
    assert "'nonesuch' is not a fault" in run.stderr


@pytest.mark.parametrize(
    ("role", "words"),
    [("consumer-aware", "umoci has none of them, only consumer-unaware"), ("scanner", "choose from producer, ")],
)
def test_a_role_that_fits_nothing_ends_before_anything_runs(role: str, words: str, tmp_path: Path) -> None:
    run = zcc("certify", "umoci", "--role", role, "-o", str(tmp_path / "out"), directory=tmp_path)
    assert run.returncode == 2
    assert words in run.stderr
    assert not list((tmp_path / "out").glob("umoci"))
