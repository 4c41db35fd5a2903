"""Every step of the reference can be replaced by a defect, and the defect then shows: what client mutants stand on."""

# ruff: noqa: ARG002 - a defect inspects less than the step it replaces

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from conformance.cases.mutants import clients, clients_input, clients_select
from conformance.format.digest import Digest
from conformance.format.names import MANIFEST_CHECKSUM
from conformance.format.oci import Descriptor
from conformance.format.sentinel import canonical_sentinel
from conformance.format.toc import Entry, Toc
from conformance.format.writer import layer_from_tar
from conformance.images.trees import Node, tar_of
from conformance.reference.consumer import Consumer
from conformance.reference.convert import Converter
from conformance.reference.copier import Copier
from conformance.reference.producer import Producer
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import BlobStep, Destination, Plan, Step, Transfer
from tests.implementations.images import plain_layout
from tests.reference.made_layers import Layer, a_layer, as_layer, changed_toc, resealed
from tests.reference.reference_bench import ReferenceBench, bench, entry


class NeverTrusts(Consumer):
    """Not wrong, only slow: the opposite of ``trusts_the_annotation``."""

    def trusts_toc(self, sentinel: bool) -> bool:
        return False


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


CONSUMERS: tuple[tuple[Callable[[], Toolkit], Callable[[ReferenceBench], None]], ...] = (
    (clients.skips_the_toc_digest, _as_sentinel(_wrong_digest)),
    (clients.skips_content_digests, _as_sentinel(_wrong_content)),
    (clients.falls_back_without_a_toc, _as_sentinel(_without_toc)),
    (clients_select.trusts_the_annotation, _two_readings),
    (clients_input.follows_names_outside, _as_sentinel(_climbing)),
    (clients.takes_sentinels_anywhere, _twice),
)


@pytest.mark.parametrize(("mutant", "prepare"), CONSUMERS, ids=[mutant.__name__ for mutant, _ in CONSUMERS])
def test_a_defect_of_the_consumer_accepts_what_the_reference_refuses(
    mutant: Callable[[], Toolkit], prepare: Callable[[ReferenceBench], None], tmp_path: Path
) -> None:
    with bench(tmp_path / "w") as here:
        prepare(here)
        sound, _ = here.unpack("a:1")
        broken, _ = here.unpack("a:1", toolkit=mutant())
    assert sound.status == 3
    assert broken.status == 0, broken.err
    assert (tmp_path / "w" / "climbed").exists() is (mutant is clients_input.follows_names_outside)


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
        with here.registry.watching() as seen:
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
