"""What ``zcc inspect`` sees of images: golden ones, remote ones, damaged ones."""

import json
from collections.abc import Iterator

import pytest
import zstandard
from rich.console import Console

from conformance.anatomy.document import encode
from conformance.anatomy.model import ImageView, LayerView
from conformance.anatomy.tree import image_tree
from conformance.anatomy.walk import ViewOptions, view_image
from conformance.format import names
from conformance.format.footer import FooterForm
from conformance.format.frames import skippable
from conformance.format.oci import Platform
from conformance.format.positions import TocPosition
from conformance.format.seal import seal
from conformance.images.golden import golden_directory
from conformance.images.trees import Node
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.sources.errors import SourceError
from conformance.sources.layout import LayoutSource
from conformance.sources.memory import MemorySource
from conformance.sources.reference import LayoutReference, RegistryReference
from conformance.sources.remote import RemoteSource
from conformance.trials.registry.push import push_layout
from conformance.trials.registry.target import RegistryUnderTest
from tests.anatomy.images import chunked, image_of, names_of

WHOLE = ViewOptions(frames=True)


def golden(name: str, options: ViewOptions = WHOLE) -> ImageView:
    return view_image(LayoutSource(LayoutReference(golden_directory(name))), options)


def only_layer(source: MemorySource, options: ViewOptions = WHOLE) -> LayerView:
    return view_image(source, options).manifests[0].layers[0]


def printed(image: ImageView, limit: int | None = 20) -> str:
    console = Console(width=200, color_system=None, soft_wrap=True, force_terminal=False)
    with console.capture() as capture:
        console.print(image_tree(image, limit))
    return capture.get()


def test_the_golden_sentinel_image() -> None:
    image = golden("sentinel-single")
    plain, variant = image.manifests
    assert (plain.kind, variant.kind) == ("zstd", "sentinel")
    assert [layer.kind for layer in variant.layers] == ["sentinel", "zstd:chunked", "zstd:chunked"]
    assert variant.layers[1].same_as == "manifests[0] layer 0"
    assert image.index is not None
    choice = image.index.choices[0]
    assert (choice.aware, choice.prefers_zstd, choice.takes_first) == (1, 0, 0)
    layer = plain.layers[1]
    assert layer.agreement == "footer and annotations agree"
    assert layer.footer is not None
    assert layer.footer.form is FooterForm.CURRENT
    assert layer.toc is not None
    assert layer.toc.digest == layer.toc.expected
    assert layer.toc.types == {"reg": 69, "dir": 11, "symlink": 3, "hardlink": 1, "fifo": 1}
    assert (layer.toc.whiteouts, layer.toc.with_xattrs) == (2, 1)
    assert (layer.toc.split_files, layer.toc.chunks, layer.toc.zeros_chunks, layer.toc.zeros_size) == (
        1,
        35,
        2,
        2_500_000,
    )
    assert layer.tar_split is not None
    assert (layer.tar_split.files, layer.tar_split.digest) == (85, layer.tar_split.expected)
    assert layer.frames is not None
    counted = {count.holds: count.count for count in layer.frames.counts}
    assert counted == {"headers": 67, "content": 98, "zeros": 2, "empty": 1, "toc": 1, "tar-split": 1, "footer": 1}
    assert sum(count.size for count in layer.frames.counts) == layer.size
    assert not layer.remarks


def test_the_fields_of_the_sentinel() -> None:
    sentinel = golden("sentinel-single").manifests[1].layers[0].sentinel
    assert sentinel is not None
    assert sentinel.revision == "pr681"
    assert {field.name: field.text for field in sentinel.fields if field.name != "message"} == {
        "name": ".ZSTD-CHUNKED-SENTINEL",
        "checksum": "........",
        "magic": "NOTTAR",
    }
    assert bytes.fromhex(sentinel.fields[0].hex) == b"\0ZSTD-CHUNKED-SENTINEL"


def test_the_legacy_image() -> None:
    layer = golden("skopeo-1.9.3-plain").manifests[0].layers[0]
    assert layer.kind == "zstd:chunked (legacy keys)"
    assert layer.footer is not None
    assert layer.footer.form is FooterForm.FIRST
    assert layer.tar_split is None
    assert layer.agreement == "footer and annotations agree"


