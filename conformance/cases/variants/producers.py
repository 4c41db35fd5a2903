"""Conforming producers: the reference with another choice, each a ``Toolkit``."""

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from conformance.cases.mutants import producers as mutants
from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.names import CHUNK_KEYS
from conformance.format.oci import Descriptor, read_manifest
from conformance.format.splice import with_member
from conformance.reference.convert import Converter, Instance
from conformance.reference.errors import RefusalError
from conformance.reference.producer import Producer, ProducerOptions
from conformance.reference.reshape import Reshaper
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import BlobStep, Destination, ManifestStep, Plan, Step, Transfer
from conformance.reference.whole import WholeLayers
from conformance.registry.client.client import RegistryClient, Response
from conformance.requirements import variant


def _toolkit(**parts: type) -> Toolkit:
    return Toolkit(producer=type("VariantProducer", (Producer,), parts), name="variant")


@variant(warns=("SENT-PUSH-003",))
def uploads_without_asking() -> Toolkit:
    """No source requires a probe: one POST with a digest is enough (OCI distribution-spec, "Pushing blobs")."""
    return mutants.never_probes()


@variant("SENT-PUSH-001", "SENT-PUSH-002")
def uploads_in_another_order() -> Toolkit:
    """Blobs may come in any order before the manifests that name them (OCI distribution-spec)."""

    class Backwards(Transfer):
        def ordered(self, plan: Plan) -> Sequence[Step]:
            steps = super().ordered(plan)
            blobs = [step for step in steps if isinstance(step, BlobStep)]
            return [*reversed(blobs), *reversed([step for step in steps if isinstance(step, ManifestStep)])]

    return _toolkit(transfer=Backwards)


@variant("SENT-PUSH-022", warns=("SENT-PUSH-023",))
def pushes_other_bytes_the_second_time() -> Toolkit:
    """Compressors with threads, and time stamps, need not be reproducible (image-spec does not require it)."""
    return mutants.marks_the_index_of_a_second_push()


@variant("SENT-PUSH-011", "SENT-PUSH-024", warns=("SENT-PUSH-025",))
def names_the_plain_manifest_first() -> Toolkit:
    """As the pull request's client does: a complete plain image stands under the tag until the index does."""
    return mutants.tags_the_plain_manifest_on_the_way()


@variant("SENT-PUSH-013")
def refuses_a_destination_by_digest() -> Toolkit:
    """A push may be refused where the digest cannot be promised (OCI distribution-spec, "Pushing manifests")."""

    class Refuses(Producer):
        def push(self, destination: Destination, options: ProducerOptions) -> Digest:
            if options.digest is not None:
                raise RefusalError("a destination is named by a tag")
            return super().push(destination, options)

    return Toolkit(producer=Refuses, name="variant")


@variant("SENT-PUSH-004", "SENT-PUSH-005", warns=("SENT-PUSH-010",))
def leaves_the_plain_variant_without_a_toc() -> Toolkit:
    """The review's own alternative: the plain counterpart is "~ordinary zstd with no TOC annotations at all" (PR
    681).
    """

    class Bare(Reshaper):
        def single(self, raw: bytes, media_type: str, compression: str, *, variants: bool) -> Plan:
            return self.bared(super().single(raw, media_type, compression, variants=variants))

        def index(self, raw: bytes, compression: str, *, variants: bool) -> Plan:
            return self.bared(super().index(raw, compression, variants=variants))

        def bared(self, plan: Plan) -> Plan:
            """The plain manifests of pairs, without chunk keys."""
            root = decode_object(plan.root.raw, what="root")
            if "manifests" not in root:
                return plan
            new: dict[str, bytes] = {}
            for step in plan.steps:
                if isinstance(step, ManifestStep) and not _has_sentinel(step.raw):
                    new[str(Digest.of(step.raw))] = _without_chunk_keys(step.raw)
            steps = tuple(
                msgspec.structs.replace(step, raw=new.get(str(Digest.of(step.raw)), step.raw))
                if isinstance(step, ManifestStep)
                else step
                for step in plan.steps
            )
            for entry in root["manifests"]:
                if entry["digest"] in new:
                    raw = new[entry["digest"]]
                    entry.update(digest=str(Digest.of(raw)), size=len(raw))
            index = with_member(plan.root.raw.decode(), "manifests", json.dumps(root["manifests"])).encode()
            return Plan(steps, ManifestStep(index, plan.root.media_type, "index"))

    return _toolkit(reshaper=Bare)


