"""What the rules for documents show of what they find: ten of a kind, 64 bytes each, the keys of another kind."""

from typing import Any

import pytest

from conformance.checks.artifact.documents import (
    keys_once,
    of_their_kind,
    one_diff_id_a_layer,
    one_kind_only,
    root_file_system,
    schema_version,
)
from conformance.format.document import decode_leniently
from conformance.format.document_shapes import MANIFEST
from conformance.format.oci import Index
from conformance.observed.evidence import BytesEvidence
from conformance.observed.image import ImageSeen, ManifestSeen, Stored
from conformance.results import Judgement
from tests.checks.judged.images import entry, layer, manifest


def image(one: ManifestSeen) -> ImageSeen:
    return ImageSeen("image", manifests=(one,))


def with_raw(raw: bytes) -> ImageSeen:
    """A manifest of these bytes, with what is ambiguous in them."""
    _, problems = decode_leniently(raw, what="manifest", shape=MANIFEST)
    sound = manifest("m", layer("a"))
    return image(ManifestSeen("m", Stored(raw), entry(), document=sound.document, key_problems=problems))


def failures(judgements: Any) -> list[Judgement]:
    return [each for each in judgements if each.outcome == "fail"]


@pytest.mark.parametrize("length", [20, 63, 64, 65, 300])
def test_64_bytes_from_a_repeated_key_on_are_shown(length: int) -> None:
    rest = b'"a":1' + b" " * (length - 6) + b"}"
    (found,) = failures(keys_once(with_raw(b'{"a":"' + b"x" * 100 + b'",' + rest)))
    assert found.evidence == (BytesEvidence("m", 108, "each key once in its object", rest[:64]),)
    assert (found.where, found.found) == ("m, the document, byte 108", "'a'")


@pytest.mark.parametrize(("count", "listed"), [(1, 1), (10, 10), (11, 10)])
def test_ten_keys_of_a_document_are_listed(count: int, listed: int) -> None:
    assert len(failures(keys_once(with_raw(b'{"a":1' + b',"a":1' * count + b"}")))) == listed


@pytest.mark.parametrize(
    ("more", "message", "found"),
    [
        ({"manifests": []}, "an index to one client", "manifests and layers"),
        ({"fsLayers": []}, "an index to one client", "layers and fsLayers"),
        ({"manifests": [], "fsLayers": []}, "an index to one client", "manifests and layers and fsLayers"),
        ({"manifests": [], "history": []}, "an index to one client", "manifests and layers"),
        ({"history": []}, "a key of another kind", "history"),
    ],
)
def test_the_keys_of_another_kind_are_named(more: dict[str, Any], message: str, found: str) -> None:
    (failure,) = failures(one_kind_only(image(manifest("m", layer("a"), more=more))))
    assert message in failure.message
    assert failure.found == found
    assert failures(one_kind_only(image(manifest("m", layer("a"), more={"history": None})))) == []


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ""),
        ({"manifests": []}, ""),
        ({"config": {}}, "config"),
        ({"manifests": [], "config": {}, "history": []}, "config and history"),
        ({"manifests": [], "layers": []}, "manifests and layers"),
        ({"config": None}, ""),
    ],
)
def test_an_index_has_no_key_of_an_image(fields: dict[str, Any], found: str) -> None:
    document: Any = type("Indexed", (), {"view": Index(2, ()), "fields": fields})()
    (judgement,) = one_kind_only(ImageSeen("image", Stored(b"{}"), document))
    assert (judgement.outcome, judgement.found) == (("fail", found) if found else ("pass", "as described"))
    assert ("of another kind" in judgement.message) is ("config" in found)


OTHER_CONFIG = {"config": {"mediaType": "application/vnd.example+json", "digest": "sha256:c", "size": 2}}


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (manifest("m", layer("a")), []),
        (manifest("m", layer("a"), config={"architecture": ""}), ["no architecture"]),
        (manifest("m", layer("a"), config={"os": "", "rootfs": {}}), ["no os, rootfs.type, rootfs.diff_ids"]),
        (manifest("m", layer("a"), config={"os": ""}, more=OTHER_CONFIG), []),
        (manifest("m", layer("a"), config={"os": ""}, document=None), []),
        (manifest("m", layer("a"), malformed="it is a list"), ["it is a list"]),
        (manifest("m", layer("a"), document=None, malformed="it is a list"), ["it is a list"]),
        (manifest("m", layer("a"), config=None, config_malformed="no JSON"), ["no JSON"]),
        (manifest("m", layer("a"), has_config=False, config_malformed="no JSON"), []),
    ],
)
def test_what_a_document_lacks_is_named(seen: ManifestSeen, found: list[str]) -> None:
    judgements = list(of_their_kind(image(seen)))
    assert [each.found for each in judgements if each.outcome == "fail"] == found
    assert {each.found for each in judgements if each.outcome == "pass"} <= {"as described"}


def test_the_diff_ids_of_every_image_are_counted() -> None:
    wrong = {"rootfs": {"type": "layers", "diff_ids": []}}
    lost = ManifestSeen("lost", Stored(None, "missing", "HTTP 404"), entry(), problem="HTTP 404")
    artifact = manifest("artifact", {**layer("a"), "mediaType": "text/plain"}, config=wrong, more=OTHER_CONFIG)
    configless = manifest("configless", layer("a"), has_config=False)
    other = manifest("other", layer("a"), config=wrong, more=OTHER_CONFIG)
    seen = [lost, artifact, configless, other, manifest("m", layer("a"), config=wrong), manifest("right", layer("a"))]
    judgements = list(one_diff_id_a_layer(ImageSeen("image", manifests=tuple(seen))))
    assert [(each.outcome, each.where, each.found) for each in judgements] == [
        ("fail", "m.config.rootfs.diff_ids", "0"),
        ("pass", "right.config.rootfs.diff_ids", "1"),
    ]


@pytest.mark.parametrize(("more", "found"), [({"schemaVersion": 1}, "1"), ({"schemaVersion": 3}, "3")])
def test_the_version_that_a_document_has_is_shown(more: dict[str, Any], found: str) -> None:
    (failure,) = failures(schema_version(image(manifest("m", layer("a"), more=more))))
    assert (failure.where, failure.expected, failure.found) == ("m.schemaVersion", "2", found)


@pytest.mark.parametrize(
    ("kind", "found"),
    [(None, "absent"), ("Layers", "'Layers'"), ("x" * 38, f"'{'x' * 38}'"), ("x" * 50, "'" + "x" * 39)],
)
def test_40_characters_of_the_type_of_a_root_file_system_are_shown(kind: str | None, found: str) -> None:
    root = {"diff_ids": ["sha256:a"]} | ({"type": kind} if kind else {})
    (failure,) = failures(root_file_system(image(manifest("m", layer("a"), config={"rootfs": root}))))
    assert (failure.where, failure.expected, failure.found) == ("m.config.rootfs.type", "layers", found)