def test_lists_are_cut_with_a_count() -> None:
    options = ViewOptions(frames=True, limit=20, layer=1)
    text = printed(golden("skopeo-1.9.3-plain", options))
    assert "… 149 more (--all shows them)" in text
    assert "… 65 more (--all shows them)" in text
    assert "layer 0" not in text
    everything = printed(golden("skopeo-1.9.3-plain", ViewOptions(frames=True, limit=None, layer=1)), None)
    assert "more" not in everything
    assert "data/unicodé-ñ-日本.txt" in everything


def test_only_the_wanted_platform() -> None:
    assert len(golden("sentinel-single", ViewOptions(platform=Platform("amd64", "linux"))).manifests) == 2
    with pytest.raises(SourceError, match="no manifest for linux/s390x"):
        golden("sentinel-single", ViewOptions(platform=Platform("s390x", "linux")))
    with pytest.raises(SourceError, match="has a layer 9"):
        golden("sentinel-single", ViewOptions(layer=9))


class Remote:
    def __init__(self, registry: EmbeddedRegistry, reference: RegistryReference) -> None:
        self.registry, self.reference = registry, reference
        self.before = len(registry.exchanges)

    def view(self, options: ViewOptions) -> ImageView:
        client = RegistryClient(self.registry.url)
        try:
            return view_image(RemoteSource(client, self.reference), options)
        finally:
            client.close()

    def blob_requests(self) -> list[tuple[str, int]]:
        """Range and size of the responses that carried bytes of blobs."""
        return [
            (dict(item.request_headers).get("Range", ""), item.response_size)
            for item in self.registry.exchanges[self.before :]
            if "/blobs/" in item.url
        ]


@pytest.fixture
def remote() -> Iterator[Remote]:
    with EmbeddedRegistry() as registry:
        client = RegistryClient(registry.url)
        reference = push_layout(RegistryUnderTest(client, "team"), golden_directory("sentinel-single"), "app")
        client.close()
        yield Remote(registry, reference)


def test_of_a_registry_only_the_ends_of_layers_are_fetched_each_by_one_range(remote: Remote) -> None:
    image = remote.view(ViewOptions())
    requests = remote.blob_requests()
    ranges = [asked for asked, _ in requests if asked]
    assert len(ranges) == 2
    assert sum(size for _, size in requests) < 70_000
    local = golden("sentinel-single")
    for manifest, twin in zip(image.manifests, local.manifests, strict=True):
        for layer, other in zip(manifest.layers, twin.layers, strict=True):
            assert (layer.toc, layer.tar_split, layer.footer) == (other.toc, other.tar_split, other.footer)
    frames = image.manifests[0].layers[0].frames
    assert frames is not None
    assert not frames.read
    assert "the blob was not read" in printed(image)


def test_frames_of_a_registry_when_asked_for(remote: Remote) -> None:
    layer = remote.view(ViewOptions(frames=True)).manifests[0].layers[0]
    assert layer.frames == golden("sentinel-single").manifests[0].layers[0].frames


def test_spans_by_the_toc_are_those_of_the_frames(remote: Remote) -> None:
    by_toc = remote.view(ViewOptions(limit=None)).manifests[0].layers[0].frames
    read = golden("sentinel-single", ViewOptions(frames=True, limit=None)).manifests[0].layers[0].frames
    assert by_toc is not None
    assert read is not None
    assert names_of(by_toc.listed.first) == names_of(read.listed.first)
    assert [frame.offset for frame in by_toc.listed.first] == [frame.offset for frame in read.listed.first]


def test_footer_and_annotations_that_disagree() -> None:
    blob, annotations = chunked()
    at = TocPosition.parse(annotations[names.MANIFEST_POSITION])
    moved = annotations | {names.MANIFEST_POSITION: f"{at.offset}:{at.compressed}:{at.uncompressed + 1}:1"}
    layer = only_layer(image_of(blob, moved))
    assert f"the TOC is at {at} by the footer" in layer.agreement
    assert layer.agreement.endswith("clients go by the annotations")
    assert any("were declared" in remark for remark in layer.remarks)


def test_a_layer_without_annotations_is_read_by_its_footer() -> None:
    blob, annotations = chunked()
    layer = only_layer(image_of(blob, {}))
    assert layer.kind == "zstd"
    assert layer.toc is not None
    assert layer.toc.position == TocPosition.parse(annotations[names.MANIFEST_POSITION])
    assert "clients treat this as a plain zstd layer" in layer.agreement


