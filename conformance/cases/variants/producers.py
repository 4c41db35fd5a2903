"""Conforming producers: the reference with another choice, each a ``Toolkit``."""

import io
import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from conformance.cases.mutants import producers as mutants
from conformance.cases.mutants.producer_parts import rewriting, sign
from conformance.cases.variants.bare_twins import PairsWithoutToc
from conformance.format.assembled import describe, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.errors import FormatError
from conformance.format.media_types import ZSTD
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor
from conformance.reference.convert import Converter
from conformance.reference.errors import RefusalError
from conformance.reference.producer import Producer, ProducerOptions
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import (
    BlobStep,
    Destination,
    ManifestStep,
    Plan,
    RegistryDestination,
    Step,
    Transfer,
)
from conformance.registry.client.client import RegistryClient, Response
from conformance.registry.client.ranges import Range
from conformance.requirements import variant

Json = dict[str, Any]


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
    """An alternative of the review: the plain counterpart is "~ordinary zstd with no TOC annotations at all" (PR
    681).
    """

    return _toolkit(reshaper=PairsWithoutToc)


@variant("SENT-PUSH-004", "SENT-PUSH-024")
def writes_a_tar_of_its_own() -> Toolkit:
    """A builder writes its own tar: other DiffIDs, the same files, and one additional file (no source forbids it)."""

    return _toolkit(converter=rewriting(_rewritten))


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
            sign(self.plan(options).root, destination)
            return digest

    return Toolkit(producer=Signs, name="variant")


@variant("SENT-PUSH-012")
def signs_in_another_place() -> Toolkit:
    """A lookaside, or an extension of the registry, holds the signatures (containers-registries.d(5)): none is seen."""
    return Toolkit(name="variant")


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


@variant("SENT-PUSH-001", "SENT-PUSH-002", "SENT-PUSH-003")
def mounts_before_it_uploads() -> Toolkit:
    """A mount without ``from`` is a probe too; 202 starts an upload (OCI distribution-spec, "Mounting")."""

    class Mounts(RegistryClient):
        def head_blob(self, repository: str, digest: str) -> Response:
            query = urlencode({"mount": digest})
            response = self.request("POST", f"/v2/{repository}/blobs/uploads/?{query}", body=b"")
            return msgspec.structs.replace(response, status=200 if response.status == 201 else 404)

    return Toolkit(client=Mounts, name="variant")


@variant("SENT-PUSH-003")
def asks_by_a_get_of_one_byte() -> Toolkit:
    """GET reports too whether a blob is present (OCI distribution-spec, "Pulling blobs")."""

    class Gets(RegistryClient):
        def head_blob(self, repository: str, digest: str) -> Response:
            response = self.get_blob(repository, digest, ranges=[Range(0, 0)], max_bytes=64 * 2**20)
            return msgspec.structs.replace(response, status=200 if response.status == 206 else response.status)

    return Toolkit(client=Gets, name="variant")


@variant("SENT-PUSH-001", "SENT-PUSH-002", "SENT-PUSH-024")
def uploads_blobs_at_the_same_time() -> Toolkit:
    """Several uploads at once, then the manifests (OCI distribution-spec orders only blobs before manifests)."""

    class AtOnce(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            steps = self.ordered(plan)
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda step: self.send_blob(step, destination), steps))
            for step in steps:
                if isinstance(step, ManifestStep):
                    destination.put_manifest(step)
            destination.put_root(plan.root)

        def send_blob(self, step: Step, destination: Destination) -> None:
            if isinstance(step, BlobStep) and self.must_upload(step, destination):
                destination.put_blob(step.blob.digest, step.load(step.blob))

    return _toolkit(transfer=AtOnce)


@variant("SENT-PUSH-002", "SENT-PUSH-003")
def asks_for_each_layer_again() -> Toolkit:
    """Each instance probes all of its blobs, and skips those present (OCI distribution-spec does not limit HEAD)."""

    class Again(Transfer):
        def ordered(self, plan: Plan) -> Sequence[Step]:
            return plan.steps

    return _toolkit(transfer=Again)


@variant("SENT-PUSH-001", "SENT-PUSH-011", "SENT-PUSH-024")
def pushes_the_index_by_digest_and_tags_it_last() -> Toolkit:
    """All of an image is present under digests before the tag moves (OCI distribution-spec, "Pushing manifests")."""

    class TagsLast(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            super().send(Plan((*plan.steps, plan.root), plan.root), destination)

    return _toolkit(transfer=TagsLast)


@variant("SENT-PUSH-001", "SENT-PUSH-012", "SENT-PUSH-024")
def attaches_a_manifest_to_what_it_pushed() -> Toolkit:
    """A provenance or an inventory as a referrer of the root (OCI distribution-spec, "Listing Referrers")."""

    class Attaches(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            super().send(plan, destination)
            empty = b"{}"
            blob = describe(empty, "application/vnd.oci.empty.v1+json")
            if not destination.has_blob(blob["digest"]):
                destination.put_blob(blob["digest"], empty)
            artifact = manifest_of(blob, [blob], artifact_type="application/vnd.example.sbom")
            raw = encode({**artifact, "subject": describe(plan.root.raw, plan.root.media_type)})
            destination.put_manifest(ManifestStep(raw, MANIFEST_TYPE))

    return _toolkit(transfer=Attaches)


@variant("SENT-PUSH-001", "SENT-PUSH-012", "SENT-PUSH-024")
def attaches_a_manifest_under_a_tag_of_its_own() -> Toolkit:
    """By the tag ``sha256-HEX``, where registries have no referrers (OCI distribution-spec, "Referrers Tag Schema")."""

    class Tags(Transfer):
        def send(self, plan: Plan, destination: Destination) -> None:
            super().send(plan, destination)
            if isinstance(destination, RegistryDestination):
                raw = encode({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []})
                tag = str(Digest.of(plan.root.raw)).replace(":", "-")
                client, repository = destination._client, destination._reference.repository
                client.put_manifest_raw(repository, tag, raw, INDEX_TYPE)

    return _toolkit(transfer=Tags)


@variant("TOC-016", "SENT-PUSH-001", "SENT-PUSH-024")
def makes_no_sentinels() -> Toolkit:
    """Plain zstd:chunked only: no source requires sentinel variants (PR 681 is not merged)."""

    class Plain(Producer):
        def push(self, destination: Destination, options: ProducerOptions) -> Digest:
            return super().push(destination, msgspec.structs.replace(options, sentinel=False))

    return Toolkit(producer=Plain, name="variant")


@variant("TOC-016", "SENT-PUSH-007", "SENT-PUSH-024")
def writes_what_no_toc_holds_without_a_toc() -> Toolkit:
    """A tar with a name that is not UTF-8, a sparse file, …, as a plain zstd layer (image-spec layer.md allows it)."""

    class WithoutToc(Converter):
        def _write(self, layer: Descriptor, diff_id: Digest, compression: str) -> Json:
            try:
                return super()._write(layer, diff_id, compression)
            except FormatError:
                return super()._write(layer, diff_id, ZSTD)

    return _toolkit(converter=WithoutToc)


def _rewritten(tar: bytes) -> bytes:
    """The members in the GNU form, and one additional member."""
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


SIGNERS: Final = (signs_all_of_a_pair, signs_the_root_only, signs_in_another_place)
"""Their adapter declares the option ``sign``."""
KNOW_NO_SENTINELS: Final[tuple[Callable[[], Toolkit], ...]] = (makes_no_sentinels,)
"""These claim the profile layer-producer: what only tools that make sentinel variants owe does not bind them."""
