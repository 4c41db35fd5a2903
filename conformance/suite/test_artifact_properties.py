"""Generated artifacts (Hypothesis): what conforms is found conforming, and each forbidden kind is caught.

This is the suite's own control: a checker that is broken shows here before it judges anybody.
"""

import pytest
from hypothesis import strategies as st

from conformance.checks.artifact.judge import judge_content, judge_image
from conformance.checks.artifact.toc_rules import repeated_names, wrong_shapes
from conformance.format.digest import Digest
from conformance.format.document import JsonObject, decode_object, encode
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import read_config, read_index, read_manifest
from conformance.format.selection import Policy, is_annotated_sentinel, select
from conformance.format.sentinel import NEAR_START, canonical_sentinel, first_zero
from conformance.format.toc import decode_toc, encode_toc
from conformance.format.toc_keys import key_problems
from conformance.format.toc_outline import outline
from conformance.format.variant import (
    Addition,
    attach_to_index,
    ineligibility,
    make_sentinel_variant,
    strip_index,
    strip_manifest,
)
from conformance.format.writer import WrittenLayer
from conformance.images.bundle import Bundle
from conformance.images.draft import conforming_draft
from conformance.readers.sentinel_panel import read_with_python
from conformance.sources.image import observe_image
from conformance.sources.memory import MemorySource
from conformance.strategies.blobs import FORBIDDEN, forbidden_blob, sentinel_blobs
from conformance.strategies.documents import config_of, entries_of, spellings
from conformance.strategies.fields import annotations, unknown_fields
from conformance.strategies.images import BrokenImage, broken_images, bundle_of, images
from conformance.strategies.tocs import documents
from conformance.strategies.trees import layers
from conformance.suite.invariants import failing_of_layer, invariant
from conformance.suite.power import counted

pytestmark = pytest.mark.role("artifact")


@invariant(
    "a sentinel blob is not a valid tar, by the header rules and to every strict reader that was run",
    blob=sentinel_blobs(),
)
def test_conforming_sentinel_blobs_pass(blob: bytes) -> None:
    """Expected: no MUST fails, and no Python tar reader in strict mode accepts the blob."""
    failed = [r.id for r in judge_content(blob) if r.verdict == "fail" and r.level == "MUST"]
    assert not failed, f"a conforming blob fails {failed}"
    assert not [seen.reader for seen in read_with_python(blob) if seen.accepted and not seen.lenient]


@pytest.mark.parametrize("requirement_id", sorted(FORBIDDEN))
def test_forbidden_sentinel_blobs_are_caught(requirement_id: str, request: pytest.FixtureRequest) -> None:
    """Expected: a blob that breaks this requirement fails it."""

    statement = "a sentinel blob with one forbidden property fails the requirement on it"

    @invariant(statement, requirement=requirement_id, blob=forbidden_blob(requirement_id))
    def caught(blob: bytes) -> None:
        verdicts = {result.id: result.verdict for result in judge_content(blob)}
        assert verdicts[requirement_id] == "fail", f"{requirement_id} does not detect this blob"

    counted(request.node, caught)


@invariant("a sentinel blob has a binary zero within its first 16 bytes", blob=sentinel_blobs())
def test_a_binary_zero_near_the_start(blob: bytes) -> None:
    """Expected: a program that detects text or compression finds binary data within 16 bytes."""
    zero = first_zero(blob)
    assert zero is not None
    assert zero < NEAR_START


@invariant(
    "unknown fields and annotations of manifests and configs change no verdict",
    fields=unknown_fields(),
    extra=annotations(),
)
def test_unknown_fields_and_annotations_change_no_verdict(fields: JsonObject, extra: dict[str, str]) -> None:
    """Expected: a conforming pair conforms with any further fields in both documents."""
    draft = conforming_draft()
    for document in (draft.plain, draft.sentinel, draft.plain_config, draft.sentinel_config):
        document.update(fields)
    for document in (draft.plain, draft.sentinel):
        document["annotations"] = extra
    failed = _failing(bundle_of(draft))
    assert not failed, f"a conforming image fails {failed}"


@invariant("an index with its manifests and configs, built correctly, fails no requirement", image=images())
def test_conforming_images_pass(image: Bundle) -> None:
    """Expected: no requirement fails, whatever platforms, compressions, annotations and unknown fields there are."""
    failed = _failing(image)
    assert not failed, f"a conforming image fails {failed}"


