"""Layers for tests of the reference: an ordinary one, and the same with another TOC."""

from collections.abc import Callable, Mapping

from conformance.format.digest import Digest
from conformance.format.seal import CompressedTarSplit, seal
from conformance.format.toc import Entry, Toc
from conformance.format.writer import WrittenLayer, layer_from_tar
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.observed.evidence import Exchange

Layer = tuple[bytes, str, Mapping[str, str]]


TREE: Tree = (
    Node("dir", "dir", mode=0o755),
    Node("dir/file", content=noise(1, 3000)),
    Node("dir/long", content=noise(2, 300_000) + bytes(5000) + b"end"),
    Node("dir/link", "symlink", link_name="file"),
)


def a_layer(tree: Tree = TREE) -> tuple[bytes, WrittenLayer]:
    return layer_from_tar(tar_of(tree))


def as_layer(blob: bytes, written: WrittenLayer) -> Layer:
    return blob, str(written.diff_id), written.annotations


def resealed(blob: bytes, written: WrittenLayer, toc: Toc | bytes, split: CompressedTarSplit | None = None) -> Layer:
    """The layer with another TOC (and tar-split) over the same data frames, consistently annotated."""
    tail = seal(written.data_size, toc, split or written.tar_split)
    return blob[: written.data_size] + tail.content, str(written.diff_id), tail.annotations


def changed_toc(written: WrittenLayer, change: Callable[[list[Entry]], None]) -> Toc:
    entries = list(written.toc.entries)
    change(entries)
    return Toc(1, entries, written.toc.tar_split_digest)


def sees_ranges(seen: list[Exchange], blob: bytes) -> list[str | None]:
    digest = str(Digest.of(blob))
    return [exchange.request_header("range") for exchange in seen if f"/blobs/{digest}" in exchange.url]
