"""The consumer roles judge rightly: the reference passes, each defect fails what it breaks, null clients nothing."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from conformance.assurance.matrix.consumers import InProcessConsumer, judge_client, verdicts
from conformance.cases.mutants import clients, clients_input, clients_outside, clients_select, clients_unaware
from conformance.cases.mutants.run_client import MODULES, find_client, main
from conformance.cases.variants import consumers as lawful
from conformance.format.digest import Digest
from conformance.format.oci import Descriptor
from conformance.implementations.adapter import find_adapter
from conformance.implementations.adapter_document import Operation
from conformance.reference.consumer import PulledLayer
from conformance.reference.errors import RefusalError
from conformance.reference.toolkit import Toolkit
from conformance.reference.unaware import TarConsumer
from conformance.registry.client.client import RegistryClient, Response
from conformance.requirements import broken_by, find_mutants, load_catalogue
from conformance.results import RequirementResult, conclude
from conformance.strategies.shapes import Tally
from conformance.trials.consumer.generated import generated_images
from conformance.trials.consumer.scenarios import AWARE, UNAWARE, judge_requirement, judge_seen
from conformance.trials.consumer.trial import ConsumerTrials
from conformance.trials.under_test import ImplementationUnderTest

Maker = Callable[[], Toolkit]
BY_MEMORY = ("expands_bombs_in_memory",)
"""Defects that only its own process shows."""
SCANNERS = (clients_unaware.reports_the_error_and_ends_with_zero,)
"""Defects that only the operation ``scan`` has."""


class OnlyGzip(TarConsumer):
    """A conforming client from before zstd layers."""

    def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
        if "zstd" in layer.media_type:
            raise RefusalError(f"layers of the media type {layer.media_type} are not known")
        return super().layer(layer, diff_id, sentinel)


def _mutants(*modules: ModuleType) -> list[Maker]:
    return [maker for maker in find_mutants(*modules) if maker.__name__ not in BY_MEMORY]


AWARE_MUTANTS, UNAWARE_MUTANTS = (
    _mutants(clients, clients_select, clients_input, clients_outside),
    _mutants(clients_unaware),
)


@pytest.fixture(autouse=True)
def _quick_threads() -> object:
    """Client and registry are threads of this process: let them take turns more often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    yield
    sys.setswitchinterval(before)


def _failed(results: dict[str, RequirementResult]) -> set[str]:
    return {name for name, verdict in verdicts(results).items() if verdict == "fail"}


def _words(results: dict[str, RequirementResult], names: set[str]) -> dict[str, object]:
    return {name: results[name].findings[:1] for name in names}


def test_the_reference_passes_every_requirement(tmp_path: Path) -> None:
    results = judge_client(directory=tmp_path)
    assert set(verdicts(results).values()) == {"pass"}, _words(results, set(results))


def test_an_unaware_client_passes_by_unpacking_and_by_scanning(tmp_path: Path) -> None:
    results = judge_client(clients_unaware.unaware(), directory=tmp_path, aware=False, operations=("unpack", "scan"))
    assert set(verdicts(results).values()) == {"pass"}, _words(results, set(results))
    assert results["SENT-PULL-031"].judged == 2


@pytest.mark.parametrize(
    "maker", AWARE_MUTANTS, ids=lambda maker: f"{maker.__module__.rpartition('.')[2]}.{maker.__name__}"
)
def test_each_defect_fails_its_requirement_and_those_it_implies_alone(maker: Maker, tmp_path: Path) -> None:
    """Of all requirements of the role with ZCC_ALL_MUTANTS=1, which takes minutes; else of those that it violates."""
    only = () if os.environ.get("ZCC_ALL_MUTANTS") == "1" else broken_by(maker)
    results = judge_client(maker(), directory=tmp_path, only=only)
    assert _failed(results) == set(broken_by(maker)), _words(results, _failed(results) ^ set(broken_by(maker)))


@pytest.mark.parametrize("maker", UNAWARE_MUTANTS, ids=lambda maker: maker.__name__)
def test_each_defect_of_an_unaware_client_fails_its_requirement_and_no_unrelated_one(
    maker: Maker, tmp_path: Path
) -> None:
    operations: tuple[Operation, ...] = ("scan",) if maker in SCANNERS else ("unpack",)
    results = judge_client(maker(), directory=tmp_path, aware=False, operations=operations)
    assert _failed(results) == set(broken_by(maker)), _words(results, _failed(results))


def test_a_client_without_zstd_is_judged_by_what_it_refuses(tmp_path: Path) -> None:
    results = judge_client(Toolkit(consumer=OnlyGzip), directory=tmp_path, aware=False)
    found = verdicts(results)
    assert found.pop("SENT-PULL-031") == found.pop("SENT-PULL-032") == "pass"
    assert found.pop("SEC-006") == "pass"
    assert set(found.values()) == {"unsupported"}


def test_a_scanner_that_reports_nothing_found_has_processed_the_sentinel_manifest(tmp_path: Path) -> None:
    skips = clients_unaware.skips_unknown_layers()
    results = judge_client(skips, directory=tmp_path, aware=False, operations=("scan",), only=["SENT-PULL-031"])
    (finding,) = results["SENT-PULL-031"].findings
    assert finding.outcome == "fail"
    assert "was accepted" in finding.message


def test_every_requirement_of_the_roles_has_a_client_that_fails_it() -> None:
    broken = {broken_by(maker)[0] for maker in [*AWARE_MUTANTS, *UNAWARE_MUTANTS]}
    assert {*AWARE, *UNAWARE} <= broken