@invariant("a manifest, config or index with one wrong detail fails the requirement on it", broken=broken_images())
def test_broken_images_are_caught(broken: BrokenImage) -> None:
    """Expected: an image with one wrong detail fails the requirement on it and what that implies, nothing else."""
    assert _failing(broken.image) == {broken.requirement, *broken.implies}, broken.what


@invariant("every client selects an image that it can use", image=images())
def test_every_client_gets_an_image_it_can_use(image: Bundle) -> None:
    """Expected: on each platform an aware client selects the sentinel, and no other client does."""
    index = read_index(image.content(image.root.digest)).view
    served = {entry.platform for entry in index.manifests if is_annotated_sentinel(entry)}
    for platform in {entry.platform for entry in index.manifests if entry.platform}:
        chosen = {policy: select(index, policy, platform) for policy in Policy}
        for policy, position in chosen.items():
            assert position is not None, f"{policy} selects no entry for {platform}"
            sentinel = is_annotated_sentinel(index.manifests[position])
            assert sentinel == (policy is Policy.AWARE and platform in served), f"{policy} on {platform}"


@invariant(
    "a sentinel variant reuses the digests of the layers, and is stripped completely when they are recompressed",
    data=st.data(),
)
def test_data_layers_are_reused_and_recompression_strips_without_trace(data: st.DataObject) -> None:
    """Expected: a variant created for an image reuses its layers' digests; stripping it gives back every byte."""
    image = data.draw(images())
    plain = next(entry for entry in entries_of(image) if ineligibility(image.content(entry.digest)) is None)
    config = data.draw(spellings(config_of(image, plain.digest)))
    manifest = data.draw(spellings(_naming(image.content(plain.digest), config)))
    variant = make_sentinel_variant(manifest, config, canonical_sentinel())
    first, *data_layers = read_manifest(variant.manifest).view.layers
    assert first.media_type == SENTINEL_TYPE
    assert tuple(data_layers) == read_manifest(manifest).view.layers
    assert read_config(variant.config).view.rootfs.diff_ids[1:] == read_config(config).view.rootfs.diff_ids
    assert strip_manifest(variant.manifest, variant.config) == (manifest, config)


@invariant("an index is stripped of exactly the sentinels", data=st.data())
def test_an_index_is_stripped_of_exactly_the_sentinels(data: st.DataObject) -> None:
    """Expected: taking all sentinel entries away and attaching them again gives the same selection on every
    platform.
    """
    image = data.draw(images())
    raw = data.draw(spellings(image.content(image.root.digest)))
    entries = read_index(raw).view.manifests
    stripped = strip_index(raw)
    left = read_index(stripped).view.manifests
    assert left == tuple(entry for entry in entries if not is_annotated_sentinel(entry))
    assert strip_index(stripped) == stripped
    eligible = [entry for entry in left if ineligibility(image.content(entry.digest)) is None]
    additions = [
        Addition(
            entry.digest,
            make_sentinel_variant(image.content(entry.digest), config_of(image, entry.digest), canonical_sentinel()),
        )
        for entry in eligible
    ]
    again = attach_to_index(stripped, additions)
    found = read_index(again).view.manifests
    assert [entry.digest for entry in found] == [entry.digest for entry in entries]
    assert read_index(strip_index(again)).view.manifests == left


@invariant("a layer has one reading: TOC, tar-split and tar agree to the last byte", layer=layers(max_size=50_000))
def test_layers_have_one_reading(layer: tuple[bytes, WrittenLayer]) -> None:
    """Expected: whatever tree a layer holds, no requirement on layers fails, and none is left undecided."""
    failing = failing_of_layer(*layer)
    assert not failing, f"a conforming layer fails {failing}"


@invariant("a TOC is read, breaks no rule on TOCs, and is written back byte for byte", document=documents())
def test_conforming_tocs_pass(document: bytes) -> None:
    """Expected: no rule on keys, shapes and names finds anything."""
    toc = decode_toc(document)
    assert encode_toc(toc) == document
    assert not key_problems(document)
    shape = outline(toc.entries)
    assert not list(wrong_shapes(shape))
    assert not list(repeated_names(shape))


def _failing(image: Bundle) -> set[str]:
    seen = observe_image(MemorySource(image.blobs, image.content(image.root.digest)))
    return {result.id for result in judge_image(seen) if result.verdict == "fail"}


def _naming(manifest: bytes, config: bytes) -> bytes:
    """The manifest with the descriptor of another config."""
    fields = decode_object(manifest, what="manifest")
    fields["config"] |= {"digest": str(Digest.of(config)), "size": len(config)}
    return encode(fields)
