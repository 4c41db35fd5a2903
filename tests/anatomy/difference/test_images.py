"""Two images: documents, layers, and the trees that they unpack to."""

import gzip
from collections.abc import Sequence

import msgspec
import pytest
import zstandard

from conformance.anatomy.difference import readings
from conformance.anatomy.difference.decompression import tar_of_layer
from conformance.anatomy.difference.images import CompareOptions, compare_images
from conformance.anatomy.difference.model import Change, Difference, DiffError, Section
from conformance.anatomy.difference.nodes import Node as Seen
from conformance.anatomy.difference.readings import Reading
from conformance.anatomy.difference.tree import tree_of
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.frames import skippable
from conformance.format.names import LAYER_GZIP_TYPE, LAYER_TAR_TYPE, LAYER_ZSTD_TYPE
from conformance.format.oci import Platform
from conformance.images.golden import golden_directory
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.sources.errors import SourceError
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from conformance.sources.remote import RemoteSource
from conformance.trials.registry.push import push_layout
from conformance.trials.registry.target import RegistryUnderTest
from tests.anatomy.difference.images import TREE, dual, in_memory, plain

FILES = CompareOptions(files_only=True)


def golden(name: str) -> LayoutSource:
    return LayoutSource(LayoutReference(golden_directory(name)))


def section(difference: Difference, title: str) -> Section:
    return next(item for item in difference.sections if item.title.endswith(title))


def files(first: Sequence[Tree], second: Sequence[Tree]) -> list[tuple[str, str]]:
    found = section(compare_images(plain(*first), plain(*second), FILES), "files").changes
    return [(change.mark, change.name) for change in found]


def test_the_golden_images_have_one_tree_in_two_forms() -> None:
    first, second = golden("sentinel-single"), golden("skopeo-1.9.3-plain")
    difference = compare_images(first, second, CompareOptions())
    assert not difference.is_same
    assert not section(difference, "config").changes
    assert not section(difference, "files").changes
    assert section(difference, "files").same == 704
    layers = section(difference, "layers")
    assert (layers.said, [change.name for change in layers.changes]) == ("0 shared", ["layer 0", "layer 1"])
    assert not [field for change in layers.changes for field in change.fields if field.field == "DiffID"]
    assert [change.name for change in section(difference, "image").changes] == [
        "image",
        "manifest for linux/amd64, sentinel variant",
    ]
    assert compare_images(first, second, FILES).is_same
    assert compare_images(first, second, CompareOptions(files_only=True, by_toc=True)).is_same


def test_an_image_is_the_same_as_itself_without_reading_layers() -> None:
    image = plain(TREE)
    difference = compare_images(image, image, CompareOptions())
    assert difference.is_same
    assert section(difference, "files").remarks == ("the data layers are the same blobs",)


def test_the_compression_makes_no_other_tree() -> None:
    tar = tar_of(TREE)
    blobs = {
        LAYER_TAR_TYPE: tar,
        LAYER_GZIP_TYPE: gzip.compress(tar[:3000]) + gzip.compress(tar[3000:]),
        LAYER_ZSTD_TYPE: zstandard.compress(tar[:700]) + skippable(b"x") + zstandard.compress(tar[700:]),
    }
    images = [
        in_memory([({"mediaType": kind, "digest": str(Digest.of(blob)), "size": len(blob)}, "sha256:x")], [blob])
        for kind, blob in blobs.items()
    ]
    for image in images[1:]:
        assert compare_images(images[0], image, FILES).is_same
        assert not compare_images(images[0], image, CompareOptions()).is_same


@pytest.mark.parametrize(
    ("change", "field", "first", "second"),
    [
        ({"mode": 0o4644}, "mode", "0644", "4644"),
        ({"uid": 7}, "owner", "0:0", "7:0"),
        ({"mtime": 60}, "modified", "1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"),
        ({"xattrs": {"user.x": "y"}}, "xattr user.x", "absent", "'y'"),
        ({"kind": "fifo"}, "type", "reg", "fifo"),
    ],
)
def test_what_differs_of_a_file(change: dict[str, object], field: str, first: str, second: str) -> None:
    base = Node("file")
    difference = compare_images(plain((base,)), plain((msgspec.structs.replace(base, **change),)), FILES)
    (found,) = section(difference, "files").changes
    assert (found.mark, found.name) == ("M", "file")
    (shown,) = found.fields
    assert (shown.field, shown.first, shown.second) == (field, first, second)


def test_files_of_one_side_only() -> None:
    assert files([(Node("a"), Node("b"))], [(Node("b"), Node("c"))]) == [("D", "a"), ("A", "c")]


def test_whiteouts_of_upper_layers_hide() -> None:
    lower = (Node("d", "dir"), Node("d/a"), Node("d/b"), Node("e/x"), Node("e/y"))
    upper = (Node("d/.wh.a"), Node("e/.wh..wh..opq"), Node("e/z"))
    assert not files([lower, upper], [(Node("d", "dir"), Node("d/b"), Node("e/z"))])
    # Wherever the whiteout stands in its layer, it hides only what is below.
    assert not files([lower, (Node("d/a", content=b"new"), Node("d/.wh.a"))], [(*lower, Node("d/a", content=b"new"))])


