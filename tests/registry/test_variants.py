"""Registries with permitted choices fail no MUST."""

from collections.abc import Callable

import pytest

from conformance.assurance.matrix.registries import judge_registry
from conformance.cases.variants import registries
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.requirements import find_variants, freedom_of


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
