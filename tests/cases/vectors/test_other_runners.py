"""The example runners in Go, Rust and shell: built with their published libraries, judged, and as published."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from conformance.cases.vectors.results import CaseResult, read_results
from conformance.cases.vectors.store import read_index, vectors_directory
from conformance.trials.vector_results import judge_results
from tests.tools import need

ROOT = Path(__file__).parents[3]
EXAMPLES, PUBLISHED = ROOT / "examples", ROOT / "reports" / "published" / "vectors"
VECTORS = vectors_directory()
CASES = read_index(VECTORS).cases
BY_ID = {case.id: case for case in CASES}
IDS = [case.id for case in CASES]
RUNNERS = ("go", "python", "rust", "shell")
built = pytest.mark.large_tool


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    need(shutil.which("go") is not None, "go")
    program = tmp_path_factory.mktemp("go") / "runner"
    build = ["go", "build", "-C", str(EXAMPLES / "go"), "-trimpath", "-mod=readonly", "-o", str(program), "."]
    subprocess.run(build, check=True, timeout=1800, env=_environment(CGO_ENABLED="0", GOTOOLCHAIN="local"))
    return case_results([str(program)], tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def rust(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    need(shutil.which("cargo") is not None, "cargo")
    target = tmp_path_factory.mktemp("rust")
    manifest = str(EXAMPLES / "rust" / "Cargo.toml")
    build = ["cargo", "build", "-q", "--release", "--locked", "--manifest-path", manifest, "--target-dir", str(target)]
    subprocess.run(build, check=True, timeout=1800)
    return case_results([str(target / "release" / "zcc-vector-runner")], tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    """Of every twelfth case and the twins: it starts some twenty programs a case."""
    for tool in ("bash", "jq", "tar", "zstd"):
        need(shutil.which(tool) is not None, tool)
    twins = {case.twin for case in CASES}
    chosen = [case for number, case in enumerate(CASES) if number % 12 == 0 or case.id in twins]
    return case_results(
        ["bash", str(EXAMPLES / "shell" / "runner.sh")],
        tmp_path_factory.mktemp("results"),
        {case.id for case in chosen},
    )


def _environment(**more: str) -> dict[str, str]:
    import os

    return {**os.environ, **more}


def case_results(argv: list[str], directory: Path, only: set[str] | None = None) -> dict[str, CaseResult]:
    index = json.loads((VECTORS / "index.json").read_bytes())
    if only is not None:
        index["cases"] = [case for case in index["cases"] if case["id"] in only]
    path = directory / "results.jsonl"
    with path.open("wb") as out:
        given = json.dumps(index).encode()
        subprocess.run(argv, input=given, stdout=out, cwd=VECTORS, check=True, timeout=900)
    found = read_results(path, IDS)
    assert set(found) == (only if only is not None else set(IDS))
    return found


def assert_honest(found: Mapping[str, CaseResult]) -> None:
    """No crash, and both signs: it takes the conforming layer, and refuses something for the right reason."""
    assert not {name: case_result.reason for name, case_result in found.items() if case_result.outcome == "crashed"}
    assert found["layer-conforming"].outcome == "accepted"
    assert found["tar-ordinary"].outcome == "accepted"
    judged, tally = judge_results([BY_ID[name] for name in found], found)
    assert tally.right > 0
    assert {result.verdict for result in judged} >= {"pass", "fail"}


def assert_as_published(name: str, found: Mapping[str, CaseResult]) -> None:
    """What docs/vectors.md states about this runner: the cases that were there then have the same results."""
    known = published(name)
    same = [case for case in found if case in known]
    assert len(same) >= 0.9 * len(found), f"the results of {name} are of older vectors: publish them again"
    other = {case for case in same if found[case].outcome != known[case].outcome}
    assert not other


def published(name: str) -> dict[str, CaseResult]:
    lines = (PUBLISHED / f"{name}.jsonl").read_bytes().splitlines()
    found = [json.loads(line) for line in lines]
    return {
        each["id"]: CaseResult(each["id"], each["outcome"], each.get("stage"), each.get("reason", "")) for each in found
    }


@built
def test_the_go_runner(go: dict[str, CaseResult]) -> None:
    assert_honest(go)
    assert_as_published("go", go)
    # Where this process may set owners, the tree that stands on the disk is stated too.
    trees = {
        name: case_result.tree_sha256
        for name, case_result in go.items()
        if case_result.tree_sha256 and BY_ID[name].tree_sha256
    }
    assert {name for name, tree in trees.items() if tree != BY_ID[name].tree_sha256} == set()


@built
def test_the_rust_runner(rust: dict[str, CaseResult]) -> None:
    assert_honest(rust)
    assert_as_published("rust", rust)


def test_the_shell_runner(shell: dict[str, CaseResult]) -> None:
    assert_honest(shell)


@built
def test_go_and_rust_find_true_differences(go: dict[str, CaseResult], rust: dict[str, CaseResult]) -> None:
    """Conforming layers that one of them refuses and the other takes: a difference that harms users of either."""
    lawful = [case.id for case in CASES if case.kind == "layer" and case.expect == "accept"]
    refused = {name: {case for case in lawful if found[case].outcome == "refused"} for name, found in _both(go, rust)}
    assert "toc-003-lawful-entries-reversed-layer" in refused["go"] - refused["rust"]
    assert "toc-001-lawful-empty-layer-with-null-layer" in refused["rust"] - refused["go"]


def _both(go: dict[str, CaseResult], rust: dict[str, CaseResult]) -> list[tuple[str, dict[str, CaseResult]]]:
    return [("go", go), ("rust", rust)]


@pytest.mark.parametrize("name", RUNNERS)
def test_the_page_tells_the_counts_that_are_published(name: str) -> None:
    page = (ROOT / "docs" / "vectors.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {name} "))
    counts = json.loads((PUBLISHED / "summary.json").read_bytes())[name]
    told = [int(cell) for cell in row.split("|")[2:7]]
    assert told == [counts[key] for key in ("right", "wrong", "either", "skipped", "trees")]
    assert len(published(name)) == counts["cases"]
    assert Counter(case_result.outcome for case_result in published(name).values())["crashed"] == 0
