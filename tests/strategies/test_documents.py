"""The document strategies: what they give can be read, retains unknown fields, and comes in every spelling."""

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.format.document import JsonObject, decode_object
from conformance.format.oci import Descriptor, read_config, read_index, read_manifest
from conformance.images.bundle import Bundle
from conformance.strategies.documents import configs, indexes, manifests, spellings
from conformance.strategies.fields import MAIN_PLATFORM, OTHER_PLATFORMS, descriptors, other_platforms
from conformance.strategies.images import images
from tests.strategies.test_images import failing


@given(manifests())
@settings(max_examples=15)
def test_manifests_can_be_read(raw: bytes) -> None:
    manifest = read_manifest(raw)
    assert manifest.view.schema_version == 2
    assert len(manifest.view.layers) >= 2


@given(configs())
@settings(max_examples=15)
def test_configs_can_be_read_and_have_unknown_fields(raw: bytes) -> None:
    config = read_config(raw)
    assert config.fields["x-always"] == {"kept": True}
    assert config.view.rootfs.diff_ids


@given(indexes())
@settings(max_examples=15)
def test_indexes_can_be_read(raw: bytes) -> None:
    assert read_index(raw).view.manifests[-1].annotations, "the last entry is a sentinel"


@given(descriptors())
def test_descriptors_can_be_read(fields: JsonObject) -> None:
    read = Descriptor(fields["mediaType"], fields["digest"], fields["size"], fields.get("annotations"))
    assert read.size >= 0


@given(st.data())
@settings(max_examples=10)
def test_a_spelling_changes_bytes_and_no_value(data: st.DataObject) -> None:
    raw = data.draw(indexes())
    assert decode_object(data.draw(spellings(raw)), what="index") == decode_object(raw, what="index")


@given(other_platforms())
def test_platforms_are_distinct(found: list[JsonObject]) -> None:
    assert MAIN_PLATFORM not in found
    assert len(found) == len({str(platform) for platform in found}) <= len(OTHER_PLATFORMS)


@given(images())
@settings(max_examples=10)
def test_an_image_lies_under_its_own_digests(image: Bundle) -> None:
    assert image.root.size == len(image.content(image.root.digest))
    assert not failing(image)