def test_a_plain_zstd_layer() -> None:
    layer = only_layer(image_of(zstandard.compress(b"x" * 5000), {}))
    assert (layer.footer, layer.toc, layer.agreement) == (None, None, "")
    assert layer.frames is not None
    assert [count.holds for count in layer.frames.counts] == ["data"]


def test_a_toc_with_another_digest_states_this() -> None:
    blob, annotations = chunked()
    wrong = annotations | {names.MANIFEST_CHECKSUM: "sha256:" + "0" * 64}
    text = printed(view_image(image_of(blob, wrong), WHOLE))
    assert "the manifest states sha256:000" in text


def test_a_frame_that_nothing_names_is_other() -> None:
    blob, _ = chunked()
    layer = only_layer(image_of(skippable(b"hidden") + blob, {}))
    assert layer.frames is not None
    assert "other" in {count.holds for count in layer.frames.counts}


@pytest.mark.parametrize("cut", [1, 30, 72, 73, 200, 5000])
def test_a_truncated_blob_is_distinguished_from_a_whole_one(cut: int) -> None:
    blob, annotations = chunked()
    for size in (len(blob), len(blob) - cut):
        layer = only_layer(image_of(blob[:-cut], annotations, size=size))
        assert layer.remarks or "does not end with a footer" in layer.agreement
        assert layer.agreement != "footer and annotations agree"


@pytest.mark.parametrize(
    "position",
    ["1:2:3:1", "0:0:0:1", "9223372036854775807:1:1:1", "100:9000000000:10000000000:1"],
)
def test_a_position_that_is_invalid_is_a_remark(position: str) -> None:
    blob, annotations = chunked()
    layer = only_layer(image_of(blob, annotations | {names.MANIFEST_POSITION: position}))
    assert layer.remarks
    assert layer.toc is None or not layer.toc.types
    assert "clients go by the annotations" in printed(
        view_image(image_of(blob, annotations | {names.MANIFEST_POSITION: position}), WHOLE)
    )


@pytest.mark.parametrize("position", ["100:50:10:2", "x", "-1:2:3:1"])
def test_where_the_annotations_cannot_be_read_the_footer_is_shown(position: str) -> None:
    blob, annotations = chunked()
    layer = only_layer(image_of(blob, annotations | {names.MANIFEST_POSITION: position}))
    assert any(names.MANIFEST_POSITION in remark for remark in layer.remarks)
    assert layer.agreement == "the annotations cannot be read; this is by the footer"
    assert layer.toc is not None
    assert layer.toc.digest == layer.toc.expected


def test_a_bomb_for_a_toc_is_a_remark() -> None:
    frame = zstandard.compress(bytes(2**20))
    tail = seal(len(frame), b" " * (8 * 2**20), None)
    at = TocPosition.parse(tail.annotations[names.MANIFEST_POSITION])
    lie = tail.annotations | {names.MANIFEST_POSITION: f"{at.offset}:{at.compressed}:1000:1"}
    layer = only_layer(image_of(frame + tail.content, lie))
    assert any("more than 1000 bytes" in remark for remark in layer.remarks)


def test_control_characters_never_reach_the_terminal() -> None:
    blob, annotations = chunked(
        (Node("a\x1b[31mred\nname\u202e", content=b"x"), Node("l", "symlink", link_name="\x07"))
    )
    image = view_image(image_of(blob, annotations | {"\x1b]0;title": "\x9b2J"}), ViewOptions(frames=True, limit=None))
    text = printed(image, None)
    assert not [character for character in text if not character.isprintable() and character != "\n"]
    assert r"a\x1b[31mred\x0aname" in text
    document = encode(image)
    assert json.loads(document)["manifests"][0]["layers"][0]["toc"]["listed"]["first"][0]["name"].startswith("a\x1b")
    assert b"\x1b" not in document


def test_a_layer_that_is_not_there_is_a_remark() -> None:
    blob, annotations = chunked()
    whole = image_of(blob, annotations)
    empty = MemorySource(
        {digest: content for digest, content in whole._blobs.items() if content != blob}, whole.root().content or b""
    )
    assert any("no such blob" in remark for remark in only_layer(empty).remarks)
