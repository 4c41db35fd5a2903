"""Fetches the contents of a layer by TOC: only missing contents, with every chunk and file verified."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.format.decompress import iterate
from conformance.format.errors import FormatError
from conformance.reference.errors import RefusalError
from conformance.reference.plan import Chunk, Item
from conformance.reference.ranges import BlobRanges, Span
from conformance.reference.store import ContentStore, Writing

BATCH: Final = 64 * 2**20
"""Compressed bytes in memory at a time, unless one chunk alone is longer."""
MAX_KEPT_CHUNK: Final = 16 * 2**20
"""Bytes: a chunk of at most this size is also stored by itself, for files that share it."""
_PIECE: Final = 2**20

Fetched = dict[Span, bytes]


class ContentFetcher:
    """Fetches the contents of all items into the store."""

    def __init__(self, store: ContentStore) -> None:
        self._store = store

    def fetch(self, items: Sequence[Item], ranges: BlobRanges) -> None:
        """Fetch all contents. Raise RefusalError or FormatError for a content that differs from the TOC."""
        missing: dict[object, Item] = {item.digest: item for item in items if item.digest and not self.has(item)}
        for batch in self._batches(list(missing.values())):
            spans = [chunk.span for item in batch for chunk in item.chunks if self.must_fetch(chunk)]
            fetched = ranges.fetch(spans) if spans else {}
            for item in batch:
                self.keep(item, fetched)

    def has(self, item: Item) -> bool:
        """Whether the store has this content, verified."""
        return item.digest is not None and self._store.has(item.digest)

    def must_fetch(self, chunk: Chunk) -> bool:
        """Whether a chunk has to be fetched: not for zeros, nor for a chunk that another file shares."""
        return not chunk.zeros and not (chunk.digest and self._store.has(chunk.digest))

    def keep(self, item: Item, fetched: Fetched) -> None:
        """Assemble a file, verify it, and store it under its digest."""
        algorithm = item.digest.algorithm if item.digest else "sha256"
        with self._store.writing(algorithm) as writing:
            for chunk in item.chunks:
                self.verify_chunk(item, chunk, self._chunk(chunk, fetched, writing))
            self.verify_file(item, writing)
            writing.commit(item.digest)

    def _chunk(self, chunk: Chunk, fetched: Fetched, writing: Writing) -> str:
        """Write one chunk; return the hex digest of the written bytes, in the algorithm of the chunk's digest."""
        hasher = hashlib.new(chunk.digest.algorithm if chunk.digest else "sha256")
        for piece in self.content(chunk, fetched):
            hasher.update(piece)
            writing.write(piece)
        return hasher.hexdigest()

    def content(self, chunk: Chunk, fetched: Fetched) -> Iterator[bytes]:
        """The bytes of a chunk, of exactly its size."""
        if chunk.zeros:
            for start in range(0, chunk.size, _PIECE):
                yield bytes(min(_PIECE, chunk.size - start))
        elif chunk.digest and chunk.span not in fetched:
            yield from self._store.pieces(chunk.digest)
        elif chunk.digest and chunk.size <= MAX_KEPT_CHUNK:
            content = b"".join(self.decompress(fetched[chunk.span], chunk.size))
            self._store.put(content, chunk.digest.algorithm)
            yield content
        else:
            yield from self.decompress(fetched[chunk.span], chunk.size)

    def decompress(self, compressed: bytes, size: int) -> Iterator[bytes]:
        """The content of all frames of a chunk, at most its size (SEC-004)."""
        found = 0
        for piece in iterate(compressed, limit=size, what="a chunk"):
            found += len(piece)
            yield piece
        if found != size:
            raise FormatError(f"a chunk has {found} bytes; the TOC states {size}")

    def verify_chunk(self, item: Item, chunk: Chunk, found: str) -> None:
        """Verify the digest of the chunk, where it has one (SENT-PULL-009)."""
        if chunk.digest and chunk.digest.hex != found:
            raise RefusalError(f"{item.entry.name!r}: the chunk at byte {chunk.span.start} does not have its digest")

    def verify_file(self, item: Item, writing: Writing) -> None:
        """Verify digest and size of the file (SENT-PULL-009)."""
        if writing.digest != item.digest or writing.size != item.entry.size:
            raise RefusalError(
                f"{item.entry.name!r}: {writing.size} bytes with the digest {writing.digest} came; "
                f"the TOC states {item.entry.size} bytes with {item.digest}"
            )

    def _batches(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        batch: list[Item] = []
        size = 0
        for item in items:
            own = sum(chunk.span.size for chunk in item.chunks)
            if batch and size + own > BATCH:
                yield batch
                batch, size = [], 0
            batch.append(item)
            size += own
        if batch:
            yield batch
