"""``pytest --implementation``: selection, absence, reports, as a user meets them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from conformance.results import EXIT_INCOMPLETE
from tests.suite.test_plugin import results, run_pytest

TOOL = """\
name = "tool"
description = "the reference under another name"
roles = ["copier"]
entry_point = ["{python}", "-m", "conformance.reference"]
"""


def adapter(directory: Path, text: str) -> str:
    path = directory / "tool.toml"
    path.write_text(text)
    return str(path)


def subjects(directory: Path) -> list[dict[str, Any]]:
    document = results(directory)
    found = document["subjects"]
    assert isinstance(found, list)
    return found


def test_the_reference_conforms_as_copier_in_two_workers(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, "--implementation", "reference", "--role", "copier", "-n", "2")
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"conforms to profile sentinel-copier: (\d+) of \1 MUST decided", run.stdout), run.stdout
    (subject,) = subjects(tmp_path)
    assert subject["roles"] == ["copier"]
    by_id = {result["id"]: result["verdict"] for result in subject["verdicts"]}
    assert by_id["SENT-STRIP-001"] == by_id["SENT-PUSH-014"] == "pass"
    assert "SENT-STRIP-020" not in by_id, "the reference has no storage to export from, and claims none"
    assert not any(name.startswith("REG-") for name in by_id)


def test_a_null_client_passes_nothing_and_the_run_is_incomplete(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, "--implementation", "null-always-succeed", "--role", "copier", "--role", "producer")
    assert run.returncode == EXIT_INCOMPLETE, run.stdout + run.stderr
    verdicts = [result["verdict"] for subject in subjects(tmp_path) for result in subject["verdicts"]]
    assert set(verdicts) == {"not-run"}
    assert "inconclusive: " in run.stdout
    assert "incomplete for profile sentinel-copier: " in run.stdout
    assert "does not conform" not in run.stdout


def test_a_selection_of_tests_makes_no_statement(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, "--implementation", "reference", "-k", "SENT-STRIP-015")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "as copier: partial run, no statement on conformance; 1 MUST passed" in run.stdout


def test_an_adapter_file_is_judged_in_its_roles_and_false_claims_are_reported(tmp_path: Path) -> None:
    text = TOOL + 'profiles = ["sentinel-copier"]\n[unsupported]\nrecompress = "it states this"\n'
    run = run_pytest(tmp_path, "--implementation", adapter(tmp_path, text), "-k", "SENT-STRIP-001")
    assert run.returncode == 0, run.stdout + run.stderr
    (subject,) = subjects(tmp_path)
    assert subject["subject"].startswith("tool ")
    told = "the adapter declares that recompress is unsupported (it states this), and it was done nevertheless"
    assert told in subject["notes"], subject["notes"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--implementation", "nonesuch"), "nonesuch: no such file, and no shipped adapter of this name"),
        (("--implementation", "reference", "--role", "registry"), "the adapter reference has the roles producer"),
        (("--implementation", "reference", "--registry", "http://127.0.0.1:1"), "give one of them"),
        (("--role", "copier"), "requires --implementation"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_2(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    run = run_pytest(tmp_path, *arguments)
    assert run.returncode == 2, run.stdout + run.stderr
    assert message in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_a_tool_that_is_not_there_is_named_and_exit_2(tmp_path: Path) -> None:
    text = TOOL.replace('entry_point = ["{python}", "-m", "conformance.reference"]', "")
    text += 'version = ["no-such-tool", "--version"]\n[operations]\ncopy = ["no-such-tool", "copy"]\n'
    run = run_pytest(tmp_path, "--implementation", adapter(tmp_path, text))
    assert run.returncode == 2, run.stdout + run.stderr
    assert "absent: no-such-tool is not installed on this machine" in run.stdout + run.stderr
    assert not (tmp_path / "reports" / "latest" / "results.json").exists()


def test_a_defective_copier_fails_with_evidence_and_replay(tmp_path: Path) -> None:
    script = tmp_path / "defective.py"
    script.write_text(
        "import sys\n"
        "from conformance.reference.__main__ import main\n"
        "from conformance.cases.mutants.copiers import keeps_stale_annotations\n"
        "sys.exit(main(toolkit=keeps_stale_annotations()))\n"
    )
    text = TOOL.replace('"-m", "conformance.reference"', json.dumps(str(script)))
    run = run_pytest(tmp_path, "--implementation", adapter(tmp_path, text), environ={"PYTHONPATH": _root()})
    assert run.returncode == 1, run.stdout + run.stderr
    for words in ("FAIL SENT-STRIP-005 [MUST]", "evidence: ", "replay:   pytest --implementation", "does not conform"):
        assert words in run.stdout, run.stdout[-3000:]
    (subject,) = subjects(tmp_path)
    failed = [result["id"] for result in subject["verdicts"] if result["verdict"] == "fail"]
    assert failed == ["SENT-STRIP-005"]


def test_a_copier_that_knows_no_sentinels_conforms_and_its_users_are_warned(tmp_path: Path) -> None:
    """Expected: a sentinel over gzip layers is a hazard in a note, and no failure of a profile that is not claimed."""
    script = tmp_path / "unaware.py"
    script.write_text(
        "import sys\n"
        "from conformance.reference.__main__ import main\n"
        "from conformance.cases.variants.copiers import carries_what_it_does_not_know\n"
        "sys.exit(main(toolkit=carries_what_it_does_not_know()))\n"
    )
    text = TOOL.replace('"-m", "conformance.reference"', json.dumps(str(script)))
    text = text.replace("entry_point", 'profiles = ["recompressing-copier"]\nentry_point')
    run = run_pytest(tmp_path, "--implementation", adapter(tmp_path, text), environ={"PYTHONPATH": _root()})
    assert run.returncode == 0, run.stdout + run.stderr
    assert "conforms to profile recompressing-copier: " in run.stdout
    assert "note: hazard, of no profile that is claimed: SENT-STRIP-014 " in run.stdout
    (subject,) = subjects(tmp_path)
    assert "SENT-STRIP-014" not in {result["id"] for result in subject["verdicts"]}


def _root() -> str:
    return str(Path(__file__).parents[2])
