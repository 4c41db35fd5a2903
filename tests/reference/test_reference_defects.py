"""Every step of the reference can be replaced by a defect, and the defect then shows: what client mutants stand on."""

# ruff: noqa: ARG002 - a defect inspects less than the step it replaces

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from conformance.format.digest import Digest
from conformance.format.names import MANIFEST_CHECKSUM
from conformance.format.oci import Descriptor, Index, Manifest
from conformance.format.selection import is_annotated_sentinel
from conformance.format.sentinel import canonical_sentinel
from conformance.format.toc import Entry, Toc
from conformance.format.writer import layer_from_tar
from conformance.images.trees import Node, tar_of
from conformance.reference.consumer import Consumer, PulledLayer
from conformance.reference.contents import ContentFetcher
from conformance.reference.convert import Converter
from conformance.reference.copier import Copier
from conformance.reference.plan import Chunk, Item, Planner
from conformance.reference.producer import Producer
from conformance.reference.store import Writing
from conformance.reference.toc_loader import TocLoader
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import BlobStep, Destination, Plan, Step, Transfer
from conformance.reference.tree import Parts, TreeBuilder
from tests.implementations.images import plain_layout
from tests.reference.reference_bench import ReferenceBench, bench, entry
from tests.reference.test_reference_consumer import Layer, a_layer, as_layer, changed_toc, resealed


class SkipsTocDigest(TocLoader):
    def check_toc_digest(self, payload: bytes, digest: Digest) -> None:
        pass


class SkipsFileDigests(ContentFetcher):
    def verify_chunk(self, item: Item, chunk: Chunk, found: str) -> None:
        pass

    def verify_file(self, item: Item, writing: Writing) -> None:
        pass


class ClimbsInPlans(Planner):
    def check_names(self, entry: Entry) -> None:
        pass


class ClimbsInTrees(TreeBuilder):
    def parts(self, name: str) -> Parts:
        return tuple(part for part in name.encode().split(b"/") if part)

    def resolve(self, parts: Parts, *, create: bool = True) -> Parts | None:
        return parts


class WithTocLoader(Consumer):
    toc_loader = SkipsTocDigest


class WithContents(Consumer):
    contents = SkipsFileDigests


class WithNames(Consumer):
    planner = ClimbsInPlans
    tree = ClimbsInTrees


class FallsBackToTar(Consumer):
    def may_fall_back(self, sentinel: bool) -> bool:
        return True


class BelievesAnnotations(Consumer):
    believed = False

    def select(self, index: Index) -> Descriptor:
        chosen = super().select(index)
        self.believed = is_annotated_sentinel(chosen)
        return chosen

    def trusts_toc(self, sentinel: bool) -> bool:
        return self.believed or sentinel


class NeverTrusts(Consumer):
    """Not wrong, only slow: the opposite of the one before."""

    def trusts_toc(self, sentinel: bool) -> bool:
        return False


class IgnoresPlace(Consumer):
    def has_sentinel(self, manifest: Manifest) -> bool:
        return bool(manifest.layers) and "sentinel" in manifest.layers[0].media_type

    def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
        if "sentinel" in layer.media_type:
            return PulledLayer((), diff_id)
        return super().layer(layer, diff_id, sentinel)


def _wrong_digest() -> Layer:
    blob, written = a_layer()
    return blob, str(written.diff_id), {**written.annotations, MANIFEST_CHECKSUM: str(Digest.of(b"x"))}


def _wrong_content() -> Layer:
    blob, written = layer_from_tar(tar_of((Node("a", content=b"0123456789"), Node("b", content=b"9876543210"))))

    def change(entries: list[Entry]) -> None:
        moved = {name: getattr(entries[1], name) for name in ("offset", "end_offset")}
        entries[0] = msgspec.structs.replace(entries[0], **moved)

    return resealed(blob, written, changed_toc(written, change))


def _without_toc() -> Layer:
    blob, written = a_layer()
    return blob, str(written.diff_id), {}


def _climbing() -> Layer:
    return as_layer(*layer_from_tar(tar_of((Node("../climbed", content=b"x"),))))


def _as_sentinel(build: Callable[[], Layer]) -> Callable[[ReferenceBench], None]:
    return lambda here: here.put_pair("a", [build()])


