"""The image strategies: conforming images are judged so, each invalid counterpart fails exactly its requirements."""

import pytest
from hypothesis import given, settings

from conformance.checks.artifact.judge import judge_image
from conformance.format.selection import is_annotated_sentinel
from conformance.images.bundle import Bundle
from conformance.images.draft import Draft
from conformance.requirements import broken_by, load_catalogue
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource
from conformance.strategies.documents import entries_of
from conformance.strategies.images import BREAKS, Break, BrokenImage, break_draft, broken_images, drafts, images


def judged(image: Bundle, *, deep: bool = False) -> tuple[RequirementResult, ...]:
    source = MemorySource(image.blobs, image.content(image.root.digest))
    return judge_image(observe_image(source, reading=LayerReading(deep)))


def failing(image: Bundle) -> set[str]:
    return {result.id for result in judged(image) if result.verdict == "fail"}


@given(images())
@settings(max_examples=60)
def test_every_image_conforms_and_nothing_is_left_out(image: Bundle) -> None:
    results = judged(image, deep=True)
    assert {result.verdict for result in results} == {"pass", "not-applicable"}
    metadata = {result.id for result in results if result.id.startswith("SENT-") and result.verdict != "pass"}
    one_block, no_gzip_twin = {"SENT-BLOB-008"}, {"SENT-INDEX-019"}
    assert metadata - no_gzip_twin == one_block, "nothing can follow in one block"


@pytest.mark.parametrize("edit", BREAKS, ids=lambda edit: edit.__name__)
def test_each_invalid_counterpart_fails_its_requirement_and_what_it_implies(edit: Break) -> None:
    @given(drafts(one_pair=True))
    @settings(max_examples=6)
    def breaks_that(draft: Draft) -> None:
        broken = break_draft(draft, edit)
        assert failing(broken.image) == {broken.requirement, *broken.implies}
        assert not failing(broken.twin)

    breaks_that()


def test_every_requirement_on_metadata_has_an_invalid_counterpart() -> None:
    groups = ("SENT-DESC", "SENT-MANIFEST", "SENT-CONFIG", "SENT-INDEX")
    wanted = {requirement.id for requirement in load_catalogue().requirements if requirement.group in groups}
    assert {broken_by(edit)[0] for edit in BREAKS} == wanted


@given(broken_images("SENT-INDEX"))
def test_invalid_counterparts_are_drawn_by_group(broken: BrokenImage) -> None:
    assert broken.requirement.startswith("SENT-INDEX-")
    assert broken.what


@given(broken_images("SENT-MANIFEST-009"))
def test_invalid_counterparts_are_drawn_by_requirement(broken: BrokenImage) -> None:
    assert broken.requirement == "SENT-MANIFEST-009"


@pytest.mark.parametrize("of", ["SENT-MANIFEST-999", "SENT", "REG-001", ""])
def test_a_requirement_without_invalid_counterpart_is_named(of: str) -> None:
    with pytest.raises(ValueError, match="is none of SENT-CONFIG-001, "):
        broken_images(of)


def test_several_platforms_pairs_and_compressions_occur() -> None:
    platforms: set[int] = set()
    marked: set[int] = set()

    @given(images())
    @settings(max_examples=60, derandomize=True)
    def look(image: Bundle) -> None:
        entries = entries_of(image)
        platforms.add(len({entry.platform for entry in entries}))
        marked.add(sum(is_annotated_sentinel(entry) for entry in entries))

    look()
    assert max(platforms) >= 4
    assert {1, 2} <= marked
