"""What a check must still see at its edge: the last allowed value, the second of two, a thing that is missing."""

import json
from typing import Any

import msgspec
import pytest
import zstandard

from conformance.cases.mutants.layers._frames import another_diff_id
from conformance.checks.artifact.judge import judge_blob, judge_image, needs_deep
from conformance.checks.artifact.layer_blob import tail_in_order
from conformance.checks.artifact.layer_toc import ranges_on_frames
from conformance.format.footer import Footer, FooterForm
from conformance.format.names import CHUNKED_PREFIX, MANIFEST_POSITION, SENTINEL_TYPE, TARSPLIT_POSITION
from conformance.format.positions import Position, TocPosition
from conformance.format.sentinel import canonical_sentinel
from conformance.format.toc import Entry
from conformance.images.draft import Draft, conforming_draft, finish
from conformance.images.layer_draft import conforming_layer, finish_layer
from conformance.observed.image import SentinelBlob
from conformance.observed.layer import LayersSeen
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource
from tests.checks.artifact.pairs import pair_with
from tests.checks.artifact.test_metadata_checks import verdicts
from tests.checks.judged import layers


def results(image: MemorySource) -> dict[str, RequirementResult]:
    return {result.id: result for result in judge_image(observe_image(image, reading=LayerReading(deep=True)))}


@pytest.mark.parametrize(("size", "verdict"), [(4095, "pass"), (4096, "pass"), (4097, "fail")])
def test_a_sentinel_has_at_most_4096_bytes(size: int, verdict: str) -> None:
    content = canonical_sentinel() + b"\1" * (size - len(canonical_sentinel()))
    found = {result.id: result.verdict for result in judge_blob(SentinelBlob("sentinel", content))}
    assert found["SENT-BLOB-012"] == verdict


@pytest.mark.parametrize("content", [b"no tar" * 200, b"\0" * 512, b"", b"x" * 512])
def test_frames_that_hold_no_tar_break_the_rule_on_the_tar_alone(content: bytes) -> None:
    draft = conforming_layer()
    draft.frames = [zstandard.compress(content)]
    image = pair_with(finish_layer(draft))
    found = results(MemorySource(image.blobs, image.root))
    assert found["LAYER-001"].verdict == "pass"
    assert found["LAYER-002"].verdict == "fail"
    assert found["SEC-001"].verdict in ("fail", "not-run")


def test_a_layer_without_a_diff_id_is_not_run() -> None:
    draft = conforming_draft()
    for config in (draft.plain_config, draft.sentinel_config):
        config["rootfs"]["diff_ids"] = []
    found = verdicts(draft, deep=True)
    assert found["LAYER-002"] == "not-run"


def test_the_second_layer_of_two_is_judged_too() -> None:
    layer = finish_layer(another_diff_id())
    image = pair_with(layer)
    found = results(MemorySource(image.blobs, image.root))["LAYER-002"]
    assert found.verdict == "fail"
    assert [finding.where.partition(",")[0] for finding in found.findings] == ["manifests[0].layers[1]"]
    assert found.judged == 2


@pytest.mark.parametrize(
    ("key", "value", "fails"),
    [("architecture", "arm64", True), ("os", "windows", True), ("variant", "v8", False), (None, None, False)],
)
def test_the_platform_of_a_sentinel_is_that_of_its_config(key: str | None, value: str | None, fails: bool) -> None:
    draft = conforming_draft()
    if key:
        draft.sentinel_config[key] = value
        draft.plain_config[key] = value
    assert (verdicts(draft)["SENT-INDEX-008"] == "fail") == fails


def test_plain_and_sentinel_agree_on_their_platform_also_where_the_config_leaves_it_open() -> None:
    draft = conforming_draft()
    draft.entry("sentinel")["platform"] = {"architecture": "amd64", "os": "linux", "variant": "v2"}
    found = verdicts(draft)
    assert found["SENT-INDEX-008"] == "fail"


@pytest.mark.parametrize("place", [1, 2])
def test_a_difference_in_either_data_layer_is_found(place: int) -> None:
    draft = conforming_draft()
    draft.sentinel["layers"][place]["size"] += 1
    assert verdicts(draft)["SENT-MANIFEST-002"] == "fail"
    draft = conforming_draft()
    draft.sentinel["layers"][place]["annotations"]["x"] = "y"
    assert verdicts(draft)["SENT-MANIFEST-011"] == "fail"
    draft = conforming_draft()
    draft.sentinel_config["rootfs"]["diff_ids"][place] = "sha256:" + "0" * 64
    assert verdicts(draft)["SENT-CONFIG-001"] == "fail"


