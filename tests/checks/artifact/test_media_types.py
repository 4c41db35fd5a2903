"""DOC-007 to DOC-009 at each place that has a media type, and how much of one a report shows."""

from typing import Any

import pytest

from conformance.checks.artifact.media_types import config_of_the_manifest, of_known_types, spelt_exactly
from conformance.format.names import CONFIG_TYPE, INDEX_TYPE, LAYER_GZIP_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor, Index
from conformance.observed.image import ImageSeen, ManifestSeen
from tests.checks.judged.images import Json, digest, layer, manifest

ODD = "Application/VND.oci.image.manifest.v1+json"


def image(*manifests: ManifestSeen, media_type: str = INDEX_TYPE) -> ImageSeen:
    document: Any = type("Indexed", (), {"view": Index(2, (), media_type), "fields": {}})()
    return ImageSeen("image", None, document, manifests=manifests)


def one(*layers: Json, entry: str = MANIFEST_TYPE, own: str = MANIFEST_TYPE, config: str = CONFIG_TYPE) -> ManifestSeen:
    listed = Descriptor(entry, digest("e"), 10)
    more = {"mediaType": own, "config": {"mediaType": config, "digest": digest("c"), "size": 9}}
    return manifest("m", *layers, listed=listed, more=more)


def typed(media_type: str) -> Json:
    return {**layer("a", "gzip"), "mediaType": media_type}


def wrong(seen: ImageSeen) -> list[str]:
    return [each.where for each in spelt_exactly(seen) if each.outcome == "fail"]


def test_every_place_of_a_media_type_is_inspected() -> None:
    assert wrong(image(one(layer("a", "gzip"), layer("b", "gzip")))) == []
    assert wrong(image(one(layer("a", "gzip")), media_type=INDEX_TYPE.upper())) == ["index.mediaType"]
    assert wrong(image(one(layer("a", "gzip"), entry=ODD))) == ["index.m.mediaType"]
    assert wrong(image(one(layer("a", "gzip"), own=ODD))) == ["m.mediaType"]
    assert wrong(image(one(layer("a", "gzip"), config=f" {CONFIG_TYPE}"))) == ["m.config.mediaType"]
    assert wrong(image(one(layer("a", "gzip"), typed(f"{LAYER_GZIP_TYPE};a=b")))) == ["m.layers[1].mediaType"]


def test_an_absent_media_type_is_named() -> None:
    (found,) = [each for each in spelt_exactly(image(one(layer("a", "gzip"), entry=""))) if each.outcome == "fail"]
    assert (found.where, found.found, found.expected) == ("index.m.mediaType", "none", "a media type")


def test_the_usual_spelling_is_named() -> None:
    (found,) = [each for each in spelt_exactly(image(one(layer("a", "gzip"), entry=ODD))) if each.outcome == "fail"]
    assert (found.expected, found.found) == (MANIFEST_TYPE, repr(ODD))


@pytest.mark.parametrize("length", [119, 120, 121, 200])
def test_a_report_shows_120_characters_of_a_media_type(length: int) -> None:
    media_type, due = "x" * length, repr("x" * min(length, 120))
    entry, layers = of_known_types(image(one(typed(media_type), layer("b", "gzip"), entry=media_type)))
    assert (entry.outcome, entry.found) == ("fail", due)
    assert (layers.outcome, layers.where, layers.found) == ("fail", "m.layers[0].mediaType", due)
    chunked = one(layer("a"), config=media_type)
    assert [each.found for each in config_of_the_manifest(image(chunked))] == [due]


def test_a_config_is_judged_where_a_layer_is_chunked() -> None:
    assert [each.outcome for each in config_of_the_manifest(image(one(layer("a"))))] == ["pass"]
    assert [each.outcome for each in config_of_the_manifest(image(one(layer("a"), config="x")))] == ["fail"]
    assert list(config_of_the_manifest(image(one(layer("a", "gzip"), config="x")))) == []
