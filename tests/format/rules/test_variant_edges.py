"""Sentinel variants at their edges: platforms without parts, errors with their place, what counts as a sentinel."""

from typing import Any

import pytest

from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.errors import FormatError
from conformance.format.names import MANIFEST_TYPE, PR681, SENTINEL_ANNOTATION, SENTINEL_TYPE, ZSTD_ANNOTATION
from conformance.format.oci import Descriptor, Platform, read_index
from conformance.format.sentinel import canonical_sentinel
from conformance.format.variant import (
    Addition,
    attach_to_index,
    make_sentinel_variant,
    score,
    strip_index,
    strip_manifest,
    wrap_single,
)
from tests.format.test_variant import CONFIG, PLAIN, config_text, entry, index_text, layer, manifest_text, variant

PLAIN_DIGEST = str(Digest.of(PLAIN))


@pytest.mark.parametrize(
    ("fields", "platform"),
    [
        ({"os": "windows", "architecture": "amd64", "os.version": "10", "os.features": ["win32k"], "variant": "v2"},
         {"architecture": "amd64", "os": "windows", "variant": "v2", "os.version": "10", "os.features": ["win32k"]}),
        ({"os": "linux"}, {"architecture": "", "os": "linux"}),
        ({"architecture": "arm"}, {"architecture": "arm", "os": ""}),
        ({"variant": "v8"}, None),
    ],
)  # fmt: skip
def test_the_platform_of_an_index_of_one_image(fields: dict[str, Any], platform: dict[str, Any] | None) -> None:
    config = encode({**fields, "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"tar of a"))]}})
    plain = manifest_text(config, [layer("a")])
    made = read_index(wrap_single(plain, config, make_sentinel_variant(plain, config, canonical_sentinel())))
    assert [each.get("platform") for each in made.fields["manifests"]] == [platform, platform]
    first = made.fields["manifests"][0]
    assert (first["mediaType"], first["digest"], first["size"]) == (MANIFEST_TYPE, str(Digest.of(plain)), len(plain))


@pytest.mark.parametrize(
    ("annotations", "points"),
    [
        (None, 0),
        ({}, 0),
        ({ZSTD_ANNOTATION: "true"}, 1),
        ({ZSTD_ANNOTATION: "True"}, 0),
        ({SENTINEL_ANNOTATION: "true"}, 2),
        ({SENTINEL_ANNOTATION: "false", ZSTD_ANNOTATION: "true"}, 1),
        ({SENTINEL_ANNOTATION: "true", ZSTD_ANNOTATION: "true"}, 2),
    ],
)
def test_the_score_of_an_entry(annotations: dict[str, str] | None, points: int) -> None:
    assert score(Descriptor("m", "d", 1, annotations)) == points


def test_platforms_without_a_sentinel_get_one_each() -> None:
    arm_config = config_text("a", "b", architecture="arm")
    arm = manifest_text(arm_config, [layer("a"), layer("b")])
    arm_variant = make_sentinel_variant(arm, arm_config, canonical_sentinel())
    platforms = {"architecture": "arm", "os": "linux"}, {"architecture": "amd64", "os": "linux"}
    index = index_text(entry(arm, platforms[0]), entry(PLAIN, platforms[1]))
    once = attach_to_index(index, [Addition(str(Digest.of(arm)), arm_variant)])
    both = attach_to_index(once, [Addition(str(Digest.of(arm)), arm_variant), Addition(PLAIN_DIGEST, variant())])
    view = read_index(both).view.manifests
    assert [each.platform for each in view] == [
        *(Platform("amd64", "linux"), Platform("arm", "linux"), Platform("arm", "linux"), Platform("amd64", "linux")),
    ]
    assert [score(each) for each in view] == [1, 1, 2, 2]
    without = index_text(entry(PLAIN), entry(arm))
    made = attach_to_index(without, [Addition(PLAIN_DIGEST, variant()), Addition(str(Digest.of(arm)), arm_variant)])
    assert [score(each) for each in read_index(made).view.manifests] == [0, 1, 2]


@pytest.mark.parametrize(
    ("raw", "digests", "kept"),
    [
        (index_text(entry(PLAIN), entry(b"x", annotations={SENTINEL_ANNOTATION: "true"})), (), 1),
        (index_text(entry(PLAIN), entry(b"x", annotations={SENTINEL_ANNOTATION: "true"})), (str(Digest.of(b"x")),), 1),
        (index_text(entry(PLAIN), entry(b"x"), entry(b"y")), (str(Digest.of(b"x")), str(Digest.of(b"y"))), 1),
        (index_text(entry(PLAIN), entry(b"x")), (str(Digest.of(b"z")),), 2),
        (index_text(), (), 0),
    ],
)
def test_entries_that_are_left_after_stripping(raw: bytes, digests: tuple[str, ...], kept: int) -> None:
    assert len(read_index(strip_index(raw, digests)).view.manifests) == kept


def retyped(positions: tuple[int, ...]) -> tuple[bytes, bytes]:
    sentinel = {"mediaType": SENTINEL_TYPE, "digest": PR681.sentinel_digests[0], "size": 512}
    layers = [sentinel if place in positions else layer(str(place)) for place in range(3)]
    config = config_text("a", "b", "c")
    return manifest_text(config, layers), config


def test_the_words_of_what_is_refused() -> None:
    def refusal(*call: Any) -> tuple[str, str]:
        with pytest.raises(FormatError) as caught:
            call[0](*call[1:])
        return caught.value.what, caught.value.where

    assert refusal(strip_manifest, *retyped((1, 2))) == (
        "the sentinel must be layer 0 alone; it is at [1, 2]",
        "layers",
    )
    assert refusal(strip_manifest, *retyped((0, 2))) == (
        "the sentinel must be layer 0 alone; it is at [0, 2]",
        "layers",
    )
    what, where = refusal(strip_manifest, *retyped((0,)))
    assert what == f"the first DiffID {str(Digest.of(b'tar of a'))!r} is not the sentinel's digest"
    assert where == "rootfs.diff_ids"
    assert refusal(strip_manifest, PLAIN, CONFIG + b" ")[1] == "config"
    for size in (len(CONFIG) - 1, len(CONFIG) + 1):
        other = PLAIN.replace(b'"size":%d' % len(CONFIG), b'"size":%d' % size, 1)
        assert other != PLAIN
        assert refusal(strip_manifest, other, CONFIG) == ("the config is not the one that the manifest names", "config")
    less = config_text("a")
    assert refusal(strip_manifest, manifest_text(less, [layer("a"), layer("b")]), less) == (
        *("1 DiffIDs for 2 layers", "rootfs.diff_ids"),
    )
    addition = Addition("sha256:none", variant())
    assert refusal(attach_to_index, index_text(entry(PLAIN)), [addition]) == (
        *("the index has no entry sha256:none", "manifests"),
    )
    sentinels = index_text(entry(PLAIN, annotations={SENTINEL_ANNOTATION: "true"}))
    assert refusal(strip_index, sentinels) == (
        "the index has sentinel entries only; nothing would be left",
        "manifests",
    )
    assert refusal(attach_to_index, index_text(mediaType="x"), []) == (
        *("'x' is not an OCI index: its entries hold no annotations", ""),
    )
