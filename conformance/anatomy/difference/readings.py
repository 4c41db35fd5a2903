"""The two readings of a layer: by its tar, and by its TOC."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final, cast

import msgspec

from conformance.anatomy.difference.decompression import tar_of_layer
from conformance.anatomy.difference.model import DiffError
from conformance.anatomy.difference.nodes import Node, node_of_entry, node_of_header
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor
from conformance.format.piece_stream import PieceStream
from conformance.format.positions import ChunkedAnnotations
from conformance.format.tar import TarReader
from conformance.sources.source import ImageSource, blob_pieces
from conformance.sources.table_budget import TableBudget
from conformance.sources.tables import LayerTables

MAX_NODES: Final = 400_000
MAX_WEIGHT: Final = 96 * 2**20
"""Maximum number of entries of a comparison, and of bytes of their names, targets and attributes, in memory."""
_GLOBAL: Final = "g"


class Reading(msgspec.Struct, frozen=True):
    """The entries in the order of the layer; ``remarks`` state what else readers may read differently."""

    nodes: tuple[Node, ...]
    remarks: tuple[str, ...] = ()


class NodeBudget:
    """The remaining memory budget for the entries of one comparison."""

    def __init__(self) -> None:
        self._nodes, self._weight = MAX_NODES, MAX_WEIGHT

    def bounded(self, nodes: Iterable[Node]) -> Iterator[Node]:
        """The same nodes; FormatError when they exceed the budget."""
        for node in nodes:
            self._nodes -= 1
            self._weight -= node.weight
            if self._nodes < 0 or self._weight < 0:
                raise FormatError(f"more than {MAX_NODES} entries, or {MAX_WEIGHT} bytes of names, are not compared")
            yield node


def read_tar(source: ImageSource, layer: Descriptor, on_bytes: Callable[[int], None], budget: NodeBudget) -> Reading:
    """Read the whole blob. Raise DiffError when it cannot be read, or does not have its digest."""
    try:
        return _tar_reading(tar_of_layer(layer.media_type, _counted(blob_pieces(source, layer), on_bytes)), budget)
    except FormatError as error:
        raise DiffError(f"layer {layer.digest}: {error}") from None


def has_toc(layer: Descriptor) -> bool:
    """Whether the manifest names a TOC, by current or legacy keys."""
    annotations = ChunkedAnnotations.of(layer.annotations)
    return annotations.is_chunked or annotations.is_legacy


def read_toc(source: ImageSource, layer: Descriptor, budget: NodeBudget) -> Reading:
    """Fetch the TOC that the manifest names, and verify it. Raise DiffError when that fails."""
    try:
        annotations = ChunkedAnnotations.of(layer.annotations)
        annotations = annotations.legacy_view() if annotations.is_legacy else annotations
        digest, at = annotations.toc_digest(), annotations.toc_position()
        tables = LayerTables(source, layer)
        tables.fetch(at, with_end=False)
        content = tables.expect(at)
        if not digest.matches(content):
            raise FormatError(f"the TOC has the digest {Digest.of(content)}; the manifest states {digest}")
        read = TableBudget().read(content, declared_size=at.uncompressed)
        remarks = tuple(
            f"the TOC can be read in two ways: {problem.kind} key {problem.key!r} at byte {problem.offset}"
            for problem in read.keys
            if problem.is_ambiguous
        )
        nodes = budget.bounded(node_of_entry(entry) for entry in read.toc.entries if not entry.is_chunk)
        return Reading(tuple(nodes), remarks)
    except FormatError as error:
        raise DiffError(f"layer {layer.digest}: {error}") from None


def _tar_reading(tar: Iterable[bytes], budget: NodeBudget) -> Reading:
    reader = TarReader(cast(BinaryIO, PieceStream(tar)))  # only read() is called
    nodes = tuple(budget.bounded(_headers(reader)))
    reader.take_raw()
    end = reader.offset
    # Read to the end in any case: only then is the digest of the blob verified.
    hidden = [any(piece) for piece in reader.rest()]
    remarks = (f"data follows the end of the archive at byte {end} of the tar",) if any(hidden) else ()
    return Reading(nodes, remarks)


def _headers(reader: TarReader) -> Iterator[Node]:
    while (header := reader.header()) is not None:
        reader.take_raw()
        hasher = hashlib.sha256()
        for piece in reader.content():
            hasher.update(piece)
        if header.typeflag != _GLOBAL:
            yield node_of_header(header, f"sha256:{hasher.hexdigest()}")


def _counted(pieces: Iterable[bytes], on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    for piece in pieces:
        on_bytes(len(piece))
        yield piece
