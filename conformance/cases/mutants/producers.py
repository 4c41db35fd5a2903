"""Producers with one defect each: the reference with one class replaced, bound to the requirement that it violates."""

# ruff: noqa: ARG002 - a defect inspects less than the step it replaces

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from conformance.cases.mutants.producer_parts import ordinary_part, sign, variant_of_anything
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.errors import FormatError
from conformance.format.media_types import GZIP, ZSTD
from conformance.format.names import (
    ESTARGZ_TOC,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor, read_manifest
from conformance.format.sentinel import canonical_sentinel
from conformance.format.tar import TarReader
from conformance.format.variant import SentinelVariant
from conformance.format.writer import layer_from_tar
from conformance.reference.convert import Converter, Instance
from conformance.reference.errors import RefusalError
from conformance.reference.producer import Producer, ProducerOptions
from conformance.reference.reshape import Member, Reshaper
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import BlobStep, Destination, LayoutDestination, ManifestStep, Plan, Step, Transfer
from conformance.reference.whole import WholeLayers
from conformance.requirements import mutant

Json = dict[str, Any]


def _toolkit(**parts: type) -> Toolkit:
    """The reference with these parts of its producer replaced."""
    return Toolkit(producer=type("DefectiveProducer", (Producer,), parts), name="mutant")


@mutant("SENT-PUSH-001", implies=("SENT-PUSH-011", "SENT-PUSH-024", "SENT-PUSH-025"))
def index_before_manifests() -> Toolkit:
    class IndexFirst(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            destination.put_root(plan.root)
            super().send(plan, destination)

    return _toolkit(transfer=IndexFirst)


@mutant("SENT-PUSH-002")
def uploads_layers_for_both_variants() -> Toolkit:
    class UploadsTwice(Transfer):
        def ordered(self, plan: Plan) -> Sequence[Step]:
            return plan.steps

        def must_upload(self, step: BlobStep, destination: Destination) -> bool:
            destination.has_blob(step.blob.digest)
            return True

    return _toolkit(transfer=UploadsTwice)


@mutant("SENT-PUSH-003")
def never_probes() -> Toolkit:
    class NeverProbes(Transfer):
        def must_upload(self, step: BlobStep, destination: Destination) -> bool:
            return True

    return _toolkit(transfer=NeverProbes)


@mutant("SENT-PUSH-004")
def variants_of_lists_only() -> Toolkit:
    class OfListsOnly(Reshaper):
        def single(self, raw: bytes, media_type: str, compression: str, *, variants: bool) -> Plan:
            return super().single(raw, media_type, compression, variants=False)

    return _toolkit(reshaper=OfListsOnly)


@mutant("SENT-PUSH-005")
def first_platform_only() -> Toolkit:
    class FirstOnly(Reshaper):
        def with_variants(self, raw: bytes, members: list[Member]) -> tuple[bytes, list[Step]]:
            return super().with_variants(raw, members[:1])

    return _toolkit(reshaper=FirstOnly)


@mutant("SENT-PUSH-006")
def variant_although_digests_are_preserved() -> Toolkit:
    class Disobeys(Producer):
        def plan(self, options: ProducerOptions) -> Plan:
            return super().plan(msgspec.structs.replace(options, preserve_digests=False))

    return Toolkit(producer=Disobeys)


@mutant("SENT-PUSH-007")
def variant_of_plain_zstd() -> Toolkit:
    class AnyZstd(Reshaper):
        def is_eligible(self, raw: bytes) -> bool:
            return True

        def make_variant(self, plain: Instance) -> SentinelVariant:
            return variant_of_anything(plain)

    class ForZstd(Producer):
        reshaper = AnyZstd

        def wants_variants(self, options: ProducerOptions) -> bool:
            return super().wants_variants(options) or options.compression == ZSTD

    return Toolkit(producer=ForZstd)


@mutant("SENT-PUSH-022", implies=("SENT-PUSH-023",))
def another_entry_at_every_push() -> Toolkit:
    class Grows(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            index = msgspec.json.decode(plan.root.raw)
            if "manifests" in index and destination.has_blob(str(Digest.of(canonical_sentinel()))):
                index["manifests"].append(index["manifests"][-1])
                plan = Plan(plan.steps, ManifestStep(encode(index), plan.root.media_type, "index"))
            super().send(plan, destination)

    return _toolkit(transfer=Grows)


@mutant("SENT-PUSH-023")
def marks_the_index_of_a_second_push() -> Toolkit:
    class Marks(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            index = msgspec.json.decode(plan.root.raw)
            if "manifests" in index and destination.has_blob(str(Digest.of(canonical_sentinel()))):
                marked = encode({**index, "annotations": {"org.example.pushed": "again"}})
                plan = Plan(plan.steps, ManifestStep(marked, plan.root.media_type, "index"))
            super().send(plan, destination)

    return _toolkit(transfer=Marks)


@mutant("SENT-PUSH-024", implies=("SENT-PUSH-025",))
def goes_on_after_a_failed_upload() -> Toolkit:
    class GoesOn(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            for step in self.ordered(plan):
                if isinstance(step, ManifestStep):
                    destination.put_manifest(step)
                    continue
                with suppress(RefusalError):
                    if self.must_upload(step, destination):
                        destination.put_blob(step.blob.digest, step.load(step.blob))
            destination.put_root(plan.root)

    return _toolkit(transfer=GoesOn)


@mutant("SENT-PUSH-025")
def tags_the_plain_manifest_on_the_way() -> Toolkit:
    class TagsEarly(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            tagged = False
            for step in self.ordered(plan):
                if isinstance(step, ManifestStep):
                    (destination.put_manifest if tagged else destination.put_root)(step)
                    tagged = True
                elif self.must_upload(step, destination):
                    destination.put_blob(step.blob.digest, step.load(step.blob))
            destination.put_root(plan.root)

    class ByTag(Producer):
        """For a destination by digest, and for a single manifest, no tag can change too early."""

        def push(self, destination: Destination, options: ProducerOptions) -> Digest:
            early = options.digest is None and not options.preserve_digests
            self.transfer = TagsEarly if early else Transfer
            return super().push(destination, options)

    return Toolkit(producer=ByTag)


@mutant("SENT-PUSH-010")
def another_plain_manifest_with_sentinels() -> Toolkit:
    class Marks(Reshaper):
        def single(self, raw: bytes, media_type: str, compression: str, *, variants: bool) -> Plan:
            return super().single(raw + b"\n" if variants else raw, media_type, compression, variants=variants)

    return _toolkit(reshaper=Marks)


@mutant("SENT-PUSH-011")
def goes_on_when_the_sentinel_is_rejected() -> Toolkit:
    class Stubborn:
        """A destination that treats a refused upload as done."""

        def __init__(self, destination: Destination) -> None:
            self._destination = destination

        def __getattr__(self, name: str) -> Any:
            return getattr(self._destination, name)

        def put_manifest(self, manifest: ManifestStep) -> None:
            try:
                self._destination.put_manifest(manifest)
            except RefusalError as error:
                if "MANIFEST_INVALID" not in str(error):
                    raise

    class GoesOn(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            super().send(plan, Stubborn(destination))

    return _toolkit(transfer=GoesOn)


def signs_everything() -> Toolkit:
    """The positive control of the next mutant: a producer that signs each manifest and the index by a referrer."""
    return _signing(first_only=False)


@mutant("SENT-PUSH-012")
def signs_the_plain_manifest_only() -> Toolkit:
    return _signing(first_only=True)


@mutant("SENT-PUSH-013")
def variant_at_a_digest() -> Toolkit:
    class Wraps(Producer):
        def push(self, destination: Destination, options: ProducerOptions) -> Digest:
            return super().push(destination, msgspec.structs.replace(options, digest=None))

    return Toolkit(producer=Wraps)


@mutant("SENT-PUSH-014")
def takes_a_sentinel_variant_for_plain() -> Toolkit:
    class Doubles(Reshaper):
        def single(self, raw: bytes, media_type: str, compression: str, *, variants: bool) -> Plan:
            plan = super().single(raw, media_type, compression, variants=variants)
            manifest = msgspec.json.decode(raw)
            if manifest["layers"][0]["mediaType"] != SENTINEL_TYPE:
                return plan
            manifest["layers"].insert(0, manifest["layers"][0])
            return Plan(plan.steps, ManifestStep(encode(manifest), media_type))

    return _toolkit(reshaper=Doubles)


@mutant("SENT-PUSH-015")
def drops_annotations_of_the_entry() -> Toolkit:
    class Drops(Reshaper):
        def with_variants(self, raw: bytes, members: list[Member]) -> tuple[bytes, list[Step]]:
            made, steps = super().with_variants(raw, members)
            index = msgspec.json.decode(made)
            for entry in index["manifests"]:
                if SENTINEL_ANNOTATION in entry.get("annotations", {}):
                    entry["annotations"] = {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"}
            return (encode(index) if steps else made), steps

    return _toolkit(reshaper=Drops)


@mutant("SENT-PUSH-016")
def counts_the_toc_of_estargz() -> Toolkit:
    class EitherToc(Reshaper):
        def is_eligible(self, raw: bytes) -> bool:
            layers = read_manifest(raw).view.layers
            return super().is_eligible(raw) or all(layer.annotation(ESTARGZ_TOC) for layer in layers)

        def make_variant(self, plain: Instance) -> SentinelVariant:
            return variant_of_anything(plain)

    class ForGzip(Producer):
        reshaper = EitherToc

        def wants_variants(self, options: ProducerOptions) -> bool:
            return super().wants_variants(options) or options.compression == GZIP

    return Toolkit(producer=ForGzip)


@mutant("SENT-PUSH-017")
def forgets_the_sentinel_in_layouts() -> Toolkit:
    """It assumes that the destination has the blob, as the pull request's client does for transports other than
    docker://.
    """

    class Forgets(Transfer):
        def must_upload(self, step: BlobStep, destination: Destination) -> bool:
            elsewhere = isinstance(destination, LayoutDestination) and step.blob.media_type == SENTINEL_TYPE
            return not elsewhere and super().must_upload(step, destination)

    return _toolkit(transfer=Forgets)


@mutant("SENT-PUSH-020")
def leaves_variants_out_without_a_word() -> Toolkit:
    class Silent(Reshaper):
        def single(self, raw: bytes, media_type: str, compression: str, *, variants: bool) -> Plan:
            try:
                return super().single(raw, media_type, compression, variants=variants)
            except RefusalError as error:
                if "DiffIDs for" not in str(error):
                    raise
            steps = self.steps(raw, media_type)
            return Plan(steps[:-1], ManifestStep(raw, media_type))

    return _toolkit(reshaper=Silent)


@mutant("SENT-PUSH-021")
def makes_variants_when_told_not_to() -> Toolkit:
    class Deaf(Producer):
        def wants_variants(self, options: ProducerOptions) -> bool:
            return super().wants_variants(msgspec.structs.replace(options, sentinel=True))

    return Toolkit(producer=Deaf)


def _ends_well(tar: Path) -> bool:
    reader = TarReader(io.BytesIO(tar.read_bytes()))
    try:
        while reader.header() is not None:
            for _ in reader.content():
                pass
    except FormatError:
        return False
    return True


@mutant("LAYER-011")
def takes_the_end_of_input_for_the_end_of_the_layer() -> Toolkit:
    """As containers/storage did before 91633032a2: the error of the reader was lost."""

    class Stops(WholeLayers):
        def decompressed(self, blob: bytes, compression: str) -> Iterator[bytes]:
            with suppress(FormatError):
                yield from super().decompressed(blob, compression)

        def verify_diff_id(self, layer: Descriptor, found: Digest, diff_id: Digest) -> None:
            pass

        def tar(self, layer: Descriptor, diff_id: Digest) -> Path:
            path = super().tar(layer, diff_id)
            return path if _ends_well(path) else self._store.path(self._store.put(path.read_bytes() + bytes(2**17)))

    class Believes(Converter):
        def __init__(self, source: Any, store: Any) -> None:
            super().__init__(source, store, Stops)

    return _toolkit(converter=Believes)


@mutant("TOC-016")
def leaves_out_what_it_cannot_represent() -> Toolkit:
    class LeavesOut(Converter):
        def layer(self, fields: Json, layer: Descriptor, diff_id: Digest, compression: str) -> Json:
            try:
                return super().layer(fields, layer, diff_id, compression)
            except FormatError:
                if not layer.media_type.endswith("tar"):
                    raise
                tar = ordinary_part(self.load(layer))
            blob, written = layer_from_tar(tar)
            self.add(blob)
            return written.descriptor_fields

    return _toolkit(converter=LeavesOut)


def _signing(*, first_only: bool) -> Toolkit:
    class Signs(Producer):
        def push(self, destination: Destination, options: ProducerOptions) -> Digest:
            digest = super().push(destination, options)
            plan = self.plan(options)
            manifests = [*(step for step in plan.steps if isinstance(step, ManifestStep)), plan.root]
            for manifest in manifests[:1] if first_only else manifests:
                sign(manifest, destination)
            return digest

    return Toolkit(producer=Signs)


SIGNERS: Final = (signs_everything, signs_the_plain_manifest_only)
"""Their adapter declares the option ``sign``."""