def test_attestations_after_a_pair_keep_the_order() -> None:
    draft = conforming_draft()
    attestation = {**draft.plain, "layers": [{"mediaType": "application/vnd.in-toto+json", "digest": "", "size": 2}]}
    attestation["layers"][0]["digest"] = draft.add_blob(b"{}")
    unknown = {"architecture": "unknown", "os": "unknown"}
    # As BuildKit writes it: the config of an attestation manifest has the required fields of an image config.
    config = {**unknown, "config": {}, "rootfs": {"type": "layers", "diff_ids": [attestation["layers"][0]["digest"]]}}
    draft.extra["attestation"] = (attestation, config)
    draft.entries.append({"of": "attestation", "platform": unknown})
    assert not [name for name, verdict in verdicts(draft, deep=True).items() if verdict in ("fail", "not-run")]
    draft.entries[-1]["platform"] = {"architecture": "arm64", "os": "linux"}
    assert verdicts(draft)["SENT-INDEX-005"] == "fail"


LAWFUL = {
    "index": b'{"x-Layers":[],"Manifest":[],"annotations":{"A":"1","a":"2","Digest":"3"},',
    "plain": b'{"x-layers":[],"Layer":[],"annotation":{"Size":1},',
    "plain.config": b'{"x-config":{"Cmd":[],"cmd":[]},',
}


@pytest.mark.parametrize("name", LAWFUL)
def test_keys_that_fold_to_none_at_their_place_are_permitted(name: str) -> None:
    draft: Draft = conforming_draft()
    draft.spelling[name] = lambda raw: LAWFUL[name] + raw[1:]
    found = verdicts(draft, deep=True)
    assert not [one for one, verdict in found.items() if verdict == "fail" and one.startswith("DOC-")]


def test_labels_and_annotations_may_differ_in_case_only() -> None:
    draft = conforming_draft()
    for config in (draft.plain_config, draft.sentinel_config):
        config["config"]["Labels"] = {"a": "1", "A": "2", "Size": "3", "config": "4"}
        config["config"]["ExposedPorts"] = {"80/tcp": {}, "80/TCP": {}}
    for manifest in (draft.plain, draft.sentinel):
        manifest["annotations"] = {"Layers": "1", "layers": "2"}
    assert not [name for name, verdict in verdicts(draft, deep=True).items() if verdict in ("fail", "not-run")]


def test_the_image_of_a_lost_config_or_layer_is_never_nothing_to_judge() -> None:
    for part in ("plain.config", "layer"):
        draft = conforming_draft()
        draft.entries.remove(draft.entry("sentinel"))
        draft.plain["layers"] = [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 3}]
        draft.plain["layers"][0]["digest"] = digest = draft.add_blob(b"abc")
        draft.plain_config["rootfs"]["diff_ids"] = ["sha256:" + "0" * 64]
        draft.lost.add(digest if part == "layer" else part)
        found = verdicts(draft)
        assert found["DOC-011" if part == "layer" else "DOC-010"] == "fail"


def test_sentinels_are_no_layers_without_a_toc() -> None:
    finished = finish(conforming_draft())
    seen = observe_image(MemorySource(finished.blobs, finished.root), reading=LayerReading(deep=True))
    assert not [each for each in seen.layers.others if each.descriptor.media_type == SENTINEL_TYPE]


@pytest.mark.parametrize(("blob", "verdict"), [(b"", "needs deep"), (b"x", "fail")])
def test_a_blob_of_another_size_is_seen_without_reading_it_whole(blob: bytes, verdict: str) -> None:
    layer = finish_layer(conforming_layer())
    image = pair_with(layer, layer.blob + blob)
    found = {each.id: each for each in judge_image(observe_image(MemorySource(image.blobs, image.root)))}["LAYER-003"]
    assert ("needs deep" if needs_deep(found) else found.verdict) == verdict


@pytest.mark.parametrize("less", [1, 200])
def test_a_table_that_is_shorter_than_its_frame_is_not_at_its_position(less: int) -> None:
    draft = conforming_layer()

    def edit(footer: Footer) -> Footer:
        return msgspec.structs.replace(
            footer, toc=msgspec.structs.replace(footer.toc, compressed=footer.toc.compressed - less)
        )

    draft.footer = edit
    text = finish_layer(draft).descriptor["annotations"][MANIFEST_POSITION]
    offset, length, *rest = text.split(":")
    draft.annotations[MANIFEST_POSITION] = ":".join((offset, str(int(length) - less), *rest))
    image = pair_with(finish_layer(draft))
    assert results(MemorySource(image.blobs, image.root))["LAYER-005"].verdict == "fail"


