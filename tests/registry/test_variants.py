"""Registries with permitted choices fail no MUST, and servers that are not registries pass nothing."""

from collections.abc import Callable

import pytest

from conformance.assurance.matrix.registries import judge_registry
from conformance.cases.variants import registries
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.requirements import find_variants, freedom_of, load_catalogue
from tests.registry.null_registries import NULL_REGISTRIES


@pytest.mark.parametrize("maker", find_variants(registries), ids=lambda maker: maker.__name__)
def test_no_must_fails_on_a_conforming_registry_and_none_is_left_out(maker: Callable[[], Defect]) -> None:
    with EmbeddedRegistry(defects=[maker()]) as registry:
        results = judge_registry(registry.url, registry.collect_garbage)
    broken = {
        name: (result.findings[:1], result.reason) for name, result in results.items() if result.breaks_conformance
    }
    assert not broken
    failed = {name for name, result in results.items() if result.verdict == "fail"}
    assert failed == set(freedom_of(maker).warns)


@pytest.mark.parametrize("name", NULL_REGISTRIES)
def test_a_server_that_is_no_registry_passes_nothing(name: str) -> None:
    with EmbeddedRegistry(defects=[NULL_REGISTRIES[name]]) as server:
        results = judge_registry(server.url, None)
    assert not {name for name, result in results.items() if result.verdict == "pass"}
    musts = {requirement.id for requirement in load_catalogue().of_role("registry") if requirement.level == "MUST"}
    assert {name for name in musts if results[name].verdict == "not-run"} == musts
    assert all("ordinary" in finding.message for result in results.values() for finding in result.findings)
