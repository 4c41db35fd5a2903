"""The copier: copies byte for byte, or recompresses and strips the sentinel (docs/format.md sections 5 and 19)."""

import json

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT, decode_object
from conformance.format.media_types import GZIP
from conformance.format.names import DOCKER_MANIFEST_TYPE, INDEX_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor, Platform, is_index, read_index
from conformance.format.splice import with_member
from conformance.reference.compression import CHUNKED
from conformance.reference.convert import Converter, Instance
from conformance.reference.errors import RefusalError
from conformance.reference.reading import content_of
from conformance.reference.reshape import Reshaper
from conformance.reference.store import ContentStore
from conformance.reference.transfer import Destination, ManifestStep, Plan, Step, Transfer, instance_steps
from conformance.reference.whole import MAX_BLOB
from conformance.sources.source import ImageSource

MAX_DEPTH = 3
MAX_MANIFESTS = 1024


class CopierOptions(msgspec.Struct, frozen=True):
    """``compression`` "": byte for byte. ``digest``: the digest that names the destination, if any.

    ``to_docker``: as a Docker schema 2 image, always gzip here. ``platform``: only the entries of this platform of an
    index, both of a pair (SENT-STRIP-021).
    """

    compression: str = ""
    preserve_digests: bool = False
    digest: Digest | None = None
    to_docker: bool = False
    platform: Platform | None = None


class Copier:
    """Copies one image; an index is copied with everything that it names."""

    converter: type[Converter] = Converter
    reshaper: type[Reshaper] = Reshaper
    transfer: type[Transfer] = Transfer

    def __init__(self, source: ImageSource, store: ContentStore) -> None:
        self._source, self._store = source, store

    def copy(self, destination: Destination, options: CopierOptions) -> Digest:
        """Copy, and return the digest under the tag. Nothing is sent before the whole copy is known to be permitted."""
        return deliver(self.plan(options), destination, options.digest, self.transfer())

    def plan(self, options: CopierOptions) -> Plan:
        """A plan for a copy byte for byte or in another compression; refused when it changes a digest to preserve."""
        if not options.compression and not options.to_docker:
            plan = self.copy_plan()
            return plan if options.platform is None else self.part(plan, options.platform)
        converter = self.converter(self._source, self._store)
        if options.to_docker:
            plan = self.docker_plan(converter)
            if options.preserve_digests:
                self.refuse_changes(plan)
            return plan
        variants = options.compression == CHUNKED and not options.preserve_digests and options.digest is None
        plan = self.reshaper(self._source, converter).plan(options.compression, variants=variants)
        if options.preserve_digests:
            self.refuse_changes(plan)
        return plan

    def refuse_changes(self, plan: Plan) -> None:
        """Refuse a plan that changes a digest to preserve, before anything is written (SENT-STRIP-007)."""
        root = content_of(self._source.root(), self._source.reference)
        if plan.root.raw != root:
            kept = Digest.of(root)
            raise RefusalError(f"the digest {kept} is to be preserved; this compression would make it {plan.digest}")

    def copy_plan(self) -> Plan:
        """Everything that the root names, byte for byte (SENT-STRIP-008, SENT-STRIP-015, SENT-STRIP-016)."""
        stored = self._source.root()
        raw = content_of(stored, self._source.reference)
        fields = decode_object(raw, what="the root document")
        guess = INDEX_TYPE if is_index(fields) else MANIFEST_TYPE
        media_type = str(fields.get("mediaType") or stored.media_type or guess)
        steps = self._below(raw, media_type)
        return Plan(tuple(steps[:-1]), ManifestStep(raw, media_type))

    def part(self, plan: Plan, platform: Platform) -> Plan:
        """The index with the entries of one platform, and everything that they name."""
        fields = decode_object(plan.root.raw, what="the root document")
        if not is_index(fields):
            return plan
        entries = zip(fields["manifests"], read_index(plan.root.raw).view.manifests, strict=True)
        kept = [(raw, entry) for raw, entry in entries if entry.platform is None or _is_of(entry.platform, platform)]
        steps: list[Step] = []
        for _, entry in kept:
            content = content_of(self._source.manifest(entry, MAX_DOCUMENT), f"manifest {entry.digest}")
            steps += self._below(content, entry.media_type, 1)
        listed = json.dumps([raw for raw, _ in kept], ensure_ascii=False, separators=(",", ":"))
        root = with_member(plan.root.raw.decode(), "manifests", listed).encode()
        return Plan(tuple(steps), ManifestStep(root, plan.root.media_type, "index"))

    def docker_plan(self, converter: Converter) -> Plan:
        """A Docker schema 2 image, without the sentinel (SENT-STRIP-012); lists are refused (SENT-STRIP-017)."""
        raw = content_of(self._source.root(), self._source.reference)
        if is_index(decode_object(raw, what="the root document")):
            raise RefusalError("a Docker manifest list has no annotations: its variants could not be told apart")
        instance = converter.read(raw)
        made = converter.docker(converter.converted(self.plain(instance, converter), GZIP))
        steps = list(instance_steps(made, DOCKER_MANIFEST_TYPE, converter.load))
        return Plan(tuple(steps[:-1]), ManifestStep(made, DOCKER_MANIFEST_TYPE))

    def plain(self, instance: Instance, converter: Converter) -> Instance:
        """The image without a sentinel."""
        return converter.stripped(instance) if instance.sentinel else instance

    def _below(self, raw: bytes, media_type: str, depth: int = 0) -> list[Step]:
        """The steps for everything that a document names, and for the document as the last one."""
        if not is_index(decode_object(raw, what="manifest")):
            return list(instance_steps(raw, media_type, self.load))
        if depth == MAX_DEPTH:
            raise RefusalError(f"indexes in indexes, more than {MAX_DEPTH} deep")
        entries = read_index(raw).view.manifests
        if len(entries) > MAX_MANIFESTS:
            raise RefusalError(f"an index of {len(entries)} entries; at most {MAX_MANIFESTS} are copied")
        steps: list[Step] = []
        for entry in entries:
            content = content_of(self._source.manifest(entry, MAX_DOCUMENT), f"manifest {entry.digest}")
            steps += self._below(content, entry.media_type, depth + 1)
        return [*steps, ManifestStep(raw, media_type, "index")]

    def load(self, blob: Descriptor) -> bytes:
        """The verified bytes of a blob of the source."""
        return content_of(self._source.blob(blob, MAX_BLOB), f"blob {blob.digest}")


def _is_of(found: Platform, wanted: Platform) -> bool:
    return (found.os, found.architecture) == (wanted.os, wanted.architecture)


def deliver(plan: Plan, destination: Destination, digest: Digest | None, transfer: Transfer) -> Digest:
    """Send a plan, and return the digest of its root, which must be ``digest`` if given."""
    if digest is not None and Digest.of(plan.root.raw, digest.algorithm) != digest:
        raise RefusalError(f"the destination is named by the digest {digest}, and the image would have {plan.digest}")
    transfer.send(plan, destination)
    return plan.digest
