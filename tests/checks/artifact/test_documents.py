"""What the rules for documents show of what they find: ten of a kind, 64 bytes each, the keys of another kind."""

from typing import Any

import pytest

from conformance.checks.artifact.documents import keys_once, one_kind_only, root_file_system, schema_version
from conformance.format.document import decode_leniently
from conformance.format.document_shapes import MANIFEST
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
