"""The reference as aware consumer: the right tree, and what is used again for the next."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from conformance.format.digest import Digest
from conformance.format.names import (
    MANIFEST_POSITION,
    TARSPLIT_POSITION,
)
from conformance.format.sentinel import build_sentinel, canonical_sentinel
from conformance.images.golden import golden_directory
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.strategies.trees import trees
from tests.implementations.images import expected_tree, plain_layout, tree_on_disk
from tests.reference.made_layers import a_layer, as_layer, sees_ranges
from tests.reference.reference_bench import ReferenceBench, bench


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceBench]:
    """The golden pair in its own registry, for tests that only read."""
    with bench(tmp_path_factory.mktemp("golden")) as here:
        here.push(golden_directory("sentinel-single"), "golden:1")
        yield here


def test_the_golden_pair_gives_one_tree_by_both_ways(golden: ReferenceBench) -> None:
    by_toc, first = golden.unpack("golden:1")
    whole, second = golden.unpack("golden:1", "--no-partial")
    plain = json.loads(golden.raw("golden:1"))["manifests"][0]["digest"]
    partial, third = golden.unpack(f"golden@{plain}")
    assert [ended.status for ended in (by_toc, whole, partial)] == [0, 0, 0]
    assert [ended.report["sentinel"] for ended in (by_toc, whole, partial)] == [True, False, False]
    assert listing(first) == listing(second) == listing(third)
    assert len(listing(first)) == 708


def test_golden_identities_are_those_of_the_formula(golden: ReferenceBench) -> None:
    store = golden.new("store")
    cold, _ = golden.unpack("golden:1", store=store)
    warm, _ = golden.unpack("golden:1", store=store)
    assert cold.report == warm.report
    # docs/format.md section 18.
    assert cold.report["image_id"] == "361ad4cc789b66bfb576d174a431a523a5e527de64191fcd9bc5523b7cdc4dd1"
    assert cold.report["layer_ids"] == [
        "046c7f820fa52c9a21aa213f8487eae99ec29e95872875ab5626e2b470ab675e",
        "762b866b79740d819aa1d65c43b850d79f19fa68d1774c81d022f1f30fa1ae27",
    ]


def test_partial_pulls_are_economical(golden: ReferenceBench) -> None:
    store = golden.new("store")
    layers = golden.fields(f"golden@{golden.fields('golden:1')['manifests'][1]['digest']}")["layers"]
    with golden.registry.watching() as cold:
        golden.unpack("golden:1", store=store)
    with golden.registry.watching() as warm:
        golden.unpack("golden:1", store=store)
    assert not [exchange for exchange in cold if layers[0]["digest"] in exchange.url]  # the sentinel
    for layer in layers[1:]:
        requests = [exchange for exchange in cold if layer["digest"] in exchange.url]
        assert all(exchange.status == 206 for exchange in requests)
        assert sum(exchange.response_size for exchange in requests) <= layer["size"] * 1.05
        (only,) = (exchange for exchange in warm if layer["digest"] in exchange.url)
        toc, split = (layer["annotations"][key].split(":") for key in (MANIFEST_POSITION, TARSPLIT_POSITION))
        assert only.response_size <= (int(toc[1]) + int(split[1])) * 1.05 + 512


def listing(directory: Path) -> dict[str, object]:
    """Everything that a full pull and a TOC pull must agree on."""
    found: dict[str, object] = {}
    for path in directory.rglob("*"):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        link = str(path.readlink()) if path.is_symlink() else ""
        owner = (status.st_uid, status.st_gid, status.st_rdev, status.st_nlink)
        found[str(path.relative_to(directory))] = (
            status.st_mode,
            owner,
            status.st_mtime_ns,
            content,
            link,
            attributes(path),
        )
    return found


def attributes(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}


def is_unpackable(tree: Tree) -> bool:
    """No node lies below one that is not a directory, none is a whiteout of nothing, no name is too long."""
    kinds = {node.name: node.kind for node in tree}
    for node in tree:
        parts = node.name.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        if any(kinds.get(name, "dir") != "dir" for name in above):
            return False
        if any(len(part.encode()) > 200 for part in parts):
            return False
        if node.kind == "hardlink" and ("/.wh." in f"/{node.link_name}" or "/.wh." in f"/{node.name}"):
            return False
    return True


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees(max_nodes=10, max_size=100_000))
def test_what_is_pushed_is_what_is_unpacked(tree: Tree, golden: ReferenceBench) -> None:
    assume(is_unpackable(tree))
    tar = golden.new("input") / "layer.tar"
    tar.write_bytes(tar_of(tree))
    pushed = golden.reference("push", "--tar", tar, "--reference", golden.name("any:1"), "--platform", "linux/amd64")
    assert pushed.status == 0, pushed.err
    by_toc, first = golden.unpack("any:1")
    whole, second = golden.unpack("any:1", "--no-partial")
    assert (by_toc.status, whole.status) == (0, 0), by_toc.err + whole.err
    assert by_toc.report["sentinel"]
    assert listing(first) == listing(second)
    names = {part for node in tree if "/.wh." not in f"/{node.name}" for part in [node.name]}
    skipped = {item["name"] for item in by_toc.report["skipped"] if "device" in item["what"]}
    assert names - skipped <= set(listing(first))


def test_layers_are_applied_in_order_with_whiteouts(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        ended, output = here.unpack("a:1")
        assert ended.status == 0, ended.err
        assert tree_on_disk(output) == expected_tree()
        assert (output / "bin" / "same").stat().st_nlink == 2


def test_an_opaque_directory_hides_only_what_is_below(tmp_path: Path) -> None:
    lower: Tree = (Node("d", "dir", mode=0o755), Node("d/old", content=b"1"), Node("kept", content=b"2"))
    upper: Tree = (Node("d/new", content=b"3"), Node("d/.wh..wh..opq"), Node(".wh.absent"))
    with bench(tmp_path / "w") as here:
        here.put_pair("a", [as_layer(*a_layer(tree)) for tree in (lower, upper)])
        ended, output = here.unpack("a:1")
        assert ended.status == 0, ended.err
        assert set(tree_on_disk(output)) == {"d", "d/new", "kept"}


def test_plain_images_fall_back_to_a_full_download(tmp_path: Path) -> None:
    blob, written = a_layer()
    for annotations in ({}, {key: value for key, value in written.annotations.items() if key != TARSPLIT_POSITION}):
        with bench(tmp_path / f"w{len(annotations)}") as here:
            here.put_image("a", [(blob, str(written.diff_id), annotations)], tag="1")
            with here.registry.watching() as seen:
                ended, output = here.unpack("a:1")
            assert ended.status == 0, ended.err
            assert (output / "dir" / "file").read_bytes() == noise(1, 3000)
            assert sees_ranges(seen, blob) == [None]


def test_a_full_download_is_verified_by_diff_id(tmp_path: Path) -> None:
    blob, written = a_layer()
    with bench(tmp_path / "w") as here:
        here.put_image("a", [(blob, str(Digest.of(b"another")), {})], tag="1")
        ended, _ = here.unpack("a:1")
    assert ended.status == 3
    assert str(written.diff_id) in ended.err


def test_another_sentinel_content_is_recognised(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.put_image("a", [as_layer(*a_layer())], sentinel=build_sentinel(message=b"TOC NEVER tar"), tag="1")
        ended, _ = here.unpack("a:1")
    assert ended.status == 0, ended.err
    assert ended.report["sentinel"]


def test_chunks_of_other_files_are_used_again(tmp_path: Path) -> None:
    content = noise(3, 400_000)
    old: Tree = (Node("old", content=content),)
    new: Tree = (Node("new", content=content + b"and more"),)
    with bench(tmp_path / "w") as here:
        for name, tree in (("old", old), ("new", new)):
            here.put_pair(name, [as_layer(*a_layer(tree))])
        store = here.new("store")
        assert here.unpack("old:1", store=store)[0].status == 0
        with here.registry.watching() as seen:
            ended, output = here.unpack("new:1", store=store)
        assert ended.status == 0, ended.err
        assert (output / "new").read_bytes() == content + b"and more"
        blob, _ = a_layer(new)
        fetched = sum(exchange.response_size for exchange in seen if str(Digest.of(blob)) in exchange.url)
        assert fetched < len(content) / 2


def test_a_damaged_store_is_not_trusted(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.put_pair("a", [as_layer(*a_layer())])
        store = here.new("store")
        assert here.unpack("a:1", store=store)[0].status == 0
        for path in store.rglob("*"):
            if path.is_file():
                path.write_bytes(b"damaged")
        ended, output = here.unpack("a:1", store=store)
    assert ended.status == 0, ended.err
    assert (output / "dir" / "file").read_bytes() == noise(1, 3000)


def test_symbolic_links_stay_inside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    up = "/".join([".."] * 20)
    lower: Tree = (
        Node("absolute", "symlink", link_name=str(outside)),
        Node("relative", "symlink", link_name=f"{up}{outside}"),
        Node("loop", "symlink", link_name="loop"),
    )
    upper: Tree = (Node("absolute/file", content=b"1"), Node("relative/other", content=b"2"))
    with bench(tmp_path / "w") as here:
        here.put_pair("a", [as_layer(*a_layer(tree)) for tree in (lower, upper)])
        ended, output = here.unpack("a:1")
        assert ended.status == 0, ended.err
        inside = output / str(outside).lstrip("/")
        assert {path.name for path in inside.iterdir()} == {"file", "other"}
        assert not list(outside.iterdir())
        here.put_pair("b", [as_layer(*a_layer(tree)) for tree in (lower, (Node("loop/file"),))])
        assert here.unpack("b:1")[0].status == 3


def test_a_layout_gives_the_plain_variant_or_nothing(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        output = here.new("tree")
        arguments = ("--output", output, "--store", here.new("store"), "--platform", "linux/amd64")
        ended = here.reference("unpack", "--layout", golden_directory("sentinel-single"), *arguments)
        assert ended.status == 0, ended.err
        assert ended.report["sentinel"] is False
        here.put_image("a", [as_layer(*a_layer())], sentinel=canonical_sentinel(), tag="1")
        alone = tmp_path / "alone"
        assert here.reference("pull", "--reference", here.name("a:1"), "--layout", alone).status == 0
        refused = here.reference(
            "unpack", "--layout", alone, "--output", here.new("tree"), "--store", here.new("store")
        )
        assert refused.status == 3
        assert "no TOC pull is possible" in refused.err
