"""Attaching and stripping sentinel variants: what may get one, what comes out, and that nothing else changes."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings

from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.errors import FormatError
from conformance.format.names import (
    CONFIG_TYPE,
    DOCKER_LIST_TYPE,
    DOCKER_MANIFEST_TYPE,
    INDEX_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    MANIFEST_TYPE,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    TARSPLIT_POSITION,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor, Platform, read_config, read_index, read_manifest
from conformance.format.sentinel import canonical_sentinel
from conformance.format.variant import (
    Addition,
    SentinelVariant,
    attach_to_index,
    ineligibility,
    make_sentinel_variant,
    score,
    strip_index,
    strip_manifest,
    wrap_single,
)
from conformance.images.bundle import Bundle
from conformance.strategies.documents import config_of, entries_of
from conformance.strategies.images import images

SENTINEL = canonical_sentinel()
SENTINEL_DIGEST = str(Digest.of(SENTINEL))
AMD64 = {"architecture": "amd64", "os": "linux"}
ARM64 = {"architecture": "arm64", "os": "linux", "variant": "v8"}
Json = dict[str, Any]


def layer(text: str, **changes: str | None) -> Json:
    """A zstd:chunked layer; None takes an annotation away."""
    annotations: dict[str, str | None] = {
        MANIFEST_CHECKSUM: str(Digest.of(b"toc")),
        MANIFEST_POSITION: "1:2:3:1",
        TARSPLIT_POSITION: "4:5:6",
        **changes,
    }
    digest = str(Digest.of(text.encode()))
    kept = {key: value for key, value in annotations.items() if value is not None}
    return {"mediaType": LAYER_ZSTD_TYPE, "digest": digest, "size": 9, "annotations": kept}


def config_text(*texts: str, **more: object) -> bytes:
    diff_ids = [str(Digest.of(f"tar of {text}".encode())) for text in texts]
    return encode({**AMD64, **more, "rootfs": {"type": "layers", "diff_ids": diff_ids}, "x": 1})


def manifest_text(config: bytes, layers: list[Json], *, data: bool = False, **more: object) -> bytes:
    descriptor: Json = {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)}
    if data:
        descriptor["data"] = base64.b64encode(config).decode()
    return encode(
        {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": descriptor, "layers": layers, "x": "<é>", **more}
    )


CONFIG = config_text("a", "b")
PLAIN = manifest_text(CONFIG, [layer("a"), layer("b")])


def entry(manifest: bytes, platform: Json | None = None, **more: object) -> Json:
    described = {"mediaType": MANIFEST_TYPE, "digest": str(Digest.of(manifest)), "size": len(manifest)}
    return {**described, **({"platform": platform} if platform else {}), **more}


def index_text(*entries: Json, **more: object) -> bytes:
    return encode({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": list(entries), **more})


def variant(manifest: bytes = PLAIN, config: bytes = CONFIG) -> SentinelVariant:
    return make_sentinel_variant(manifest, config, SENTINEL)


def test_the_variant_has_the_sentinel_first_and_everything_else_as_it_was() -> None:
    made = variant()
    manifest, plain = read_manifest(made.manifest), read_manifest(PLAIN)
    assert manifest.fields["layers"][0] == {"mediaType": SENTINEL_TYPE, "digest": SENTINEL_DIGEST, "size": 512}
    assert manifest.fields["layers"][1:] == plain.fields["layers"]
    assert {k: v for k, v in manifest.fields.items() if k not in ("config", "layers")} == {
        k: v for k, v in plain.fields.items() if k not in ("config", "layers")
    }
    config = read_config(made.config)
    assert config.view.rootfs.diff_ids == (SENTINEL_DIGEST, *read_config(CONFIG).view.rootfs.diff_ids)
    assert config.fields["x"] == 1
    assert Digest.parse(manifest.view.config.digest).matches(made.config)
    assert manifest.view.config.size == len(made.config)
    assert made.descriptor == Descriptor(MANIFEST_TYPE, str(Digest.of(made.manifest)), len(made.manifest))


def test_stripping_gives_back_every_byte() -> None:
    made = variant()
    assert strip_manifest(made.manifest, made.config) == (PLAIN, CONFIG)


def test_stripping_what_has_no_sentinel_changes_nothing() -> None:
    assert strip_manifest(PLAIN, CONFIG) == (PLAIN, CONFIG)


def test_a_config_that_is_embedded_is_kept_up_to_date_and_restored() -> None:
    plain = manifest_text(CONFIG, [layer("a"), layer("b")], data=True)
    made = variant(plain)
    assert base64.b64decode(read_manifest(made.manifest).fields["config"]["data"]) == made.config
    assert strip_manifest(made.manifest, made.config) == (plain, CONFIG)


def test_the_algorithm_of_the_config_digest_is_kept() -> None:
    plain = PLAIN.replace(str(Digest.of(CONFIG)).encode(), str(Digest.of(CONFIG, "sha512")).encode())
    made = variant(plain)
    assert read_manifest(made.manifest).view.config.digest == str(Digest.of(made.config, "sha512"))
    assert strip_manifest(made.manifest, made.config) == (plain, CONFIG)


def test_an_unknown_sentinel_content_is_stripped_too() -> None:
    made = make_sentinel_variant(PLAIN, CONFIG, b"a later revision" * 32)
    assert strip_manifest(made.manifest, made.config) == (PLAIN, CONFIG)


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (manifest_text(CONFIG, []), "it has no layers"),
        (manifest_text(CONFIG, [layer("a"), layer("b", **{MANIFEST_CHECKSUM: None})]), "layer 1 is not zstd:chunked"),
        (manifest_text(CONFIG, [layer("a", **{TARSPLIT_POSITION: None}), layer("b")]), "layer 0 has no tar-split"),
        (manifest_text(CONFIG, [layer("a")], mediaType=DOCKER_MANIFEST_TYPE), "a Docker manifest cannot hold zstd"),
        (manifest_text(CONFIG, [layer("a")], mediaType="text/plain"), "'text/plain' is not an OCI image manifest"),
        (variant().manifest, "it is a sentinel variant itself"),
    ],
)
def test_what_must_get_no_variant_gets_none_and_is_reported_why(manifest: bytes, reason: str) -> None:
    assert str(ineligibility(manifest)).startswith(reason)
    with pytest.raises(FormatError, match=f"no sentinel variant can be created: {reason}"):
        make_sentinel_variant(manifest, CONFIG, SENTINEL)


def test_a_manifest_without_media_type_may_get_one() -> None:
    plain = PLAIN.replace(b'"mediaType":"application/vnd.oci.image.manifest.v1+json",', b"", 1)
    assert ineligibility(plain) is None
    assert strip_manifest(variant(plain).manifest, variant(plain).config) == (plain, CONFIG)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (CONFIG + b" ", "the config is not the one that the manifest names"),
        (config_text("a", "b", y=1), "the config is not the one that the manifest names"),
    ],
)
def test_a_foreign_config_is_refused(config: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        make_sentinel_variant(PLAIN, config, SENTINEL)
    with pytest.raises(FormatError, match=reason):
        strip_manifest(PLAIN, config)
    with pytest.raises(FormatError, match=reason):
        wrap_single(PLAIN, config, variant())


def test_a_config_with_too_few_diff_ids_is_refused() -> None:
    config = config_text("a")
    with pytest.raises(FormatError, match="1 DiffIDs for 2 layers"):
        make_sentinel_variant(manifest_text(config, [layer("a"), layer("b")]), config, SENTINEL)


def _retyped(positions: tuple[int, ...], first_diff_id: str = SENTINEL_DIGEST) -> tuple[bytes, bytes]:
    """Three layers, those at ``positions`` sentinels."""
    layers = [layer(text) for text in "abc"]
    for position in positions:
        layers[position] = {"mediaType": SENTINEL_TYPE, "digest": SENTINEL_DIGEST, "size": 512}
    config = config_text("a", "b", "c").replace(str(Digest.of(b"tar of a")).encode(), first_diff_id.encode())
    return manifest_text(config, layers), config


@pytest.mark.parametrize("positions", [(1,), (2,), (0, 1), (0, 2)])
def test_a_sentinel_in_another_place_or_twice_is_not_stripped(positions: tuple[int, ...]) -> None:
    with pytest.raises(FormatError, match="the sentinel must be layer 0 alone"):
        strip_manifest(*_retyped(positions))


def test_a_first_diff_id_that_is_not_the_sentinels_is_not_stripped() -> None:
    with pytest.raises(FormatError, match="is not the sentinel's digest"):
        strip_manifest(*_retyped((0,), str(Digest.of(b"other"))))


def test_a_single_image_gets_an_index_with_the_platform_of_its_config() -> None:
    index = read_index(wrap_single(PLAIN, CONFIG, variant()))
    plain, sentinel = index.view.manifests
    assert plain.digest == str(Digest.of(PLAIN))
    assert sentinel.digest == variant().descriptor.digest
    assert plain.platform == sentinel.platform == Platform("amd64", "linux")
    assert (score(plain), score(sentinel)) == (1, 2)


def test_a_config_without_platform_gives_entries_without_one() -> None:
    config = encode({"rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"tar of a"))]}})
    plain = manifest_text(config, [layer("a")])
    index = read_index(wrap_single(plain, config, variant(plain, config)))
    assert [item.platform for item in index.view.manifests] == [None, None]


def test_variants_are_put_after_everything_and_the_order_of_the_rest_stays() -> None:
    arm_config = config_text("a", "b", **ARM64)
    arm = manifest_text(arm_config, [layer("a"), layer("b")])
    index = index_text(
        entry(PLAIN, AMD64, annotations={"keep": "me"}, more=[1]),
        entry(b"gzip", AMD64),
        entry(arm, ARM64),
        entry(b"gzip of arm", ARM64),
        x={"kept": True},
    )
    additions = [
        Addition(str(Digest.of(arm)), variant(arm, arm_config)),
        Addition(str(Digest.of(PLAIN)), variant()),
    ]
    made = read_index(attach_to_index(index, additions))
    digests = [str(Digest.of(raw)) for raw in (b"gzip", b"gzip of arm", PLAIN, arm)]
    found = [item.digest for item in made.view.manifests]
    assert found == [*digests, variant(arm, arm_config).descriptor.digest, variant().descriptor.digest]
    assert made.fields["x"] == {"kept": True}
    amd_sentinel = made.fields["manifests"][-1]
    assert amd_sentinel["annotations"] == {"keep": "me", ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"}
    assert (amd_sentinel["more"], amd_sentinel["platform"]) == ([1], AMD64)
    assert made.fields["manifests"][2]["annotations"] == {"keep": "me", ZSTD_ANNOTATION: "true"}


def test_an_embedded_manifest_is_that_of_the_variant() -> None:
    index = index_text(entry(PLAIN, AMD64, data=base64.b64encode(PLAIN).decode()))
    made = read_index(attach_to_index(index, [Addition(str(Digest.of(PLAIN)), variant())]))
    assert base64.b64decode(made.fields["manifests"][1]["data"]) == variant().manifest
    assert base64.b64decode(made.fields["manifests"][0]["data"]) == PLAIN


def test_a_platform_gets_one_sentinel_and_attaching_twice_changes_nothing() -> None:
    addition = Addition(str(Digest.of(PLAIN)), variant())
    once = attach_to_index(index_text(entry(PLAIN, AMD64)), [addition, addition])
    assert len(read_index(once).view.manifests) == 2
    assert attach_to_index(once, [addition]) == once


def test_attaching_nothing_changes_nothing() -> None:
    index = json.dumps(json.loads(index_text(entry(PLAIN))), indent=3).encode()
    assert attach_to_index(index, []) == index


def test_annotations_that_are_null_are_filled() -> None:
    index = index_text(entry(PLAIN, AMD64, annotations=None))
    made = read_index(attach_to_index(index, [Addition(str(Digest.of(PLAIN)), variant())]))
    assert [score(item) for item in made.view.manifests] == [1, 2]


def test_a_variant_of_what_is_not_listed_is_refused() -> None:
    with pytest.raises(FormatError, match="the index has no entry sha256:"):
        attach_to_index(index_text(entry(b"other")), [Addition(str(Digest.of(PLAIN)), variant())])


@pytest.mark.parametrize("attach", [True, False])
def test_a_docker_list_is_refused(attach: bool) -> None:
    raw = index_text(entry(PLAIN), mediaType=DOCKER_LIST_TYPE)
    with pytest.raises(FormatError, match="is not an OCI index"):
        attach_to_index(raw, []) if attach else strip_index(raw)


def test_an_index_loses_its_sentinels_and_nothing_else() -> None:
    index = index_text(entry(b"gzip", AMD64, more="kept"), entry(PLAIN, AMD64), x=1)
    attached = attach_to_index(index, [Addition(str(Digest.of(PLAIN)), variant())])
    stripped = read_index(strip_index(attached))
    assert [item.digest for item in stripped.view.manifests] == [str(Digest.of(raw)) for raw in (b"gzip", PLAIN)]
    assert stripped.fields["manifests"][0]["more"] == "kept"
    assert stripped.fields["x"] == 1
    assert strip_index(stripped.raw) == stripped.raw


def test_a_sentinel_that_is_not_annotated_is_stripped_by_digest() -> None:
    index = index_text(entry(PLAIN), entry(b"unannounced"))
    stripped = read_index(strip_index(index, {str(Digest.of(b"unannounced"))}))
    assert [item.digest for item in stripped.view.manifests] == [str(Digest.of(PLAIN))]


def test_an_annotation_of_another_value_marks_no_sentinel() -> None:
    index = index_text(entry(PLAIN, annotations={SENTINEL_ANNOTATION: "True"}))
    assert strip_index(index) == index


def test_an_index_of_sentinels_only_is_refused() -> None:
    with pytest.raises(FormatError, match="nothing would be left"):
        strip_index(index_text(entry(PLAIN, annotations={SENTINEL_ANNOTATION: "true"})))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"layers":[]}', b'{"manifests":1}', b"\xff", b'{"a":1,"a":2}'])
def test_an_invalid_document_is_a_format_error_everywhere(raw: bytes) -> None:
    calls = (
        lambda: ineligibility(raw),
        lambda: make_sentinel_variant(raw, CONFIG, SENTINEL),
        lambda: make_sentinel_variant(PLAIN, raw, SENTINEL),
        lambda: strip_manifest(raw, CONFIG),
        lambda: attach_to_index(raw, []),
        lambda: strip_index(raw),
    )
    for call in calls:
        with pytest.raises(FormatError):
            call()


@given(images())
@settings(max_examples=15)
def test_every_generated_image_loses_its_variants_and_gets_the_same_back(image: Bundle) -> None:
    raw = image.content(image.root.digest)
    additions = []
    for item in entries_of(image):
        manifest, config = image.content(item.digest), config_of(image, item.digest)
        if score(item) == 2:
            stripped, stripped_config = strip_manifest(manifest, config)
            assert stripped in image.blobs.values()
            assert stripped_config in image.blobs.values()
        elif ineligibility(manifest) is None:
            additions.append(Addition(item.digest, make_sentinel_variant(manifest, config, SENTINEL)))
    again = read_index(attach_to_index(strip_index(raw), additions)).view.manifests
    assert [item.digest for item in again] == [item.digest for item in entries_of(image)]
