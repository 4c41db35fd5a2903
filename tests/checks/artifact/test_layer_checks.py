"""The checks of layers: a conforming one passes all, each mutant fails what it breaks and no more."""

from collections.abc import Callable, Sequence

import pytest

from conformance.cases.mutants import layer_names, layers, linux_entries
from conformance.cases.mutants.layers._frames import bytes_between_frames
from conformance.cases.mutants.layers._toc import digest_of_other_content, ranges_exchanged
from conformance.cases.mutants.tar_headers import MAKERS
from conformance.checks.artifact.judge import judge_image, needs_deep
from conformance.checks.bound import checks_of
from conformance.format import names
from conformance.format.document import encode
from conformance.format.oci import read_manifest
from conformance.images.layer_draft import DraftedLayer, LayerDraft, conforming_layer, draft_layer, finish_layer
from conformance.images.trees import Node
from conformance.observed.image import ImageSeen, ManifestSeen, Stored
from conformance.observed.layer import LayersSeen
from conformance.requirements import broken_by, find_mutants
from conformance.results import RequirementResult, Verdict
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading, observe_layers
from conformance.sources.memory import MemorySource
from tests.checks.artifact.pairs import pair_with

MUTANTS = find_mutants(layers, layer_names, linux_entries)
# Not of this image: it has no legacy layer or key, none without a TOC, no embedded data, no layout and no image outside
# of the pair, and its sentinel is one block.
NOT_HERE = {
    *("ANNOT-022", "DOC-011", "DOC-015", "DOC-016", "DOC-020", "LAYER-013", "LAYER-016", "SEC-013"),
    *("SENT-BLOB-008", "SENT-INDEX-019", "FOOTER-005", "FOOTER-006"),
}


def image_with(draft: LayerDraft) -> MemorySource:
    """A pair of manifests whose last layer is this one."""
    finished = pair_with(finish_layer(draft))
    return MemorySource(finished.blobs, finished.root)


def seen_of(draft: LayerDraft, *, deep: bool = True) -> ImageSeen:
    return observe_image(image_with(draft), reading=LayerReading(deep))


def results(draft: LayerDraft, *, deep: bool = True) -> tuple[RequirementResult, ...]:
    return judge_image(seen_of(draft, deep=deep))


def verdicts(draft: LayerDraft) -> dict[str, Verdict]:
    return {result.id: result.verdict for result in results(draft)}


def test_a_conforming_layer_passes_every_check() -> None:
    found = verdicts(conforming_layer())
    assert {name for name, verdict in found.items() if verdict != "pass"} == NOT_HERE, found


@pytest.mark.parametrize("maker", MUTANTS, ids=lambda maker: maker.__name__)
def test_each_mutant_fails_its_requirement_and_no_unrelated_one(maker: Callable[[], LayerDraft]) -> None:
    failed = {result.id: result.findings for result in results(maker()) if result.verdict == "fail"}
    assert set(failed) == set(broken_by(maker)), failed


def test_every_check_of_a_layer_has_a_mutant() -> None:
    broken = {broken_by(maker)[0] for maker in (*MUTANTS, *MAKERS.values())} | {
        "LAYER-012",
        "LAYER-013",
        "LAYER-016",
        "SEC-013",
        "TAR-058",
        "TAR-059",
    }  # of layers without a TOC, and of layers above others
    bound = {*checks_of(LayersSeen), "LAYER-012"}
    artifact = {result.id for result in results(conforming_layer())}
    assert bound & artifact == broken


def test_without_reading_every_byte_nothing_is_passed_that_needs_it() -> None:
    shallow = {result.id: needs_deep(result) for result in results(conforming_layer(), deep=False)}
    assert shallow["LAYER-002"]
    assert shallow["SEC-001"]
    assert shallow["TOC-007"]
    assert not shallow["TARSPLIT-003"]
    assert not shallow["FOOTER-002"]


@pytest.mark.parametrize("maker", [ranges_exchanged, digest_of_other_content, bytes_between_frames])
def test_what_only_a_deep_reading_finds_is_not_passed_by_a_shallow_one(maker: Callable[[], LayerDraft]) -> None:
    shallow = {result.id: result for result in results(maker(), deep=False)}
    assert needs_deep(shallow[broken_by(maker)[0]])


@pytest.mark.parametrize("lowest_first", [True, False])
def test_a_hard_link_to_a_lower_layer_needs_one_in_every_image_whatever_their_order(lowest_first: bool) -> None:
    layer = finish_layer(draft_layer((Node("link", "hardlink", link_name="below"),)))
    other = finish_layer(conforming_layer())
    manifests = [manifest_of([layer]), manifest_of([other, layer])]
    seen = observe_layers(
        MemorySource({each.descriptor["digest"]: each.blob for each in (layer, other)}, b""),
        manifests if lowest_first else manifests[::-1],
        LayerReading(),
    )
    alone = observe_layers(MemorySource({layer.descriptor["digest"]: layer.blob}, b""), manifests[1:], LayerReading())
    check = checks_of(LayersSeen)["TOC-021"]
    assert "fail" in {judgement.outcome for judgement in check(seen)}
    assert {judgement.outcome for judgement in check(alone) if "layers[1]" in judgement.where} == {"pass"}


def manifest_of(layers: Sequence[DraftedLayer]) -> ManifestSeen:
    """What was seen of a manifest of these layers; nothing else of it matters here."""
    raw = encode(
        {
            "schemaVersion": 2,
            "mediaType": names.MANIFEST_TYPE,
            "config": {"mediaType": names.CONFIG_TYPE, "digest": "sha256:" + "0" * 64, "size": 2},
            "layers": [layer.descriptor for layer in layers],
        }
    )
    return ManifestSeen("manifest", Stored(raw), document=read_manifest(raw))


def test_null_for_the_entries_of_an_empty_layer_is_what_the_reference_writes() -> None:
    draft = draft_layer(())
    draft.toc["entries"] = None
    assert not {result.id for result in results(draft) if result.verdict == "fail"}
