"""Sending an image: blobs before the manifests that name them, the tag last (SENT-PUSH-001, SENT-PUSH-025).

Blobs of any size go in pieces, and those that are there are not sent again: a run that was interrupted is continued by
the next one.
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

# OCI image-spec, layer.md, "Non-Distributable Layers", and the Docker type: their content may be elsewhere only.
_ELSEWHERE: Final = ("application/vnd.oci.image.layer.nondistributable", "application/vnd.docker.image.rootfs.foreign")

Pieces = Callable[[Descriptor], Iterable[bytes]]


class Sent(msgspec.Struct, frozen=True):
    """What a delivery came to: blobs that were sent with their bytes, and blobs that were there."""

    blobs: int
    size: int
    present: int
    left_out: int


class Target(Protocol):
    """Where an image goes. Every method raises RefusalError or BuildError with the words of the other side."""

    def has_blob(self, digest: str) -> bool: ...

    def send_blob(self, blob: Descriptor, pieces: Pieces) -> None: ...

    def put_manifest(self, manifest: ManifestStep) -> None: ...

    def put_root(self, root: ManifestStep) -> None: ...


def bytes_of(plan: Plan) -> int:
    """Bytes of all blobs of a plan."""
    return sum(max(step.blob.size, 0) for step in plan.steps if isinstance(step, BlobStep))


def deliver(plan: Plan, target: Target, pieces: Pieces, on_skipped: Callable[[int], None] = lambda _: None) -> Sent:
    """Carry out a plan; the tag is changed when everything else is there.

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
    """The verified bytes of a blob: of one that was created here, or of the source."""

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
    """An OCI layout, and a name in it; ``replace``: the digest of the entry that the new root takes the place of."""

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
    """A layout whose blobs come from a registry, by downloads that are continued."""

    def __init__(self, layout: LayoutWriter, name: str, download: BlobDownload) -> None:
        super().__init__(layout, name)
        self._download = download

    def send_blob(self, blob: Descriptor, pieces: Pieces) -> None:  # noqa: ARG002 - it has its own way
        path: Path = self._download.fetch(blob)
        self._layout.store.adopt(path, Digest.parse(blob.digest))


def _is_elsewhere(step: BlobStep) -> bool:
    return step.blob.media_type.startswith(_ELSEWHERE)


def _expect_sha256(step: ManifestStep) -> None:
    """Manifests are stored under sha256 here: an entry of another algorithm would lead nowhere."""
    if is_index(decode_object(step.raw, what="manifest")):
        for entry in read_index(step.raw).view.manifests:
            if not entry.digest.startswith("sha256:"):
                raise RefusalError(f"an index entry is named {entry.digest[:90]}; only sha256 is copied")