def _two_readings(here: ReferenceBench) -> None:
    blob, written = layer_from_tar(tar_of((Node("a", content=b"0123456789"), Node("b", content=b"9876543210"))))

    def exchange(entries: list[Entry]) -> None:
        names = ("digest", "offset", "end_offset")
        first, second = ({name: getattr(item, name) for name in names} for item in entries)
        entries[:] = [msgspec.structs.replace(entries[0], **second), msgspec.structs.replace(entries[1], **first)]

    toc: Toc = changed_toc(written, exchange)
    here.put_index("a", [entry(here.put_image("a", [resealed(blob, written, toc)]), sentinel=True)])


def _twice(here: ReferenceBench) -> None:
    layer, sentinel = as_layer(*a_layer()), canonical_sentinel()
    diff_ids = [str(Digest.of(sentinel))] * 2 + [layer[1]]
    here.put_image(
        "a", [layer], sentinel=sentinel, config={"rootfs": {"type": "layers", "diff_ids": diff_ids}}, tag="0"
    )
    manifest = here.fields("a:0")
    here.put_manifest("a", {**manifest, "layers": [manifest["layers"][0], *manifest["layers"]]}, "1")


CONSUMERS: dict[str, tuple[type[Consumer], Callable[[ReferenceBench], None]]] = {
    "skips the TOC digest": (WithTocLoader, _as_sentinel(_wrong_digest)),
    "skips file digests": (WithContents, _as_sentinel(_wrong_content)),
    "falls back to tar": (FallsBackToTar, _as_sentinel(_without_toc)),
    "believes annotations": (BelievesAnnotations, _two_readings),
    "follows names outside": (WithNames, _as_sentinel(_climbing)),
    "takes sentinels anywhere": (IgnoresPlace, _twice),
}


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_defect_of_the_consumer_accepts_what_the_reference_refuses(name: str, tmp_path: Path) -> None:
    consumer, prepare = CONSUMERS[name]
    with bench(tmp_path / "w") as here:
        prepare(here)
        sound, _ = here.unpack("a:1")
        broken, _ = here.unpack("a:1", toolkit=Toolkit(consumer=consumer))
    assert sound.status == 3
    assert broken.status == 0, broken.err
    assert (tmp_path / "w" / "climbed").exists() is (name == "follows names outside")


def test_a_step_may_be_stricter(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.put_pair("a", [as_layer(*a_layer())])
        ended, _ = here.unpack("a:1", toolkit=Toolkit(consumer=NeverTrusts))
        assert ended.status == 0, ended.err
        assert ended.report["image_id"] != here.unpack("a:1")[0].report["image_id"]


class UploadsTwice(Transfer):
    def must_upload(self, step: BlobStep, destination: Destination) -> bool:
        return True


class IndexFirst(Transfer):
    def send(self, plan: Plan, destination: Destination) -> None:
        destination.put_root(plan.root)
        super().send(plan, destination)


class Backwards(Transfer):
    def ordered(self, plan: Plan) -> Sequence[Step]:
        return tuple(reversed(super().ordered(plan)))


class KeepsAnnotations(Converter):
    def kept_annotations(self, layer: Descriptor) -> dict[str, str]:
        return layer.annotations or {}


@pytest.mark.parametrize("defect", [UploadsTwice, IndexFirst, Backwards])
def test_a_defect_of_the_producer_shows_in_its_requests(defect: type[Transfer], tmp_path: Path) -> None:
    layout = plain_layout(tmp_path / "layout")
    made = type("Made", (Producer,), {"transfer": defect})
    with bench(tmp_path / "w") as here:
        here.push(layout, "a:1")
        with here.watching() as seen:
            here.reference("push", "--layout", layout, "--reference", here.name("a:1"), toolkit=Toolkit(producer=made))
    asked = [exchange.method for exchange in seen]
    assert ("POST" in asked) is (defect is UploadsTwice)
    assert seen[0].url.endswith("/manifests/1") is (defect is IndexFirst)
    assert ("/manifests/sha256:" in seen[0].url) is (defect is Backwards)


def test_a_defect_of_the_copier_shows_in_the_result(tmp_path: Path) -> None:
    made = type("Made", (Copier,), {"converter": KeepsAnnotations})
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        arguments = ("recompress", "--reference", here.name("a:1"), "--compression", "gzip", "--destination")
        here.reference(*arguments, here.name("b:1"), toolkit=Toolkit(copier=made))
        (written,) = here.fields("b:1")["manifests"]
        assert MANIFEST_CHECKSUM in str(here.fields(f"b@{written['digest']}"))
