"""The protocol of image readers. Implementations do I/O and verify digests; they give no verdicts."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Final, Protocol

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor
from conformance.observed.image import Stored

Place = tuple[int, int]
"""Offset and length of a part, in bytes."""
MAX_LAYER: Final = 256 * 2**30
"""Bytes of a blob: a larger one is not read whole, whatever its descriptor states."""
_PIECE: Final = 2**20


class ImageSource(Protocol):
    """An OCI layout or a repository, and one image in it."""

    @property
    def reference(self) -> str:
        """The text of the user."""

    def root(self) -> Stored:
        """The index or manifest of the reference. Raises SourceError when there is none."""

    def manifest(self, descriptor: Descriptor, limit: int) -> Stored:
        """A manifest by digest, of at most ``limit`` bytes."""

    def blob(self, descriptor: Descriptor, limit: int) -> Stored:
        """A blob by digest, whole, of at most ``limit`` bytes."""

    def part(self, descriptor: Descriptor, offset: int, length: int) -> Stored:
        """``length`` bytes of a blob from ``offset``; they are not verified: the caller has their digest."""

    def parts(self, descriptor: Descriptor, places: Sequence[Place]) -> tuple[Stored, ...]:
        """Several parts of a blob, in one request where possible; ``actual_size`` is that of the blob, if known."""

    def open_blob(self, descriptor: Descriptor) -> AbstractContextManager[BinaryIO | Stored]:
        """A whole blob to be read once, not verified; the problem when it cannot be read."""


class BlobStore(ABC):
    """The part of ImageSource that a store shares which has manifests beside blobs, by digest: a layout, memory."""

    def manifest(self, descriptor: Descriptor, limit: int) -> Stored:
        return self.blob(descriptor, limit)

    def blob(self, descriptor: Descriptor, limit: int) -> Stored:
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            return digest
        stored = self._whole(digest, limit)
        return stored if stored.content is None else verified(stored.content, descriptor, digest)

    def parts(self, descriptor: Descriptor, places: Sequence[Place]) -> tuple[Stored, ...]:
        return tuple(self.part(descriptor, offset, length) for offset, length in places)

    @abstractmethod
    def part(self, descriptor: Descriptor, offset: int, length: int) -> Stored: ...

    @abstractmethod
    def _whole(self, digest: Digest, limit: int) -> Stored:
        """What is stored by this digest, not verified, or the problem."""


def blob_pieces(source: ImageSource, descriptor: Descriptor) -> Iterator[bytes]:
    """A whole blob in pieces, however large; raise FormatError in the end if these are not its bytes."""
    digest = Digest.parse(descriptor.digest)
    hasher, size = hashlib.new(digest.algorithm), 0
    with source.open_blob(descriptor) as opened:
        if isinstance(opened, Stored):
            raise FormatError(opened.detail)
        while size <= descriptor.size and (piece := opened.read(_PIECE)):
            hasher.update(piece)
            size += len(piece)
            yield piece
    if size != descriptor.size:
        shorter = "shorter" if size < descriptor.size else "longer"
        raise FormatError(f"the blob is {shorter} than the {descriptor.size} bytes of its descriptor")
    if hasher.hexdigest() != digest.hex:
        raise FormatError(f"the stored bytes have digest {digest.algorithm}:{hasher.hexdigest()}")


def most_of(descriptor: Descriptor) -> int:
    """The maximum number of bytes read of a blob: more than described, so that a larger blob is detected."""
    return min(max(descriptor.size, 0) + MAX_DOCUMENT, MAX_LAYER)


def parse_digest(descriptor: Descriptor) -> Digest | Stored:
    """The digest of the descriptor, or the problem if it is invalid."""
    try:
        return Digest.parse(descriptor.digest)
    except FormatError as error:
        return Stored(problem="no-digest", detail=error.what)


def verified(content: bytes, descriptor: Descriptor, digest: Digest, *, media_type: str = "") -> Stored:
    """``content`` as Stored if it matches the descriptor, else with the problem (and no content)."""
    actual = Digest.of(content, digest.algorithm)
    if actual != digest:
        return Stored(
            problem="digest-mismatch",
            detail=f"the stored bytes have digest {actual}",
            actual_digest=actual,
            actual_size=len(content),
            media_type=media_type,
        )
    if len(content) != descriptor.size:
        return Stored(
            content=content,
            problem="size-mismatch",
            detail=f"the stored bytes are {len(content)}, the descriptor states {descriptor.size}",
            actual_digest=actual,
            actual_size=len(content),
            media_type=media_type,
        )
    return Stored(content, actual_digest=actual, actual_size=len(content), media_type=media_type)
