"""Which layers no client pulls in parts, and why, by layers that are built by hand."""

from typing import Any

import msgspec
import pytest

from conformance.checks.artifact.partial_pulls import notes_on_pulls, pulled_whole
from conformance.format.names import (
    DOCKER_LIST_TYPE,
    DOCKER_MANIFEST_TYPE,
    LEGACY_PREFIX,
    MANIFEST_CHECKSUM,
    MANIFEST_TYPE,
    TARSPLIT_POSITION,
)
from conformance.format.oci import Descriptor
from conformance.format.toc import Toc
from conformance.observed.image import ImageSeen, ManifestSeen, Stored
from conformance.observed.layer import LayersSeen, OtherLayerSeen
from tests.checks.judged import layers
from tests.checks.judged.images import Json, first, layer, manifest

WHOLE = "no client pulls it in parts: "
KEYS = {MANIFEST_CHECKSUM: "sha256:toc"}
OLD = {LEGACY_PREFIX + "manifest-position": "1", LEGACY_PREFIX + "manifest-checksum": "sha256:toc"}


def other(name: str = "a", **facts: Any) -> OtherLayerSeen:
    return OtherLayerSeen("other", Descriptor("x", f"sha256:{name}", 100), **facts)


def chunked(name: str = "a", **facts: Any) -> Any:
    seen = layers.layer(**facts)
    return msgspec.structs.replace(seen, descriptor=Descriptor("x", f"sha256:{name}", 100))


def image(*seen: Any, of: ManifestSeen | None = None, described: Json | None = None) -> ImageSeen:
    only = of or manifest("m", described or layer("a", "gzip"))
    own = tuple(each for each in seen if not isinstance(each, OtherLayerSeen))
    rest = tuple(each for each in seen if isinstance(each, OtherLayerSeen))
    return ImageSeen("image", manifests=(only,), layers=LayersSeen(own, others=rest))


@pytest.mark.parametrize(
    ("facts", "reason", "intended"),
    [
        ({"compression": "gzip"}, "it is gzip, not zstd:chunked", False),
        ({"compression": "xz"}, "it is xz, not zstd:chunked", False),
        ({"compression": "zstd"}, "it is zstd without a TOC", False),
        ({"compression": "zzz"}, "it is zzz, not zstd:chunked", False),
        ({"compression": None}, "it is not compressed, not zstd:chunked", False),
        (
            {"compression": "zstd", "has_footer": True},
            (
                "it ends like a zstd:chunked layer, but its descriptor has none of the annotations with the position"
                " and the digest of its TOC"
            ),
            True,
        ),
    ],
)
def test_why_another_layer_is_pulled_whole(facts: dict[str, Any], reason: str, intended: bool) -> None:
    (found,) = pulled_whole(image(other(**facts)))
    assert (found.name, found.reason, found.intended) == ("m.layers[0]", reason, intended)
    assert found.line == f"m.layers[0]: {WHOLE}{reason}"


def test_a_layer_that_was_not_seen_or_is_elsewhere_is_not_explained() -> None:
    assert pulled_whole(image()) == ()
    assert pulled_whole(image(other("b", compression="gzip"))) == ()
    assert pulled_whole(image(other(is_foreign=True, compression="gzip"))) == ()


def test_a_chunked_layer_needs_a_tar_split() -> None:
    described = layer("a", "gzip", **KEYS)
    assert pulled_whole(image(chunked(), described=described)) == ()
    assert pulled_whole(image(chunked(toc=layers.toc(toc=None, outline=None)), described=described)) == ()
    unnamed = chunked(annotations={TARSPLIT_POSITION: "-"})
    unlisted = chunked(toc=layers.toc(toc=Toc(1, [])))
    for seen, reason in (
        (unnamed, "it has no tar-split: the annotation tarsplit-position is missing"),
        (unlisted, "it has no tar-split: its TOC has no tarSplitDigest"),
    ):
        (found,) = pulled_whole(image(seen, described=described))
        assert (found.reason, found.intended) == (reason, True)


def test_a_layer_that_is_not_current_is_explained_as_another() -> None:
    """It has a TOC and no digest of it, so that no reader inspects it."""
    seen = chunked(annotations={MANIFEST_CHECKSUM: "-"})
    (found,) = pulled_whole(image(seen, other(compression="zstd")))
    assert found.reason == "it is zstd without a TOC"


def test_legacy_keys_are_named_in_order() -> None:
    (found,) = pulled_whole(image(described=layer("a", "gzip", **OLD)))
    assert found.reason == (
        f"it has legacy annotations only ({LEGACY_PREFIX}manifest-checksum, {LEGACY_PREFIX}manifest-position), "
        "which current clients do not read"
    )
    assert found.intended
    assert pulled_whole(image(chunked(), described=layer("a", "gzip", **OLD, **KEYS))) == ()


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST_TYPE, DOCKER_LIST_TYPE])
@pytest.mark.parametrize("announced", [True, False])
def test_a_docker_manifest_has_no_chunked_layers(media_type: str, announced: bool) -> None:
    described = layer("a", "gzip", **KEYS)
    of = manifest("m", described) if announced else manifest("m", described, more={"mediaType": media_type})
    if announced:
        of = msgspec.structs.replace(of, stored=Stored(of.stored.content, media_type=media_type))
    (found,) = pulled_whole(image(chunked(), of=of))
    assert found.reason == "it is in a Docker manifest, which supports neither zstd nor annotations of layers"
    plain = msgspec.structs.replace(of, document=manifest("m", layer("a", "gzip"), more=_type(media_type)).document)
    (found,) = pulled_whole(image(other(compression="gzip"), of=plain))
    assert found.reason == "it is gzip, not zstd:chunked"


def _type(media_type: str) -> Json:
    return {"mediaType": media_type}


def test_each_blob_is_named_once_and_a_sentinel_never() -> None:
    of = manifest("m", first(), layer("a", "gzip"), layer("b", "gzip"), layer("a", "gzip"))
    seen = (other("a", compression="gzip"), other("b", compression="xz"), other("5", compression="tar"))
    assert [each.name for each in pulled_whole(image(*seen, of=of))] == ["m.layers[1]", "m.layers[2]"]
    docker = msgspec.structs.replace(of, stored=Stored(of.stored.content, media_type=DOCKER_MANIFEST_TYPE))
    both = msgspec.structs.replace(image(*seen, of=of), manifests=(of, docker))
    assert len(pulled_whole(both)) == 4
    unread = ManifestSeen("lost", Stored(None, "missing"))
    assert pulled_whole(image(*seen, of=unread)) == ()


def test_what_is_noted_of_an_image() -> None:
    gzip = other("a", compression="gzip")
    nothing_chunked = image(gzip)
    all_whole = "no layer is zstd:chunked: clients pull every layer whole"
    assert list(notes_on_pulls(nothing_chunked)) == [all_whole]
    line = f"m.layers[0]: {WHOLE}it is gzip, not zstd:chunked"
    assert list(notes_on_pulls(nothing_chunked, each_layer=True)) == [all_whole, line]
    beside = image(chunked("z"), gzip)
    assert list(notes_on_pulls(beside)) == [line]
    meant = image(other("a", compression="zstd", has_footer=True))
    assert len(list(notes_on_pulls(meant))) == 1
    assert list(notes_on_pulls(image())) == []
    assert MANIFEST_TYPE not in all_whole