@pytest.mark.parametrize(("entry", "config", "fails"), [("v8", "v7", True), ("v8", "v8", False), ("v8", None, False)])
def test_a_variant_may_be_left_open_and_not_contradicted(entry: str, config: str | None, fails: bool) -> None:
    draft = conforming_draft()
    for name in ("plain", "sentinel"):
        draft.entry(name)["platform"] = {"architecture": "amd64", "os": "linux", "variant": entry}
    if config:
        for each in (draft.plain_config, draft.sentinel_config):
            each["variant"] = config
    assert (verdicts(draft)["SENT-INDEX-008"] == "fail") == fails


@pytest.mark.parametrize(
    ("kept", "fails"), [({"org.example": "kept"}, False), ({"org.example": "kept", "more": "1"}, False), ({}, True)]
)
def test_a_sentinel_manifest_may_say_more_than_the_plain_one(kept: dict[str, str], fails: bool) -> None:
    draft = conforming_draft()
    draft.sentinel["annotations"] = kept
    assert (verdicts(draft)["SENT-MANIFEST-006"] == "fail") == fails


@pytest.mark.parametrize(
    ("before", "behind", "fails"), [(0, 0, False), (1, 0, False), (2, 0, True), (0, 1, True), (1, 1, True)]
)
def test_one_entry_of_history_may_stand_for_the_sentinel(before: int, behind: int, fails: bool) -> None:
    draft = conforming_draft()
    own = {"created_by": "sentinel"}
    draft.sentinel_config["history"] = [own] * before + draft.sentinel_config["history"] + [own] * behind
    assert (verdicts(draft)["SENT-CONFIG-005"] == "fail") == fails


def test_a_platform_that_lacks_a_table_needs_no_sentinel() -> None:
    for key in ("manifest-checksum", "tarsplit-position"):
        draft = conforming_draft()
        manifest = json.loads(json.dumps(draft.plain))
        for layer in manifest["layers"]:
            del layer["annotations"][CHUNKED_PREFIX + key]
        draft.extra["arm"] = (manifest, {**draft.plain_config, "architecture": "arm64"})
        draft.entries.insert(0, {"of": "arm", "platform": {"architecture": "arm64", "os": "linux"}})
        assert verdicts(draft)["SENT-INDEX-013"] != "fail", key


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:" + "f" * 64])
def test_another_digest_of_the_tar_split_is_found_whichever_is_greater(digest: str) -> None:
    draft = conforming_layer()
    draft.digest_of_split = False
    draft.toc["tarSplitDigest"] = digest
    image = pair_with(finish_layer(draft))
    assert results(MemorySource(image.blobs, image.root))["TARSPLIT-001"].verdict == "fail"


@pytest.mark.parametrize("size", range(96, 112))
def test_the_tail_is_in_order_whatever_the_sizes_of_its_parts(size: int) -> None:
    """Each payload has the header of its frame, of 8 bytes, in front."""
    toc, split = TocPosition(308, size, 400), Position(316 + size, size + 3, 200)
    footer = Footer(FooterForm.CURRENT, toc, split)
    end = split.end
    annotations = {MANIFEST_POSITION: str(toc), TARSPLIT_POSITION: str(split)}
    facts: dict[str, Any] = {"footer": footer, "footer_raw": footer.build(), "size": end + 72}
    for more, outcome in ((0, "pass"), (1, "fail")):
        framed = {308: size, split.offset: size + 3 + more, end + 8: 64}
        (judgement,) = tail_in_order(LayersSeen((layers.layer(annotations=annotations, skippable=framed, **facts),)))
        assert judgement.outcome == outcome


def test_every_file_is_compared_with_the_frames_whatever_precedes_it() -> None:
    """No file begins at byte 211 of this layer, and none ends at byte 291."""
    digest = "sha256:" + "ab" * 32
    wrong = Entry("reg", "w", size=5, digest=digest, offset=211, end_offset=291)
    for before in (Entry("dir", "d"), Entry("reg", "e"), Entry("reg", "n", size=5, digest=digest, offset=10)):
        seen = layers.layer(toc=layers.toc(before, wrong))
        found = [each.found for each in ranges_on_frames(LayersSeen((seen,), deep=True)) if each.outcome == "fail"]
        assert found == ["211", "291"]
