"""The consumer roles as a user meets them: an adapter, a selection, a failure that states what happened."""

import json
from pathlib import Path

import pytest

from tests.suite.test_plugin import results, run_pytest

_MUTANT = """\
name = "careless"
description = "the reference with one defect"
roles = ["ROLE"]
entry_point = ["{python}", "-m", "conformance.cases.mutants.run_client", "CLIENT"]
"""


def careless(directory: Path, client: str, role: str) -> str:
    path = directory / "careless.toml"
    path.write_text(_MUTANT.replace("CLIENT", client).replace("ROLE", role))
    return str(path)


def verdicts_of(directory: Path) -> dict[str, str]:
    (subject,) = json.loads(json.dumps(results(directory)))["subjects"]
    return {result["id"]: result["verdict"] for result in subject["verdicts"]}


def test_requirements_are_selected_by_id(tmp_path: Path) -> None:
    chosen = "SENT-PULL-003 or SENT-PULL-008 or SENT-SELECT-001"
    run = run_pytest(tmp_path, "--implementation", "reference", "--role", "consumer-aware", "-k", chosen)
    assert run.returncode == 0, run.stdout + run.stderr
    assert verdicts_of(tmp_path) == dict.fromkeys(("SENT-SELECT-001", "SENT-PULL-003", "SENT-PULL-008"), "pass")


@pytest.mark.parametrize(
    ("client", "role", "requirement_id", "words"),
    [
        ("clients.skips_the_toc_digest", "consumer-aware", "SENT-PULL-008", "A TOC that was exchanged was accepted"),
        ("clients_unaware.skips_unknown_layers", "consumer-unaware", "SENT-PULL-031", "The sentinel manifest was acc"),
    ],
)
def test_a_defect_fails_the_run_and_is_reported_with_the_command(
    client: str, role: str, requirement_id: str, words: str, tmp_path: Path
) -> None:
    adapter = careless(tmp_path, client, role)
    run = run_pytest(tmp_path, "--implementation", adapter, "-k", requirement_id)
    assert run.returncode == 1, run.stdout + run.stderr
    assert words in run.stdout
    assert f"replay:   pytest --implementation {adapter} -k {requirement_id}" in run.stdout
    assert verdicts_of(tmp_path) == {requirement_id: "fail"}
