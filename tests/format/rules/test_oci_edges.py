"""OCI documents as readers decode them: absent and null fields, platforms, kinds of documents, errors with places."""

from typing import Any

import msgspec
import pytest

from conformance.format.assembled import describe, index_of, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.errors import FormatError
from conformance.format.image_kind import is_image, is_layer_type, is_unknown_platform
from conformance.format.names import (
    CONFIG_TYPE,
    DOCKER_LIST_TYPE,
    INDEX_TYPE,
    LAYER_GZIP_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_TYPE,
    SENTINEL_TYPE,
)
from conformance.format.oci import (
    Config,
    Descriptor,
    Manifest,
    Platform,
    examine_config,
    examine_index,
    examine_manifest,
    is_index,
    read_config,
    read_index,
    read_manifest,
)

BARE = {"digest": "d", "size": 1}
ITEM = {"mediaType": "m", **BARE}


def manifest(**fields: Any) -> bytes:
    return encode({"schemaVersion": 2, "config": ITEM, "layers": [], **fields})


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        (Platform(), "no platform"),
        (Platform("amd64", "linux"), "linux/amd64"),
        (Platform("arm", "linux", "v7"), "linux/arm/v7"),
        (Platform("amd64"), "amd64"),
        (Platform("amd64", "windows", os_version="10.0.1"), "windows/amd64 10.0.1"),
    ],
)
def test_a_platform_as_text(platform: Platform, text: str) -> None:
    assert str(platform) == text


def test_a_platform_is_read_from_text() -> None:
    assert Platform.parse("linux/arm/v7") == Platform("arm", "linux", "v7")
    assert Platform.parse("linux/amd64") == Platform("amd64", "linux")
    for text in ("linux", "a/b/c/d", "/amd64", "linux/", "linux//v7", "linux/amd\n64", "linux/\x00", ""):
        with pytest.raises(FormatError, match="is not os/architecture"):
            Platform.parse(text)
    with pytest.raises(FormatError) as caught:
        Platform.parse("x" * 100)
    assert caught.value.what == f"{'x' * 80!r} is not os/architecture[/variant]"


def test_annotations_of_a_descriptor() -> None:
    assert Descriptor("m", "d", 1).annotation("a") is None
    assert Descriptor("m", "d", 1, {"a": "b"}).annotation("a") == "b"
    assert Descriptor("m", "d", 1, {"a": "b"}).annotation("b") is None


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"mediaType": INDEX_TYPE}, True),
        ({"mediaType": DOCKER_LIST_TYPE, "layers": []}, True),
        ({"manifests": []}, True),
        ({"manifests": [], "mediaType": MANIFEST_TYPE}, True),
        ({"manifests": [], "layers": []}, False),
        ({"layers": []}, False),
        ({}, False),
    ],
)
def test_an_index_is_distinguished_from_a_manifest(fields: dict[str, Any], answer: bool) -> None:
    assert is_index(fields) is answer


def test_a_media_type_that_is_absent_is_read_as_empty() -> None:
    raw = manifest(config={**BARE, "data": ""}, layers=[BARE, ITEM], subject=BARE)
    found = examine_manifest(raw).document
    assert found is not None
    assert [each.media_type for each in (found.view.config, *found.view.layers)] == ["", "", "m"]
    assert found.view.subject == Descriptor("", "d", 1)
    assert found.fields["layers"][0] == BARE
    assert (found.raw, found.digest) == (raw, Digest.of(raw))
    index = examine_index(encode({"schemaVersion": 2, "manifests": [BARE]})).document
    assert index is not None
    assert index.view.manifests == (Descriptor("", "d", 1),)
    with pytest.raises(FormatError, match="mediaType"):
        read_manifest(raw)


@pytest.mark.parametrize("subject", [{}, {"digest": "d"}, {"size": 1}, 1])
def test_a_subject_that_is_not_a_descriptor_is_malformed(subject: object) -> None:
    reading = examine_manifest(manifest(subject=subject))
    assert reading.document is None
    assert reading.malformed.startswith("subject: manifest: ")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"layers": [1]}, "layers[0]: manifest: Expected `object`, got `int`"),
        ({"layers": {}}, "layers: manifest: Expected `array`, got `object`"),
        ({"layers": None}, "manifest: Object missing required field `layers`"),
        ({"config": {**ITEM, "size": "1"}}, "config.size: manifest: Expected `int`, got `str`"),
        ({"config": {**ITEM, "annotations": {"a": None}}}, "config.annotations[...]: manifest: Expected `str`"),
        ({"layers": [None]}, "layers[0]: manifest: Expected `object`, got `null`"),
    ],
)
def test_a_malformed_manifest_has_the_place(fields: dict[str, Any], words: str) -> None:
    reading = examine_manifest(manifest(**fields))
    assert reading.document is None
    assert reading.malformed.startswith(words)


def test_null_is_an_absent_field_to_most_readers() -> None:
    raw = encode(
        {"os": None, "architecture": "a", "rootfs": {"type": None, "diff_ids": ["x"]}, "history": [{"a": None}]}
    )
    found = examine_config(raw).document
    assert found is not None
    assert found.view == Config("a", rootfs=found.view.rootfs, history=({},))
    assert found.view.rootfs.diff_ids == ("x",)
    assert found.fields["os"] is None
    with pytest.raises(FormatError, match="os"):
        read_config(raw)
    step = {"A": {"b": None, "c": [{"d": None}]}, "z": {"b": None}, "annotations": {"b": None}}
    found = examine_config(encode({"os": None, "history": [step]})).document
    assert found is not None
    assert found.view.history == ({"A": {"c": [{}]}, "z": {}, "annotations": {"b": None}},)


