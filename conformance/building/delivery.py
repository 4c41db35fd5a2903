"""Sends an image: blobs before the manifests that name them, the tag last (SENT-PUSH-001, SENT-PUSH-025).

Blobs of any size are sent in pieces, and existing blobs are not sent again: the next run continues an interrupted one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec

from conformance.building.download import BlobDownload
from conformance.building.layout import LayoutWriter
from conformance.building.upload import BlobUpload
from conformance.format.digest import Digest
from conformance.format.document import decode_object
from conformance.format.oci import Descriptor, is_index, read_index
from conformance.reference.errors import RefusalError
from conformance.reference.transfer import BlobStep, ManifestStep, Plan, RegistryDestination, Transfer
from conformance.registry.client.client import RegistryClient
from conformance.sources.reference import RegistryReference
from conformance.sources.source import ImageSource, blob_pieces

# OCI image-spec, layer.md, "Non-Distributable Layers", and the Docker type: the registry need not have their content.
_ELSEWHERE: Final = ("application/vnd.oci.image.layer.nondistributable", "application/vnd.docker.image.rootfs.foreign")

Pieces = Callable[[Descriptor], Iterable[bytes]]


class Sent(msgspec.Struct, frozen=True):
    """The result of a delivery: the number of sent blobs and their bytes, and of blobs that existed."""

    blobs: int
    size: int
    present: int
    left_out: int


class Target(Protocol):
    """The destination of an image. Every method raises RefusalError or BuildError with the destination's message."""

    def has_blob(self, digest: str) -> bool: ...

    def send_blob(self, blob: Descriptor, pieces: Pieces) -> None: ...

    def put_manifest(self, manifest: ManifestStep) -> None: ...

    def put_root(self, root: ManifestStep) -> None: ...


def bytes_of(plan: Plan) -> int:
    """The number of bytes of all blobs of a plan."""
    return sum(max(step.blob.size, 0) for step in plan.steps if isinstance(step, BlobStep))


def deliver(plan: Plan, target: Target, pieces: Pieces, on_skipped: Callable[[int], None] = lambda _: None) -> Sent:
    """Execute a plan; the tag is changed when everything else is present.

    ``on_skipped`` is called with the size of each blob that is not sent because it exists.
    """
    blobs = size = present = left_out = 0
    _expect_sha256(plan.root)
    for step in Transfer().ordered(plan):
        if isinstance(step, ManifestStep):
            _expect_sha256(step)
            target.put_manifest(step)
        elif target.has_blob(step.blob.digest):
            present += 1
            on_skipped(step.blob.size)
        elif _is_elsewhere(step):
            left_out += 1
            on_skipped(step.blob.size)
        else:
            target.send_blob(step.blob, pieces)
            blobs, size = blobs + 1, size + step.blob.size
    target.put_root(plan.root)
    return Sent(blobs, size, present, left_out)


def pieces_of(
    source: ImageSource, made: Mapping[str, bytes], on_bytes: Callable[[int], None] = lambda _: None
) -> Pieces:
    """The verified bytes of a blob that was created here, or of the source."""

    def pieces(blob: Descriptor) -> Iterator[bytes]:
        for piece in (made[blob.digest],) if blob.digest in made else blob_pieces(source, blob):
            on_bytes(len(piece))
            yield piece

    return pieces


class RegistryTarget(RegistryDestination):
    """A repository, and a tag or a digest in it."""

    def __init__(self, client: RegistryClient, reference: RegistryReference) -> None:
        super().__init__(client, reference)
        self._upload = BlobUpload(client, reference.repository)

    def send_blob(self, blob: Descriptor, pieces: Pieces) -> None:
        self._expect(self._upload.send(blob, pieces(blob)), f"blob {blob.digest}")


class LayoutTarget:
    """An OCI layout, and a name in it; ``replace``: the digest of the entry that the new root replaces."""

    def __init__(self, layout: LayoutWriter, name: str, replace: str = "") -> None:
        self._layout, self._name, self._replace = layout, name, replace

    def has_blob(self, digest: str) -> bool:
        return self._layout.store.has(Digest.parse(digest))

    def send_blob(self, blob: Descriptor, pieces: Pieces) -> None:
        digest = Digest.parse(blob.digest)
        with self._layout.store.writing(digest.algorithm) as writing:
            for piece in pieces(blob):
                writing.write(piece)
            if writing.digest != digest:
                raise RefusalError(f"blob {digest}: its bytes have the digest {writing.digest}")
            writing.commit(digest)

    def put_manifest(self, manifest: ManifestStep) -> None:
        self._layout.store.put(manifest.raw)

    def put_root(self, root: ManifestStep) -> None:
        digest = self._layout.store.put(root.raw)
        described = Descriptor(root.media_type, str(digest), len(root.raw))
        if self._replace:
            self._layout.exchange(self._replace, described, self._name)
        else:
            self._layout.tag(described, self._name)


class PulledLayout(LayoutTarget):
    """A layout whose blobs are downloaded from a registry; interrupted downloads are continued."""

    def __init__(self, layout: LayoutWriter, name: str, download: BlobDownload) -> None:
        super().__init__(layout, name)
        self._download = download

    def send_blob(self, blob: Descriptor, pieces: Pieces) -> None:  # noqa: ARG002 - it has its own way
        path: Path = self._download.fetch(blob)
        self._layout.store.adopt(path, Digest.parse(blob.digest))


def _is_elsewhere(step: BlobStep) -> bool:
    return step.blob.media_type.startswith(_ELSEWHERE)


def _expect_sha256(step: ManifestStep) -> None:
    """Refuse an entry of another algorithm, because manifests are stored under sha256 here."""
    if is_index(decode_object(step.raw, what="manifest")):
        for entry in read_index(step.raw).view.manifests:
            if not entry.digest.startswith("sha256:"):
                raise RefusalError(f"an index entry is named {entry.digest[:90]}; only sha256 is copied")
