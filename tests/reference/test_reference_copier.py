"""The reference as copier: every byte retained, or the sentinel gone completely."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from conformance.format.digest import Digest
from conformance.format.names import CHUNK_KEYS, SENTINEL_ANNOTATION, SENTINEL_TYPE, ZSTD_ANNOTATION
from conformance.format.sentinel import build_sentinel
from conformance.images.golden import golden_directory
from conformance.reference.compression import MEDIA_TYPE, decompressed
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from tests.implementations.images import plain_layout, tree_on_disk
from tests.reference.reference_bench import ReferenceBench, bench

COMPRESSIONS = ("gzip", "zstd", "uncompressed")


def copy(here: ReferenceBench, source: str, target: str, *more: str, operation: str = "copy") -> tuple[int, str]:
    ended = here.reference(operation, "--reference", here.name(source), "--destination", here.name(target), *more)
    return ended.status, ended.err


def recompress(here: ReferenceBench, source: str, target: str, compression: str, *more: str) -> None:
    status, error = copy(here, source, target, "--compression", compression, *more, operation="recompress")
    assert status == 0, error


def manifests(here: ReferenceBench, tag: str) -> list[dict[str, Any]]:
    repository = tag.partition(":")[0]
    return [here.fields(f"{repository}@{item['digest']}") for item in here.fields(tag)["manifests"]]


def test_a_copy_keeps_every_byte(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(golden_directory("sentinel-single"), "a:1")
        for target, more in (("b:1", ()), ("c:1", ("--preserve-digests",)), ("d:1", ("--all",))):
            assert copy(here, "a:1", target, *more) == (0, "")
            assert here.raw(target) == here.raw("a:1")
            assert manifests(here, target) == manifests(here, "a:1")
            repository = target.partition(":")[0]
            for manifest in manifests(here, target):
                for blob in (manifest["config"], *manifest["layers"]):
                    assert here.blob(repository, blob["digest"]) == here.blob("a", blob["digest"])


def test_a_pulled_layout_is_the_image(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(golden_directory("sentinel-single"), "a:1")
        layout = tmp_path / "layout"
        ended = here.reference("pull", "--reference", here.name("a:1"), "--layout", layout)
        assert ended.status == 0, ended.err
        assert LayoutSource(LayoutReference(layout)).root().content == here.raw("a:1")
        again = here.reference("pull", "--reference", here.name("a:1"), "--layout", layout)
        assert again.status == 3
        assert "there is a layout already" in again.err


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_recompressing_strips_the_sentinel_and_nothing_else(compression: str, tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(golden_directory("sentinel-single"), "a:1")
        before, sentinel = manifests(here, "a:1")
        recompress(here, "a:1", "b:1", compression)
        (after,) = manifests(here, "b:1")
        annotations = here.fields("b:1")["manifests"][0].get("annotations", {})
        assert SENTINEL_ANNOTATION not in annotations
        assert (annotations.get(ZSTD_ANNOTATION) == "true") is (compression == "zstd")
        assert {**after, "layers": 0} == {**before, "layers": 0}  # the config too: DiffIDs are those of the plain one
        for layer in after["layers"]:
            assert layer["mediaType"] == MEDIA_TYPE[compression]
            assert not set(CHUNK_KEYS) & set(layer.get("annotations", {}))
        diff_ids = here.blob("b", after["config"]["digest"])
        for layer in after["layers"]:
            tar = b"".join(decompressed(here.blob("b", layer["digest"]), compression, 2**30))
            assert hashlib.sha256(tar).hexdigest().encode() in diff_ids
        # The variant alone gives the same, less what its producer had lost of the manifest.
        digest = here.fields("a:1")["manifests"][1]["digest"]
        assert here.fields(f"a@{digest}") == sentinel
        named = f"{here.host}/image/a@{digest}"
        ended = here.reference(
            "recompress", "--reference", named, "--destination", here.name("c:1"), "--compression", compression
        )
        assert ended.status == 0, ended.err
        assert here.fields("c:1")["layers"] == after["layers"]


def test_there_and_back_again_is_the_same_image(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        for compression in COMPRESSIONS:
            recompress(here, "a:1", f"b:{compression}", compression)
            recompress(here, f"b:{compression}", f"c:{compression}", "zstd:chunked")
            assert here.raw(f"c:{compression}") == here.raw("a:1")
            recompress(here, f"b:{compression}", f"d:{compression}", compression)
            assert here.raw(f"d:{compression}") == here.raw(f"b:{compression}")
        recompress(here, "a:1", "e:1", "zstd:chunked")
        assert here.raw("e:1") == here.raw("a:1")
        trees = []
        for tag in ("a:1", *(f"b:{compression}" for compression in COMPRESSIONS)):
            ended, output = here.unpack(tag)
            assert ended.status == 0, ended.err
            trees.append(tree_on_disk(output))
        assert all(tree == trees[0] for tree in trees)


def test_a_sentinel_of_other_content_is_stripped(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        plain = here.fields("a:1")["manifests"][0]["digest"]
        layers = [
            (here.blob("a", layer["digest"]), diff_id, layer["annotations"])
            for layer, diff_id in zip(
                here.fields(f"a@{plain}")["layers"],
                json_of(here.blob("a", here.fields(f"a@{plain}")["config"]["digest"]))["rootfs"]["diff_ids"],
                strict=True,
            )
        ]
        here.put_image("a", layers, sentinel=build_sentinel(message=b"TOC NEVER tar"), tag="other")
        recompress(here, "a:other", "b:1", "gzip")
        assert [layer["mediaType"] for layer in here.fields("b:1")["layers"]] == [MEDIA_TYPE["gzip"]] * 2
        diff_ids = json_of(here.blob("b", here.fields("b:1")["config"]["digest"]))["rootfs"]["diff_ids"]
        assert diff_ids == [diff_id for _, diff_id, _ in layers]


def json_of(raw: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw)
    return found


def test_a_sentinel_without_plain_variant_is_stripped_in_its_place(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        only = here.fields("a:1")["manifests"][1]
        here.put_index("a", [only], "only")
        recompress(here, "a:only", "b:1", "gzip")
        (written,) = here.fields("b:1")["manifests"]
        assert written["platform"] == only["platform"]
        assert "annotations" not in written
        assert SENTINEL_TYPE not in str(manifests(here, "b:1"))


def test_digests_that_must_stay_forbid_stripping_and_nothing_is_written(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        with here.registry.watching() as seen:
            status, error = copy(
                here, "a:1", "b:1", "--preserve-digests", "--compression", "gzip", operation="recompress"
            )
        assert status == 3
        assert "is to be preserved" in error
        assert {exchange.method for exchange in seen} == {"GET"}
        recompress(here, "a:1", "c:1", "zstd:chunked", "--preserve-digests")
        assert here.raw("c:1") == here.raw("a:1")


def test_a_destination_by_another_digest_is_refused(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        named = f"{here.host}/image/b@{Digest.of(here.raw('a:1'))}"
        ended = here.reference("copy", "--reference", here.name("a:1"), "--destination", named)
        assert ended.status == 0, ended.err
        more = ("--destination", named, "--compression", "gzip")
        with here.registry.watching() as seen:
            ended = here.reference("recompress", "--reference", here.name("a:1"), *more)
        assert ended.status == 3
        assert {exchange.method for exchange in seen} == {"GET"}


def test_a_misplaced_sentinel_is_not_recompressed(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        manifest = here.fields(f"a@{here.fields('a:1')['manifests'][1]['digest']}")
        layers = manifest["layers"]
        here.put_manifest("a", {**manifest, "layers": [layers[1], layers[0], layers[2]]}, "odd")
        status, error = copy(here, "a:odd", "b:1", "--compression", "gzip", operation="recompress")
        assert status == 3
        assert "layer 0 alone" in error


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        status, error = copy(here, "nonesuch:1", "b:1")
        assert status == 3
        assert "no such image" in error