def test_what_is_not_json_is_malformed_and_has_no_problems() -> None:
    for examined, what in ((examine_manifest, "manifest"), (examine_index, "index"), (examine_config, "config")):
        reading = examined(b"{")
        assert reading.document is None
        assert reading.key_problems == ()
        assert f"{what} is not JSON" in reading.malformed


def test_keys_that_differ_are_listed_also_of_a_malformed_document() -> None:
    reading = examine_manifest(b'{"Layers":1}')
    assert reading.document is None
    assert [each.key for each in reading.key_problems] == ["Layers"]


def test_a_config_is_compared_with_the_keys_of_a_config() -> None:
    assert [each.key for each in examine_config(b'{"OS":"a"}').key_problems] == ["OS"]
    assert examine_manifest(manifest(OS="a")).key_problems == ()


def test_the_platform_of_a_config() -> None:
    raw = encode({"os": "windows", "architecture": "arm", "variant": "v8", "os.version": "1", "os.features": ["x"]})
    assert read_config(raw).view.platform == Platform("arm", "windows", "v8", "1", ("x",))


def test_a_wrong_index_names_the_document_and_the_place() -> None:
    with pytest.raises(FormatError) as caught:
        read_index(encode({"schemaVersion": 2, "manifests": [{**ITEM, "size": 1.5}]}))
    assert caught.value.what == "index: Expected `int`, got `float`"
    assert caught.value.where == "manifests[0].size"


def image(*layers: str, config: str = CONFIG_TYPE) -> Manifest:
    return Manifest(2, Descriptor(config, "d", 1), tuple(Descriptor(each, "d", 1) for each in layers))


UNKNOWN = Descriptor("m", "d", 1, platform=Platform("unknown", "unknown"))
KNOWN = Descriptor("m", "d", 1, platform=Platform("amd64", "linux"))


@pytest.mark.parametrize(
    ("entry", "seen", "answer"),
    [
        (None, image(), True),
        (KNOWN, image(), True),
        (UNKNOWN, image(), False),
        (Descriptor("m", "d", 1), image(), True),
        (UNKNOWN, image("application/vnd.in-toto+json"), False),
        (None, image("application/vnd.in-toto+json"), True),
        (UNKNOWN, image(LAYER_GZIP_TYPE), True),
        (None, image("text/plain", LAYER_GZIP_TYPE, config="text/plain"), True),
        (None, image(SENTINEL_TYPE, config="text/plain"), True),
        (None, image(LAYER_GZIP_TYPE.upper(), config="text/plain"), True),
        (None, image(config=f"{CONFIG_TYPE}; x"), True),
        (None, image(config="application/vnd.oci.empty.v1+json"), False),
        (None, image("text/plain", config="text/plain"), False),
    ],
)
def test_an_image_is_distinguished_from_other_artifacts(entry: Descriptor | None, seen: Manifest, answer: bool) -> None:
    assert is_image(entry, seen) is answer
    assert is_image(entry, seen, Config("amd64", "linux")) is answer


def test_a_manifest_of_unknown_layers_and_no_platform_is_a_signature_unless_a_layer_has_a_toc() -> None:
    signature, nothing = image("application/vnd.dev.cosign.simplesigning.v1+json"), Config()
    assert is_image(None, signature)
    assert not is_image(None, signature, nothing)
    assert is_image(None, signature, Config(os="linux"))
    assert is_image(None, signature, Config(architecture="amd64"))
    assert is_image(None, image(), nothing)
    assert is_image(None, image("text/plain", LAYER_GZIP_TYPE), nothing)
    described = Descriptor("text/plain", "d", 1, annotations={MANIFEST_CHECKSUM: "sha256:0"})
    assert is_image(None, msgspec.structs.replace(signature, layers=(described,)), nothing)


@pytest.mark.parametrize(
    ("architecture", "os", "answer"),
    [("unknown", "unknown", True), ("unknown", "linux", False), ("amd64", "unknown", False), ("", "", False)],
)
def test_the_unknown_platform(architecture: str, os: str, answer: bool) -> None:
    assert is_unknown_platform(Descriptor("m", "d", 1, platform=Platform(architecture, os))) is answer
    assert not is_unknown_platform(None)


def test_types_of_layers() -> None:
    assert is_layer_type(LAYER_GZIP_TYPE)
    assert is_layer_type(f" {LAYER_GZIP_TYPE}")
    assert not is_layer_type(CONFIG_TYPE)
    assert not is_layer_type(CONFIG_TYPE.upper())


def test_documents_are_assembled_in_the_order_of_the_specification() -> None:
    described = describe(b"abc", "text/plain")
    assert list(described.items()) == [("mediaType", "text/plain"), ("digest", str(Digest.of(b"abc"))), ("size", 3)]
    made = manifest_of(described, iter([described]))
    assert list(made) == ["schemaVersion", "mediaType", "config", "layers"]
    assert (made["schemaVersion"], made["mediaType"], made["layers"]) == (2, MANIFEST_TYPE, [described])
    assert list(manifest_of(described, [], artifact_type="a/b")) == [
        *("schemaVersion", "mediaType", "artifactType", "config", "layers")
    ]
    index = index_of(iter([described]))
    assert list(index.items()) == [("schemaVersion", 2), ("mediaType", INDEX_TYPE), ("manifests", [described])]
