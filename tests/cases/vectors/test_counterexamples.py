"""Counterexamples: what was found, shrunk and kept is replayed by programs that use no code of this project."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.assurance.matrix.consumers import InProcessConsumer
from conformance.cases.mutants import clients
from conformance.cases.vectors.model import Case, Vectors
from conformance.cases.vectors.store import export_cases, read_vectors
from conformance.checks.registry.lifecycle import consistent_with_model
from conformance.registry.client.client import RegistryClient
from conformance.registry.server import defects
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.strategies.shapes import Tally
from conformance.trials.consumer.generated import generated_images
from conformance.trials.consumer.trial import ConsumerTrials
from conformance.trials.registry.counterexample import keeper
from conformance.trials.registry.machine import explore
from conformance.trials.registry.target import RegistryUnderTest
from tests.trials.test_pushed_artifacts import DEFECTIVE, explored

EXAMPLES = Path(__file__).parents[3] / "examples" / "python"
DEFECTIVE_REGISTRIES = ["deleted_manifests_stay", "reencodes_json", "merges_twin_platforms"]


def kept_by(name: str, directory: Path) -> tuple[Path, str]:
    """The directory of the one counterexample, and what the finding states."""
    with EmbeddedRegistry(defects=[getattr(defects, name)()]) as registry:
        subject = RegistryUnderTest(RegistryClient(registry.url, retries=0), "zcc/tried")
        seen = explore(subject, "quick", 0, keep=keeper(directory, 0))
        subject.client.close()
    (finding,) = consistent_with_model(seen)
    assert finding.outcome == "fail"
    (kept,) = (directory / "counterexamples").iterdir()
    return kept, finding.evidence[0].as_text()


def only(vectors: Vectors) -> Case:
    (case,) = vectors.index.cases
    return case


def replayed(kept: Path, url: str) -> tuple[int, dict[str, Any]]:
    argv = [sys.executable, "-I", str(EXAMPLES / "replay.py"), f"{url}/again"]
    ended = subprocess.run(argv, cwd=kept, check=False, capture_output=True, timeout=60)
    assert not ended.stderr
    line: dict[str, Any] = json.loads(ended.stdout)
    return ended.returncode, line


@pytest.mark.parametrize("name", DEFECTIVE_REGISTRIES)
def test_requests_that_a_registry_contradicts_are_replayed_by_another_program(name: str, tmp_path: Path) -> None:
    kept, told = kept_by(name, tmp_path)
    case = only(read_vectors(kept))
    assert (case.kind, case.requirement, case.seed, case.expect) == ("requests", "REG-020", "0", "accept")
    assert f"these {len(case.input.steps)} requests as a case that can be replayed" in told
    assert f"counterexamples/{kept.name}, seed 0" in told
    with EmbeddedRegistry(defects=[getattr(defects, name)()]) as registry:
        assert replayed(kept, registry.url)[0] == 1
        status, line = replayed(kept, registry.url)  # in new repositories each time
    assert (status, line["outcome"], line["id"]) == (1, "refused", case.id)
    assert f"request {len(case.input.steps)}, " in line["reason"]
    with EmbeddedRegistry() as registry:
        status, line = replayed(kept, registry.url)
    assert (status, line["outcome"]) in ((0, "accepted"), (0, "skipped")), line


def test_a_right_registry_agrees_with_the_requests(tmp_path: Path) -> None:
    kept, _ = kept_by("rejects_sentinel_type", tmp_path)
    with EmbeddedRegistry() as registry:
        assert replayed(kept, registry.url) == (0, {"id": only(read_vectors(kept)).id, "outcome": "accepted"})


def test_nothing_is_kept_of_a_right_registry(tmp_path: Path) -> None:
    with EmbeddedRegistry() as registry:
        subject = RegistryUnderTest(RegistryClient(registry.url, retries=0), "zcc/tried")
        seen = explore(subject, "quick", 0, keep=keeper(tmp_path, 0))
        subject.client.close()
    assert not seen.failure
    assert list(tmp_path.iterdir()) == []


def results_of(kept: Path) -> dict[str, dict[str, Any]]:
    """What the example runner, which uses no code of this project, states about the cases."""
    with (kept / "index.json").open("rb") as index:
        argv = [sys.executable, "-I", str(EXAMPLES / "runner.py")]
        ended = subprocess.run(argv, stdin=index, cwd=kept, check=True, capture_output=True, timeout=60)
    return {line["id"]: line for line in map(json.loads, ended.stdout.splitlines())}


def test_an_image_that_a_client_unpacks_in_two_ways_is_kept_with_its_tree(tmp_path: Path) -> None:
    keep = tmp_path / "counterexamples"
    trials = ConsumerTrials(InProcessConsumer(clients.loses_modes_of_toc_entries(), tmp_path), aware=True)
    list(generated_images(trials, examples=3, number=8, keep=keep, tally=Tally("pulls")))
    (kept,) = keep.iterdir()
    vectors = read_vectors(kept)
    case, plain = vectors.index.cases
    assert (case.requirement, case.seed, case.twin) == ("SENT-PULL-027", "8", plain.id)
    assert case.tree_sha256 == plain.tree_sha256 != ""
    assert (kept / "layout" / "oci-layout").is_file()
    lines = results_of(kept)
    assert {line["outcome"] for line in lines.values()} == {"accepted"}
    assert {line["tree_sha256"] for line in lines.values()} == {case.tree_sha256}
    export_cases(vectors, tmp_path / "exported")
    assert (tmp_path / "exported" / "cases" / case.id / "layout" / "oci-layout").is_file()


def test_what_a_producer_made_wrong_is_kept_with_what_it_was_given(tmp_path: Path) -> None:
    explored(DEFECTIVE, tmp_path)
    (kept,) = (tmp_path / "kept").iterdir()
    vectors = read_vectors(kept)
    case, given = vectors.index.cases
    assert (case.expect, case.seed, case.twin) == ("refuse", "1", given.id)
    assert "ANNOT-001" in case.breaks
    lines = results_of(kept)
    assert lines[given.id]["outcome"] == "accepted"
    assert lines[case.id]["outcome"] == "refused"
    assert lines[case.id]["stage"] in case.stages
