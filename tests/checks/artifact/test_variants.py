"""Permitted choices: no MUST fails on them, none is left out, and SHOULDs fail exactly where the variant states
this.
"""

from collections.abc import Callable

import pytest

from conformance.cases.variants import artifacts
from conformance.checks.artifact.judge import judge_image, needs_deep
from conformance.images.draft import Drafted
from conformance.requirements import find_variants, freedom_of, load_catalogue
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource

VARIANTS = find_variants(artifacts)


@pytest.mark.parametrize("maker", VARIANTS, ids=lambda maker: maker.__name__)
def test_no_must_fails_on_a_permitted_choice_and_none_is_left_out(maker: Callable[[], Drafted]) -> None:
    image, freedom = maker(), freedom_of(maker)
    results = judge_image(observe_image(MemorySource(image.blobs, image.root), reading=LayerReading(deep=True)))
    wrong = {result.id: result.findings for result in results if result.breaks_conformance or needs_deep(result)}
    assert not wrong
    failed = {result.id: result for result in results if result.verdict == "fail"}
    warned = {name: result.findings for name, result in failed.items() if result.level == "SHOULD"}
    assert set(warned) == set(freedom.warns), warned
    assert {name for name, result in failed.items() if result.level == "MAY"} <= set(freedom.touches)
    assert not [result.id for result in results if result.level == "SHOULD" and result.verdict == "not-run"]


@pytest.mark.parametrize("maker", VARIANTS, ids=lambda maker: maker.__name__)
def test_a_variant_names_requirements_of_the_catalogue(maker: Callable[[], Drafted]) -> None:
    catalogue = load_catalogue()
    freedom = freedom_of(maker)
    assert freedom.touches or freedom.warns
    assert set(freedom.ids) <= catalogue.ids()
    assert all(catalogue[name].level == "SHOULD" for name in freedom.warns)


def test_no_two_variants_make_the_same_image() -> None:
    roots = [maker().root for maker in VARIANTS]
    assert len(set(roots)) == len(roots)
