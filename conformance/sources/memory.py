"""An image in memory: for tests, properties and mutants."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from conformance.format.digest import Digest
from conformance.format.oci import Descriptor
from conformance.observed.image import Stored
from conformance.sources.source import Place, parse_digest, verified


class MemorySource:
    """Blobs by digest text, and the bytes of the root document; implements ImageSource."""

    def __init__(self, blobs: Mapping[str, bytes], root: bytes, reference: str = "memory") -> None:
        self._blobs, self._root, self._reference = blobs, root, reference

    @property
    def reference(self) -> str:
        return self._reference

    def root(self) -> Stored:
        return Stored(self._root, actual_digest=Digest.of(self._root), actual_size=len(self._root))

    def manifest(self, descriptor: Descriptor, limit: int) -> Stored:
        return self.blob(descriptor, limit)

    def blob(self, descriptor: Descriptor, limit: int) -> Stored:
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            return digest
        content = self._blobs.get(descriptor.digest)
        if content is None:
            return Stored(problem="missing", detail="no such blob", actual_size=0)
        if len(content) > limit:
            return Stored(problem="too-large", detail=f"{len(content)} bytes", actual_size=len(content))
        return verified(content, descriptor, digest)

    def part(self, descriptor: Descriptor, offset: int, length: int) -> Stored:
        content = self._blobs.get(descriptor.digest)
        if content is None:
            return Stored(problem="missing", detail="no such blob")
        return Stored(content[offset : offset + length], actual_size=len(content))

    def parts(self, descriptor: Descriptor, places: Sequence[Place]) -> tuple[Stored, ...]:
        return tuple(self.part(descriptor, offset, length) for offset, length in places)

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[BinaryIO | Stored]:
        content = self._blobs.get(descriptor.digest)
        yield Stored(problem="missing", detail="no such blob") if content is None else io.BytesIO(content)