def test_a_file_in_the_place_of_a_directory_and_the_other_way_round() -> None:
    assert not files([(Node("d", "dir"), Node("d/a")), (Node("d"),)], [(Node("d"),)])
    assert not files([(Node("d"),), (Node("d", "dir"), Node("d/a"))], [(Node("d", "dir"), Node("d/a"))])
    assert not files([(Node("d"),), (Node("d/a"),)], [(Node("d/a"),)])
    assert not files(
        [(Node("d", "dir", mode=0o700), Node("d/a")), (Node("d", "dir"),)], [(Node("d", "dir"), Node("d/a"))]
    )


def test_hard_links_count_by_what_they_share_not_by_which_name_came_first() -> None:
    one = (Node("a", content=b"x"), Node("b", "hardlink", link_name="a"))
    other = (Node("b", content=b"x"), Node("a", "hardlink", link_name="b"))
    copies = (Node("a", content=b"x"), Node("b", content=b"x"))
    assert not files([one], [other])
    assert files([one], [copies]) == [("M", "b")]


def test_names_are_taken_lexically() -> None:
    assert not files([(Node("./a//b"),)], [(Node("/a/b"),)])
    with pytest.raises(DiffError, match="climbs out"):
        files([(Node("a/../../b"),)], [(Node("b"),)])


def test_documents_are_compared_member_by_member() -> None:
    blob = tar_of(TREE)
    layer = {"mediaType": LAYER_TAR_TYPE, "digest": str(Digest.of(blob)), "size": len(blob)}
    first = in_memory([(layer, "sha256:a")], [blob], annotations={"k": "1", "gone": "x"}, odd={"a": [1, 2]})
    second = in_memory([(layer, "sha256:b")], [blob], annotations={"k": "2"}, odd={"a": [1, True]})
    difference = compare_images(first, second, CompareOptions())

    def names(changes: Sequence[Change]) -> list[tuple[str, str]]:
        return [(change.mark, change.name) for change in changes]

    assert names(section(difference, "manifest").changes) == [
        ("M", "config.digest"),
        ("M", "annotations.k"),
        ("D", "annotations.gone"),
        ("M", "odd.a[1]"),
    ]
    assert names(section(difference, "config").changes) == [("M", "rootfs.diff_ids[0]")]
    (change,) = section(difference, "layers").changes
    assert [field.field for field in change.fields] == ["DiffID"]


def test_platforms_that_only_one_has() -> None:
    with pytest.raises(SourceError, match="no manifest for linux/s390x"):
        compare_images(plain(TREE), plain(TREE), CompareOptions(platform=Platform("s390x", "linux")))
    assert compare_images(
        golden("sentinel-single"), golden("sentinel-single"), CompareOptions(platform=Platform("amd64", "linux"))
    ).is_same


def test_a_layer_without_toc_cannot_be_read_by_toc() -> None:
    with pytest.raises(DiffError, match="has no TOC: leave --toc out"):
        compare_images(plain(TREE), dual(lambda entries: entries), CompareOptions(by_toc=True))


def test_the_two_readings_give_two_trees() -> None:
    honest, lying = dual(lambda entries: entries), dual(lambda entries: entries[1:])
    assert compare_images(honest, lying, FILES).is_same
    by_toc = compare_images(honest, lying, CompareOptions(files_only=True, by_toc=True))
    assert [(change.mark, change.name) for change in section(by_toc, "files").changes] == [("D", "bin")]


def test_too_many_entries_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MAX_NODES", 3)
    with pytest.raises(DiffError, match="more than 3 entries"):
        compare_images(plain(TREE), plain((Node("a"),)), FILES)


def test_a_deep_name_is_an_error() -> None:
    deep = Reading((Seen("reg", "d/" * 300 + "f"),))
    with pytest.raises(DiffError, match="too deep"):
        tree_of([deep])


@pytest.mark.parametrize(
    ("media_type", "blob", "message"),
    [
        (LAYER_ZSTD_TYPE, zstandard.compress(noise(1, 90_000))[:-5], "the blob ends in the middle of this frame"),
        (LAYER_ZSTD_TYPE, b"no zstd at all", "no frame begins here"),
        (LAYER_GZIP_TYPE, gzip.compress(noise(1, 90_000))[:-5], "ends in the middle of a gzip stream"),
        (LAYER_GZIP_TYPE, b"no gzip at all", "is not valid gzip"),
        (LAYER_ZSTD_TYPE, zstandard.compress(bytes(2**24)), "decompresses to more than"),
        (LAYER_GZIP_TYPE, gzip.compress(bytes(2**24)), "decompresses to more than"),
    ],
)
def test_damaged_layers_and_bombs_are_errors(media_type: str, blob: bytes, message: str) -> None:
    sizes: list[int] = []
    with pytest.raises(FormatError, match=message):
        sizes.extend(len(piece) for piece in tar_of_layer(media_type, [blob], limit=2**20))
    assert max(sizes, default=0) <= 2**20


def test_trees_of_a_registry_by_toc_need_only_the_tocs() -> None:
    with EmbeddedRegistry() as registry:
        client = RegistryClient(registry.url)
        subject = RegistryUnderTest(client, "team")
        first = push_layout(subject, golden_directory("sentinel-single"), "app")
        second = push_layout(subject, golden_directory("skopeo-1.9.3-plain"), "old")
        before = len(registry.exchanges)
        options = CompareOptions(files_only=True, by_toc=True)
        assert compare_images(RemoteSource(client, first), RemoteSource(client, second), options).is_same
        fetched = sum(item.response_size for item in registry.exchanges[before:])
        assert fetched < 90_000
        assert compare_images(RemoteSource(client, first), RemoteSource(client, second), FILES).is_same
        client.close()