@variant("SENT-PUSH-004", "SENT-PUSH-024")
def writes_a_tar_of_its_own() -> Toolkit:
    """A builder commits its own tar: other DiffIDs, the same files, and one additional file (nothing forbids it)."""

    class Rewrites(WholeLayers):
        def tar(self, layer: Descriptor, diff_id: Digest) -> Path:
            raw = super().tar(layer, diff_id).read_bytes()
            return self._store.path(self._store.put(_rewritten(raw)))

    class Own(Converter):
        def __init__(self, source: Any, store: Any) -> None:
            super().__init__(source, store, Rewrites)

        def converted(self, instance: Instance, compression: str) -> Instance:
            new = super().converted(instance, compression)
            if new == instance:
                return instance
            config = decode_object(new.config, what="config")
            layers = read_manifest(instance.raw).view.layers
            pairs = zip(layers, config["rootfs"]["diff_ids"], strict=True)
            tars = [self._whole.tar(layer, Digest.parse(diff_id)).read_bytes() for layer, diff_id in pairs]
            config["rootfs"]["diff_ids"] = [str(Digest.of(tar)) for tar in tars]
            raw = self.add(encode(config))
            manifest = decode_object(new.raw, what="manifest")
            manifest["config"] = {**manifest["config"], "digest": str(Digest.of(raw)), "size": len(raw)}
            return Instance(encode(manifest), raw, new.sentinel)

    return _toolkit(converter=Own)


@variant("SENT-PUSH-012")
def signs_all_of_a_pair() -> Toolkit:
    """By a referrer of each manifest and of the index."""
    return mutants.signs_everything()


@variant(warns=("SENT-PUSH-012",))
def signs_the_root_only() -> Toolkit:
    """As cosign and notation do by default: the root is what they verify."""

    class Signs(Producer):
        def push(self, destination: Destination, options: ProducerOptions) -> Digest:
            digest = super().push(destination, options)
            mutants.sign(self.plan(options).root, destination)
            return digest

    return Toolkit(producer=Signs, name="variant")


@variant("SENT-PUSH-001", "SENT-PUSH-002", "SENT-PUSH-024")
def uploads_in_pieces() -> Toolkit:
    """POST, PATCHes and PUT for every blob (OCI distribution-spec, "Pushing a blob in chunks")."""

    class Pieces(RegistryClient):
        def upload_blob(
            self,
            repository: str,
            content: bytes,
            *,
            digest: str | None = None,
            chunk_size: int | None = None,  # noqa: ARG002
        ) -> Response:
            return super().upload_blob(repository, content, digest=digest, chunk_size=1000)

    return Toolkit(client=Pieces, name="variant")


def _has_sentinel(raw: bytes) -> bool:
    return any("sentinel" in layer.media_type for layer in read_manifest(raw).view.layers)


def _without_chunk_keys(raw: bytes) -> bytes:
    manifest = decode_object(raw, what="manifest")
    for layer in manifest["layers"]:
        kept = {key: value for key, value in (layer.get("annotations") or {}).items() if key not in CHUNK_KEYS}
        layer.pop("annotations", None)
        layer.update({"annotations": kept} if kept else {})
    return encode(manifest)


def _rewritten(tar: bytes) -> bytes:
    """The members in the GNU form, and one more."""
    out = io.BytesIO()
    form = tarfile.GNU_FORMAT
    with tarfile.open(fileobj=io.BytesIO(tar)) as reader, tarfile.open(fileobj=out, mode="w", format=form) as writer:
        for member in reader:
            member.pax_headers = {}
            writer.addfile(member, reader.extractfile(member) if member.isreg() else None)
        own = tarfile.TarInfo("built-by-variant")
        own.mode = 0o644
        writer.addfile(own)
    return out.getvalue()