def test_the_cases_are_those_of_the_roles() -> None:
    catalogue = load_catalogue()
    for scenarios, role in ((AWARE, "consumer-aware"), (UNAWARE, "consumer-unaware")):
        assert all(role in catalogue[name].roles for name in scenarios)


@pytest.mark.parametrize("name", ["null-always-fail", "null-always-succeed", "null-crash", "null-copies-everything"])
def test_null_clients_as_programs_pass_no_must(name: str, tmp_path: Path) -> None:
    trials = ConsumerTrials(ImplementationUnderTest(find_adapter(name), "0", tmp_path), aware=True)
    catalogue = load_catalogue()
    for requirement_id in ("SENT-PULL-001", "SENT-PULL-006"):
        result = conclude(catalogue[requirement_id], judge_requirement(trials, requirement_id))
        assert result.verdict in ("fail", "not-run"), requirement_id


def test_a_bomb_that_is_expanded_shows_in_the_memory_of_the_process(tmp_path: Path) -> None:
    adapter = find_adapter("reference")
    prefix = ("{python}", "-m", "conformance.cases.mutants.run_client", "clients_input.expands_bombs_in_memory")
    (vector,) = adapter.operations["unpack"]
    defective = msgspec.structs.replace(adapter, operations={"unpack": ((*prefix, *vector[3:]),)})
    trials = ConsumerTrials(ImplementationUnderTest(defective, "0", tmp_path), aware=True)
    result = conclude(load_catalogue()["SEC-004"], judge_requirement(trials, "SEC-004"))
    assert result.verdict == "fail"
    assert any("MiB of memory" in finding.message for finding in result.findings), result.findings


class FromTheStart(RegistryClient):
    """Requests each whole blob as one range that begins at byte 0."""

    def request(self, method: str, path: str, **more: Any) -> Response:
        headers = dict(more.pop("headers", None) or {})
        whole = method == "GET" and "/blobs/" in path and "Range" not in headers
        response = super().request(method, path, headers=headers | ({"Range": "bytes=0-"} if whole else {}), **more)
        return msgspec.structs.replace(response, status=200) if whole and response.status == 206 else response


@pytest.mark.parametrize(
    ("toolkit", "verdict"),
    [(clients.reads_small_layers_as_tar(), "fail"), (lawful.fetches_blobs_whole_and_reads_them_by_toc(), "pass")],
    ids=["as tar", "by TOC"],
)
def test_a_whole_blob_that_is_requested_as_a_range_evades_nothing(
    toolkit: Toolkit, verdict: str, tmp_path: Path
) -> None:
    by_range = msgspec.structs.replace(toolkit, client=FromTheStart)
    results = judge_client(by_range, directory=tmp_path, only=["SENT-PULL-004"])
    assert results["SENT-PULL-004"].verdict == verdict, results["SENT-PULL-004"].findings


class Anonymous(RegistryClient):
    """Has no credentials, whatever it is given."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **{**more, "credentials": None})


@pytest.mark.parametrize(
    ("client", "declared", "verdict"),
    [
        (Anonymous, True, "not-applicable"),
        (Anonymous, False, "not-run"),
        (RegistryClient, True, "pass"),
    ],
    ids=["declared", "not declared", "declared, and it authenticates"],
)
def test_a_tool_that_never_authenticates_has_no_credentials_to_lose(
    client: type[RegistryClient], declared: bool, verdict: str, tmp_path: Path
) -> None:
    subject = InProcessConsumer(Toolkit(consumer=TarConsumer, client=client), tmp_path)
    if declared:
        subject.adapter = msgspec.structs.replace(subject.adapter, unsupported={"login": "it reads public images"})
    trials = ConsumerTrials(subject, aware=False)
    result = conclude(load_catalogue()["SEC-006"], judge_requirement(trials, "SEC-006"))
    assert result.verdict == verdict, result.findings


def test_generated_images_show_a_difference_and_keep_the_smallest(tmp_path: Path) -> None:
    keep = tmp_path / "report" / "counterexamples"
    catalogue = load_catalogue()
    for toolkit, verdict in ((Toolkit(), "pass"), (clients.loses_modes_of_toc_entries(), "fail")):
        trials = ConsumerTrials(InProcessConsumer(toolkit, tmp_path), aware=True)
        tally = Tally("pulls")
        seen = generated_images(trials, examples=3, number=8, keep=keep, tally=tally)
        result = conclude(catalogue["SENT-PULL-027"], judge_seen("SENT-PULL-027", seen))
        assert result.verdict == verdict, result.findings
        assert tally.examples >= (3 if verdict == "pass" else 1)
        assert keep.exists() is (verdict == "fail")
    (kept,) = keep.iterdir()
    assert (kept / "layout" / "oci-layout").is_file()
    assert "seed 8" in result.findings[0].evidence[0].as_text()


def test_client_mutants_are_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert find_client("clients.fetches_the_sentinel") is clients.fetches_the_sentinel
    assert main(["clients.nonesuch", "unpack"]) == 2
    assert "no client mutant" in capsys.readouterr().err
    assert main(["clients_unaware.unaware", "unpack", "--output", "x"]) == 4
    assert all(find_client(f"{maker.__module__.rpartition('.')[2]}.{maker.__name__}") for maker in AWARE_MUTANTS)
    assert {maker.__module__.rpartition(".")[2] for maker in [*AWARE_MUTANTS, *UNAWARE_MUTANTS]} == set(MODULES)
