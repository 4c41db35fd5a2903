"""Subjects that do nothing right pass nothing, in any role, and docs/null-subjects.md has what was seen."""

from pathlib import Path

import pytest

from conformance.assurance.null_clients import KINDS
from conformance.assurance.null_registries import NULL_REGISTRIES
from conformance.assurance.null_subjects import (
    NULL_RUNNERS,
    ROLES,
    all_cases,
    client_row,
    judge_null_registry,
    judge_null_runner,
    registry_row,
    runner_row,
    score,
)
from conformance.requirements import load_catalogue
from conformance.results import RequirementResult

PAGE = (Path(__file__).parents[3] / "docs" / "null-subjects.md").read_text("utf-8")
CURRENT = "run python -m conformance.assurance.null_subjects docs/null-subjects.md"
CASES = all_cases()


def assert_nothing_passes(results: tuple[RequirementResult, ...]) -> None:
    assert not [result.id for result in results if result.verdict == "pass"]
    assert [result.id for result in results if result.breaks_conformance]


@pytest.mark.parametrize("name", NULL_REGISTRIES)
def test_a_server_that_is_no_registry_passes_nothing(name: str) -> None:
    results = judge_null_registry(name)
    assert_nothing_passes(results)
    by_id = {result.id: result for result in results}
    musts = {requirement.id for requirement in load_catalogue().of_role("registry") if requirement.level == "MUST"}
    assert {name for name in musts if by_id[name].verdict == "not-run"} == musts
    assert all("ordinary" in finding.message for result in results for finding in result.findings)
    assert registry_row(name, score(results)) in PAGE, CURRENT


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_does_no_work_passes_nothing_in_any_role(kind: str, tmp_path: Path) -> None:
    scores = []
    for role, judge in ROLES.items():
        directory = tmp_path / role
        directory.mkdir()
        results = judge(kind, directory)
        assert_nothing_passes(results)
        if role in ("producer", "copier"):
            assert {result.verdict for result in results} == {"not-run"}, role
        scores.append(score(results))
    assert client_row(kind, scores) in PAGE, CURRENT


@pytest.mark.parametrize("name", NULL_RUNNERS)
def test_a_runner_that_runs_nothing_passes_nothing(name: str) -> None:
    results = judge_null_runner(name, CASES)
    assert_nothing_passes(results)
    assert runner_row(name, score(results)) in PAGE, CURRENT


def test_the_page_has_a_row_for_each_and_no_others() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| null ")]
    assert len(rows) == len(NULL_REGISTRIES) + len(KINDS) + len(NULL_RUNNERS)
