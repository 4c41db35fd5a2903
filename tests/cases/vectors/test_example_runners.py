"""The example runners: each returns a result for every case without a crash, and refuses nothing that conforms."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cases.vectors.results import read_results
from conformance.cases.vectors.store import read_index, vectors_directory
from conformance.trials.vector_results import judge_results

VECTORS = vectors_directory()
RUNNER = Path(__file__).parents[3] / "examples" / "python" / "runner.py"
CASES = read_index(VECTORS).cases


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runner") / "results.jsonl"
    with (VECTORS / "index.json").open("rb") as index, path.open("wb") as out:
        subprocess.run(
            [sys.executable, "-I", str(RUNNER)], stdin=index, stdout=out, cwd=VECTORS, check=True, timeout=120
        )
    return path


def test_the_python_runner_imports_nothing_of_this_project() -> None:
    assert "conformance" not in RUNNER.read_text()


def test_the_python_runner_is_wrong_only_where_it_knows_no_rule(results: Path) -> None:
    case_results = read_results(results, [case.id for case in CASES])
    assert set(case_results) == {case.id for case in CASES}
    crashed = {
        case_result.id: case_result.reason for case_result in case_results.values() if case_result.outcome == "crashed"
    }
    assert not crashed
    refused = {case.id: case_results[case.id].reason for case in CASES if case.expect == "accept"}
    assert not {name: reason for name, reason in refused.items() if case_results[name].outcome != "accepted"}
    misplaced = {
        case.id: case_results[case.id]
        for case in CASES
        if case.expect == "refuse"
        and case_results[case.id].outcome == "refused"
        and case_results[case.id].stage not in case.stages
    }
    assert not misplaced


def test_the_python_runner_passes_much_and_not_all(results: Path) -> None:
    """As docs/vectors.md states about it: what tarfile reads without a warning it accepts."""
    judged, _ = judge_results(CASES, read_results(results, [case.id for case in CASES]))
    verdicts = {result.id: result.verdict for result in judged}
    assert {verdicts[name] for name in ("LAYER-001", "LAYER-002", "ANNOT-001", "FOOTER-002", "TOC-004")} == {"pass"}
    assert {verdicts[name] for name in ("CHUNK-003", "TARSPLIT-002", "TAR-003")} == {"pass"}
    assert {verdicts[name] for name in ("TAR-014", "TAR-017", "SENT-BLOB-005")} == {"fail"}


def test_a_runner_gets_the_case_from_the_index_alone() -> None:
    index = json.loads((VECTORS / "index.json").read_bytes())
    for case in index["cases"]:
        files = {digest: digest for digest in case["input"]["blobs"]} | case["input"].get("stored_as", {})
        assert case["input"]["root"] in files
        for at in files.values():
            assert (VECTORS / "blobs" / "sha256" / at.removeprefix("sha256:")).is_file()
