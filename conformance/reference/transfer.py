"""Sends an image: blobs before the manifests that name them, the root last (SENT-PUSH-001, SENT-PUSH-025)."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from conformance.format.digest import Digest
from conformance.format.oci import Descriptor, read_manifest
from conformance.reference.errors import RefusalError
from conformance.registry.client.client import RegistryClient, Response
from conformance.sources.layout import write_layout
from conformance.sources.reference import RegistryReference
from conformance.sources.remote import explain_status

_CREATED = frozenset({200, 201, 202})

Load = Callable[[Descriptor], bytes]


class BlobStep(msgspec.Struct, frozen=True):
    """A blob to send; ``load`` returns its verified bytes."""

    blob: Descriptor
    load: Load


class ManifestStep(msgspec.Struct, frozen=True):
    """A manifest to send under its digest."""

    raw: bytes
    media_type: str
    what: str = "manifest"


Step = BlobStep | ManifestStep


class Plan(msgspec.Struct, frozen=True):
    """The steps in order, and the ``root`` for the tag."""

    steps: tuple[Step, ...]
    root: ManifestStep

    @property
    def digest(self) -> Digest:
        return Digest.of(self.root.raw)


class Destination(Protocol):
    """The destination of an image. Every method raises RefusalError with the message of the destination."""

    def has_blob(self, digest: str) -> bool: ...

    def put_blob(self, digest: str, content: bytes) -> None: ...

    def put_manifest(self, manifest: ManifestStep) -> None: ...

    def put_root(self, root: ManifestStep) -> None: ...


class Transfer:
    """Executes a plan; a defect may override any step."""

    def send(self, plan: Plan, destination: Destination) -> None:
        """Send a plan; stop at the first refusal, so that the tag is unchanged."""
        for step in self.ordered(plan):
            if isinstance(step, ManifestStep):
                destination.put_manifest(step)
            elif self.must_upload(step, destination):
                destination.put_blob(step.blob.digest, step.load(step.blob))
        destination.put_root(plan.root)

    def ordered(self, plan: Plan) -> Sequence[Step]:
        """The steps without duplicates, blobs before their manifest."""
        return tuple({_key(step): step for step in plan.steps}.values())

    def must_upload(self, step: BlobStep, destination: Destination) -> bool:
        """Whether a blob has to be uploaded, by a HEAD request (SENT-PUSH-003)."""
        return not destination.has_blob(step.blob.digest)


def instance_steps(raw: bytes, media_type: str, load: Load, what: str = "manifest") -> Iterator[Step]:
    """The steps for the blobs of one image manifest, and for the manifest."""
    manifest = read_manifest(raw).view
    for descriptor in (*manifest.layers, manifest.config):
        yield BlobStep(descriptor, load)
    yield ManifestStep(raw, media_type, what)


class RegistryDestination:
    """A repository, and a tag or a digest in it."""

    def __init__(self, client: RegistryClient, reference: RegistryReference) -> None:
        self._client, self._reference = client, reference

    def has_blob(self, digest: str) -> bool:
        response = self._client.head_blob(self._reference.repository, digest)
        if response.status not in (200, 404):
            raise RefusalError(f"requesting blob {digest}: {explain_status(response)}")
        return response.status == 200

    def put_blob(self, digest: str, content: bytes) -> None:
        self._expect(self._client.upload_blob(self._reference.repository, content, digest=digest), f"blob {digest}")

    def put_manifest(self, manifest: ManifestStep) -> None:
        self._put(manifest, str(Digest.of(manifest.raw)))

    def put_root(self, root: ManifestStep) -> None:
        self._put(root, self._reference.reference)

    def _put(self, manifest: ManifestStep, reference: str) -> None:
        repository = self._reference.repository
        response = self._client.put_manifest_raw(repository, reference, manifest.raw, manifest.media_type)
        self._expect(response, f"the {manifest.what} ({manifest.media_type})")
        stored = response.header("Docker-Content-Digest")
        if stored and stored != str(Digest.of(manifest.raw)) and stored.startswith("sha256:"):
            raise RefusalError(f"the registry stored the {manifest.what} under {stored}, which is not its digest")

    def _expect(self, response: Response, what: str) -> None:
        if response.status not in _CREATED:
            raise RefusalError(f"the registry rejects {what}: {_words(response)}; the tag is left as it was")


class LayoutDestination:
    """A new OCI layout directory, written when all content is present."""

    def __init__(self, directory: Path, tag: str = "latest") -> None:
        self._directory, self._tag = directory, tag
        self._blobs: dict[str, bytes] = {}

    def has_blob(self, digest: str) -> bool:
        return digest in self._blobs

    def put_blob(self, digest: str, content: bytes) -> None:
        self._blobs[digest] = content

    def put_manifest(self, manifest: ManifestStep) -> None:
        self._blobs[str(Digest.of(manifest.raw))] = manifest.raw

    def put_root(self, root: ManifestStep) -> None:
        if (self._directory / "index.json").exists():
            raise RefusalError(f"{self._directory.name}: there is a layout already")
        self.put_manifest(root)
        described = Descriptor(root.media_type, str(Digest.of(root.raw)), len(root.raw))
        write_layout(self._directory, self._blobs, described, self._tag)


def _key(step: Step) -> str:
    return step.blob.digest if isinstance(step, BlobStep) else str(Digest.of(step.raw))


def _words(response: Response) -> str:
    """The status, and the first error of the body (OCI distribution-spec, "Error Codes")."""
    try:
        error = json.loads(response.content)["errors"][0]
        words = f"{error.get('code', '')} {error.get('message', '')}".strip()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        words = ""
    printable = "".join(character for character in words[:200] if character.isprintable())
    return f"HTTP {response.status}" + (f" {printable}" if printable else "")
