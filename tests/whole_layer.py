"""A whole layer read at once."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from conformance.format.tarsplit import Record
from conformance.format.toc import Toc
from conformance.observed.layer import WholeLayer
from conformance.sources.pipeline import LayerReader
from conformance.sources.unpacking import BlobBounds, Progress


class Bounds(NamedTuple):
    """Bytes of tar and of blob at most; the algorithm of the blob's digest."""

    tar: int
    blob: int
    algorithm: str = "sha256"

    @property
    def of_blob(self) -> BlobBounds:
        return BlobBounds(self.blob, self.algorithm)


def read_whole(
    blob: BinaryIO, toc: Toc | None, records: Iterator[Record] | None, bounds: Bounds, progress: Progress | None = None
) -> WholeLayer:
    """Read the blob to its end."""
    with LayerReader(blob, bounds.of_blob) as reader:
        return reader.read(toc, records, bounds.tar, progress)
