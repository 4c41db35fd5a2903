"""The cases with a script: the reference ends each with the right tree or refuses it."""

import importlib.util
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.assurance.matrix.consumers import InProcessConsumer
from conformance.cases.mutants import clients
from conformance.cases.vectors.model import Case
from conformance.cases.vectors.store import read_index, read_vectors, vectors_directory
from conformance.observed.outcome import RunOutcome
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.trials.file_trees import read_tree


def _example() -> Any:
    """examples/python/registry.py, which is not a part of a package."""
    path = Path(__file__).parents[3] / "examples" / "python" / "registry.py"
    spec = importlib.util.spec_from_file_location("registry_of_the_examples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


registry = _example()

VECTORS = read_vectors(vectors_directory())
CASES = [case for case in read_index(vectors_directory()).cases if case.kind == "http"]
TWIN = next(case for case in CASES if case.expect == "accept")


def served(case: Case) -> AbstractContextManager[str]:
    blobs: Mapping[str, bytes] = {name: VECTORS.blobs[stored] for name, stored in case.input.files.items()}
    context: AbstractContextManager[str] = registry.serve(blobs, msgspec.to_builtins(case.input.script))
    return context


def pulled(case: Case, directory: Path, toolkit: Toolkit = REFERENCE) -> tuple[RunOutcome, Any]:
    """How the pull ended, and the tree that stands there."""
    home, output = directory / "home", directory / "output"
    for each in (home, output):
        each.mkdir(parents=True)
    client = InProcessConsumer(toolkit, home)
    with served(case) as url:
        host = url.removeprefix("http://")
        reference = f"{host}/vectors@{case.input.root}"
        run = client.run("unpack", {"reference": reference, "output": output}, hosts=(host,))
    return run.outcome, read_tree(output)


@pytest.fixture(scope="module")
def right_tree(tmp_path_factory: pytest.TempPathFactory) -> Any:
    outcome, tree = pulled(TWIN, tmp_path_factory.mktemp("twin"))
    assert outcome == "succeeded"
    assert tree
    return tree


@pytest.mark.parametrize("case", [case for case in CASES if case is not TWIN], ids=lambda case: case.id)
def test_the_reference_pulls_the_right_tree_or_refuses(case: Case, right_tree: Any, tmp_path: Path) -> None:
    outcome, tree = pulled(case, tmp_path)
    assert outcome in ("succeeded", "refused"), outcome
    if outcome == "succeeded":
        assert tree == right_tree


def test_a_client_that_verifies_no_content_ends_with_another_tree(right_tree: Any, tmp_path: Path) -> None:
    """So the scripts can show a defect: what a lying registry gives is what such a client unpacks."""
    case = next(case for case in CASES if case.id == "http-changed-from-range-3-on")
    outcome, tree = pulled(case, tmp_path, clients.skips_content_digests())
    assert outcome != "refused" or tree != right_tree


def test_the_scripts_differ() -> None:
    scripts = [case.input.script for case in CASES]
    assert len({msgspec.json.encode(script) for script in scripts}) == len(scripts)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-9", [(0, 9)]),
        ("bytes=90-", [(90, 99)]),
        ("bytes=-10", [(90, 99)]),
        ("bytes=0-0, 5-200", [(0, 0), (5, 99)]),
        ("bytes=100-", []),
        ("bytes=-", None),
        ("items=0-9", None),
        ("", None),
    ],
)
def test_ranges_as_rfc_9110_has_them(header: str, found: list[tuple[int, int]] | None) -> None:
    assert registry.parse(header, 100) == found
