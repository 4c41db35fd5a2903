"""The reference as producer: what it pushes, in which order, and what it leaves alone."""

import json
import tarfile
from pathlib import Path

import pytest

from conformance.format.digest import Digest
from conformance.format.names import (
    CHUNK_KEYS,
    INDEX_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_TAR_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_TYPE,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor
from conformance.images.golden import golden_directory
from conformance.registry.server import defects
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.serving import Call, Reply
from conformance.sources.layout import write_layout
from tests.implementations.images import manifest_of, plain_layout, tar_with
from tests.reference.reference_bench import bench


class Failing(Defect):
    """Responds with 500 to the nth request that changes or probes something (PUT, POST, HEAD), counted from 0."""

    def __init__(self, number: int) -> None:
        self.left = number

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        del core
        if call.method == "GET":
            return None
        self.left -= 1
        return Reply(500) if self.left == -1 else None


class RejectsIndexes(Defect):
    """An old registry."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        del core
        rejected = call.method == "PUT" and call.header("content-type") == INDEX_TYPE
        return Reply(400, {}, b'{"errors":[{"code":"MANIFEST_INVALID","message":"no lists"}]}') if rejected else None


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return plain_layout(tmp_path / "layout")


def test_a_single_image_becomes_a_pair_under_one_tag(tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w") as here:
        ended = here.push(layout, "a:1")
        index = here.fields("a:1")
        assert ended.out.strip() == str(Digest.of(here.raw("a:1")))
        plain, sentinel = (here.fields(f"a@{entry['digest']}") for entry in index["manifests"])
        assert [entry["platform"] for entry in index["manifests"]] == [{"architecture": "amd64", "os": "linux"}] * 2
        assert [entry["annotations"] for entry in index["manifests"]] == [
            {ZSTD_ANNOTATION: "true"},
            {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"},
        ]
        assert sentinel["layers"][0]["mediaType"] == SENTINEL_TYPE
        assert sentinel["layers"][1:] == plain["layers"]
        assert all(MANIFEST_CHECKSUM in layer["annotations"] for layer in plain["layers"])
        # A push with sentinels off has the same plain manifest (SENT-PUSH-010).
        here.push(layout, "b:1", "--no-sentinel")
        assert here.fields("b:1") == plain


def test_blobs_are_probed_come_first_and_only_once(tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w") as here:
        with here.registry.watching() as seen:
            here.push(layout, "a:1")
        asked = [(exchange.method, exchange.url.rpartition("/")[2]) for exchange in seen]
        uploaded = [url.partition("digest=")[2].replace("%3A", ":") for method, url in asked if "digest=" in url]
        assert len(set(uploaded)) == len(uploaded) == 5  # two layers, two configs, the sentinel
        probed = [url for method, url in asked if method == "HEAD"]
        assert probed == uploaded
        manifests = [exchange.url for exchange in seen if exchange.method == "PUT" and "/manifests/" in exchange.url]
        assert [url.endswith("/1") for url in manifests] == [False, False, True]
        assert asked[-1] == ("PUT", "1")
        with here.registry.watching() as again:
            here.push(layout, "a:1")
        assert not [exchange for exchange in again if exchange.method == "POST"]


def test_pushing_again_changes_nothing(tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w") as here:
        first = here.push(layout, "a:1").out
        assert here.push(layout, "a:1").out == first
        pulled = tmp_path / "pulled"
        assert here.reference("pull", "--reference", here.name("a:1"), "--layout", pulled).status == 0
        assert here.push(pulled, "b:1").out == first


def test_a_push_that_fails_on_the_way_leaves_the_tag(tmp_path: Path, layout: Path) -> None:
    other = plain_layout(tmp_path / "other", ())
    for number in range(100):
        failing = Failing(1000)
        with bench(tmp_path / f"w{number}", failing) as here:
            here.push(other, "a:1", "--compression", "uncompressed")
            before = here.raw("a:1")
            failing.left = number
            ended = here.reference("push", "--layout", layout, "--reference", here.name("a:1"))
            if failing.left >= 0:  # fewer requests than that: nothing failed
                assert ended.status == 0
                break
            assert ended.status == 3, f"request {number}"
            assert "HTTP 500" in ended.err
            assert here.raw("a:1") == before
    assert number == 18


@pytest.mark.parametrize(
    ("defect", "named"),
    [(defects.rejects_sentinel_type(), "the sentinel manifest"), (RejectsIndexes(), "the index")],
    ids=["sentinel type", "index"],
)
def test_an_old_registry_is_named_and_keeps_its_tag(defect: Defect, named: str, tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w", defect) as here:
        here.push(layout, "a:1", "--compression", "gzip")
        before = here.raw("a:1")
        ended = here.reference("push", "--layout", layout, "--reference", here.name("a:1"))
        assert ended.status == 3
        assert f"the registry rejects {named}" in ended.err
        assert "MANIFEST_INVALID" in ended.err
        assert ended.err.count("\n") == 1
        assert here.raw("a:1") == before


@pytest.mark.parametrize(
    ("compression", "media_type"),
    [("gzip", LAYER_GZIP_TYPE), ("zstd", LAYER_ZSTD_TYPE), ("uncompressed", LAYER_TAR_TYPE)],
)
def test_other_compressions_get_no_variant(compression: str, media_type: str, tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(layout, "a:1", "--compression", compression)
        manifest = here.fields("a:1")
        assert manifest["mediaType"] == MANIFEST_TYPE
        assert [layer["mediaType"] for layer in manifest["layers"]] == [media_type] * 2
        assert not any("annotations" in layer for layer in manifest["layers"])


def test_preserved_digests_mean_the_very_bytes(tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(layout, "a:1", "--preserve-digests")
        digest = json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"]
        assert str(Digest.of(here.raw("a:1"))) == digest


def test_a_destination_by_digest_gets_that_digest_or_nothing(tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(layout, "a:1", "--no-sentinel")
        digest = str(Digest.of(here.raw("a:1")))
        assert here.reference("push", "--layout", layout, "--reference", f"{here.host}/image/b@{digest}").status == 0
        assert here.raw(f"b@{digest}") == here.raw("a:1")
        with here.registry.watching() as seen:
            other = f"{here.host}/image/b@sha256:{'0' * 64}"
            ended = here.reference("push", "--layout", layout, "--reference", other)
        assert ended.status == 3
        assert "named by the digest" in ended.err
        assert not seen


def test_the_golden_pair_is_pushed_as_it_is(tmp_path: Path) -> None:
    golden = golden_directory("sentinel-single")
    with bench(tmp_path / "w") as here:
        here.push(golden, "a:1")
        assert (
            str(Digest.of(here.raw("a:1")))
            == json.loads((golden / "index.json").read_bytes())["manifests"][0]["digest"]
        )


def test_a_sentinel_variant_gets_no_second_sentinel(tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(layout, "a:1")
        sentinel = here.fields("a:1")["manifests"][1]["digest"]
        alone = tmp_path / "alone"
        assert here.reference("pull", "--reference", f"{here.host}/image/a@{sentinel}", "--layout", alone).status == 0
        here.push(alone, "b:1")
        assert str(Digest.of(here.raw("b:1"))) == sentinel


def test_every_platform_gets_a_variant_and_entries_keep_their_annotations(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        tar = tmp_path / "layer.tar"
        tar.write_bytes(tar_with("file", tarfile.REGTYPE))
        platforms = [{"architecture": name, "os": "linux"} for name in ("amd64", "arm64")]
        entries = []
        for platform in platforms:
            name = platform["architecture"]
            more = ("--platform", f"linux/{name}", "--compression", "gzip")
            assert here.reference("push", "--tar", tar, "--reference", here.name(f"a:{name}"), *more).status == 0
            raw = here.raw(f"a:{name}")
            image = {"mediaType": MANIFEST_TYPE, "digest": str(Digest.of(raw)), "size": len(raw)}
            entries.append({**image, "platform": platform, "annotations": {"org.example": name}, "x-own": 1})
        here.put_index("a", entries, "both")
        both = tmp_path / "both"
        assert here.reference("pull", "--reference", here.name("a:both"), "--layout", both).status == 0
        here.push(both, "b:1")
        written = here.fields("b:1")["manifests"]
        assert [entry["platform"] for entry in written] == platforms * 2
        assert [SENTINEL_ANNOTATION in entry["annotations"] for entry in written] == [False, False, True, True]
        assert [entry["annotations"]["org.example"] for entry in written] == ["amd64", "arm64"] * 2
        assert all(entry["x-own"] == 1 for entry in written)


def test_artifacts_in_an_index_are_carried_along(tmp_path: Path, layout: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(layout, "a:1", "--compression", "gzip")
        blob = here.put_blob("a", b"{}")
        named = {"mediaType": "application/vnd.in-toto+json", "digest": blob, "size": 2}
        config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": blob, "size": 2}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [named]}
        unknown = {"architecture": "unknown", "os": "unknown"}
        attestation = {**here.put_manifest("a", manifest), "platform": unknown}
        image = {"mediaType": MANIFEST_TYPE, "digest": str(Digest.of(here.raw("a:1"))), "size": len(here.raw("a:1"))}
        here.put_index("a", [{**image, "platform": {"architecture": "amd64", "os": "linux"}}, attestation], "both")
        ended = here.reference("recompress", "--reference", here.name("a:both"), "--destination", here.name("b:1"))
        assert ended.status == 0, ended.err
        written = here.fields("b:1")["manifests"]
        assert attestation in written
        assert len(written) == 3


def test_foreign_annotations_and_fields_of_a_manifest_stay(tmp_path: Path) -> None:
    tar = tar_with("file", tarfile.REGTYPE)
    annotations = {"org.example": "kept", CHUNK_KEYS[0]: "stale"}
    layer = {"mediaType": LAYER_TAR_TYPE, "digest": str(Digest.of(tar)), "size": len(tar), "annotations": annotations}
    manifest, config = manifest_of([(layer, str(Digest.of(tar)))], annotations={"a": "b"}, **{"x-own": [1]})
    directory = tmp_path / "layout"
    blobs = {str(Digest.of(content)): content for content in (tar, config, manifest)}
    write_layout(directory, blobs, Descriptor(MANIFEST_TYPE, str(Digest.of(manifest)), len(manifest)))
    with bench(tmp_path / "w") as here:
        here.push(directory, "a:1", "--compression", "gzip")
        written = here.fields("a:1")
        assert written["annotations"] == {"a": "b"}
        assert written["x-own"] == [1]
        assert written["layers"][0]["annotations"] == {"org.example": "kept"}
        assert written["config"]["digest"] == str(Digest.of(config))


@pytest.mark.parametrize("typeflag", [tarfile.XGLTYPE, tarfile.GNUTYPE_SPARSE, tarfile.CONTTYPE, b"V"])
def test_tars_that_a_toc_cannot_represent_are_refused(typeflag: bytes, tmp_path: Path) -> None:
    tar = tmp_path / "layer.tar"
    tar.write_bytes(tar_with("file", typeflag))
    with bench(tmp_path / "w") as here:
        with here.registry.watching() as seen:
            ended = here.reference("push", "--tar", tar, "--reference", here.name("a:1"))
        assert ended.status == 3
        assert ended.err.startswith("error: ")
        assert not seen


def test_tars_and_directories_are_pushed_the_same_every_time(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "etc").mkdir(parents=True)
    (tree / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    with bench(tmp_path / "w") as here:
        digests = set()
        for tag in ("a:1", "b:1"):
            ended = here.reference(
                "push", "--directory", tree, "--reference", here.name(tag), "--platform", "linux/arm/v7"
            )
            assert ended.status == 0, ended.err
            digests.add(ended.out)
        assert len(digests) == 1
        platform = here.fields("a:1")["manifests"][0]["platform"]
        assert platform == {"architecture": "arm", "os": "linux", "variant": "v7"}
        ended, output = here.unpack("a:1", "--platform", "linux/arm/v8")
        assert ended.status == 0, ended.err
        assert (output / "etc" / "hosts").read_text() == "127.0.0.1 localhost\n"


@pytest.mark.parametrize(
    ("arguments", "status", "named"),
    [
        (["scan", "--reference", "r.example/a:1"], 4, "scan is not supported"),
        (["copy", "--reference", "r.example/a:1", "--destination", "r.example/b", "--prefer-gzip"], 4, "--prefer-gzip"),
        (["push", "--layout", ".", "--reference", "r.example/a", "--platform", "linux/arm"], 4, "--platform"),
        (["push", "--layout", "nonesuch", "--reference", "r.example/a"], 3, "no such directory"),
        (["push", "--layout", ".", "--reference", "UPPER CASE"], 3, "UPPER CASE"),
        (["push", "--tar", "nonesuch", "--reference", "r.example/a"], 3, "No such file"),
        (["unpack", "--reference", "127.0.0.1:1/a", "--output", "nonesuch"], 3, "empty directory"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str], status: int, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with bench(tmp_path / "w") as here:
        ended = here.reference(*arguments)
    assert ended.status == status
    assert named in ended.err
    assert ended.err.count("\n") == 1
