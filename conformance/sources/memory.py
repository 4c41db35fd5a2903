"""An image in memory: for tests, properties and mutants."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from conformance.format.digest import Digest
from conformance.format.oci import Descriptor
from conformance.observed.image import Stored
from conformance.sources.source import BlobStore


class MemorySource(BlobStore):
    """Blobs by digest text, and the bytes of the root document; implements ImageSource."""

    def __init__(self, blobs: Mapping[str, bytes], root: bytes, reference: str = "memory") -> None:
        self._blobs, self._root, self._reference = blobs, root, reference

    @property
    def reference(self) -> str:
        return self._reference

    def root(self) -> Stored:
        return Stored(self._root, actual_digest=Digest.of(self._root), actual_size=len(self._root))

    def _whole(self, digest: Digest, limit: int) -> Stored:
        content = self._blobs.get(str(digest))
        if content is None:
            return Stored(problem="missing", detail="no such blob", actual_size=0)
        if len(content) > limit:
            return Stored(problem="too-large", detail=f"{len(content)} bytes", actual_size=len(content))
        return Stored(content)

    def part(self, descriptor: Descriptor, offset: int, length: int) -> Stored:
        content = self._blobs.get(descriptor.digest)
        if content is None:
            return Stored(problem="missing", detail="no such blob")
        return Stored(content[offset : offset + length], actual_size=len(content))

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[BinaryIO | Stored]:
        content = self._blobs.get(descriptor.digest)
        yield Stored(problem="missing", detail="no such blob") if content is None else io.BytesIO(content)
