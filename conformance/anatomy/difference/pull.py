"""Computes what a client that has one image fetches of another: bytes, requests, ranges; by file or by chunk.

The count follows containers-storage v1.65.1 (pkg/chunked): a layer whose digest is present costs nothing; a layer
without TOC is fetched whole; of any other layer TOC and tar-split are fetched in one request, then the missing content
in one request for several ranges. Ranges with at most 1024 bytes between them are joined; there are at most 1024.
Chunks count only where the file system of a client has reflinks. Compared with real clients in
tests/anatomy/difference.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, Literal

import msgspec

from conformance.format.toc import CHUNK_ZEROS, Entry
from conformance.observed.layer import LayerSeen

MERGED_GAP: Final = 1024
MAX_RANGES: Final = 1024
_FIELDS: Final = 4
_MAX_PLACE: Final = 2**63 - 1

Held = Literal["present", "in parts", "whole"]


class LayerContent(msgspec.Struct, frozen=True):
    """A data layer as a client sees it that pulls; sizes in bytes.

    ``tables`` are the sizes of TOC and tar-split as stored; empty where there is no usable TOC. ``chunks`` has four
    unsigned 64-bit numbers for each piece of content: identifiers of file and chunk (the start of a digest of their
    digests), and offset and length of the compressed piece.
    """

    digest: str
    size: int
    tables: tuple[int, ...] = ()
    chunks: bytes = b""


class Cost(msgspec.Struct, frozen=True):
    """The cost of a pull: bytes, HTTP requests, and the byte ranges requested in them."""

    bytes: int = 0
    requests: int = 0
    ranges: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.bytes + other.bytes, self.requests + other.requests, self.ranges + other.ranges)


class LayerPull(msgspec.Struct, frozen=True):
    """One layer of the new image, and its cost by each way of pulling."""

    digest: str
    size: int
    held: Held
    full: Cost = Cost()
    by_file: Cost = Cost()
    by_chunk: Cost = Cost()


class Pull(msgspec.Struct, frozen=True):
    """The layers of the new image; ``full`` is the cost for a client that fetches whole layers."""

    layers: tuple[LayerPull, ...]
    full: Cost
    by_file: Cost
    by_chunk: Cost


def layer_content(layer: LayerSeen) -> LayerContent:
    """The content of a layer by its TOC."""
    toc, descriptor = layer.toc, layer.descriptor
    if toc.toc is None or toc.payload is None:
        return LayerContent(descriptor.digest, descriptor.size)
    tables = [toc.payload.length, *([layer.split.payload.length] if layer.split.payload else [])]
    return LayerContent(descriptor.digest, descriptor.size, tuple(tables), pack(toc.toc.entries))


def pack(entries: Iterable[Entry]) -> bytes:
    """The pieces of content in a TOC, as ``LayerContent.chunks``."""
    rows = array("Q")
    file: list[Entry] = []
    for entry in entries:
        if entry.type == "chunk" and file:
            file.append(entry)
            continue
        rows.extend(_rows(file))
        file = [entry] if entry.type == "reg" and entry.size > 0 else []
    rows.extend(_rows(file))
    return rows.tobytes()


def _rows(file: Sequence[Entry]) -> Iterator[int]:
    if not file:
        return
    whole = _short(file[0].digest)
    ends = [*(part.offset for part in file[1:]), file[0].end_offset]
    for part, end in zip(file, ends, strict=True):
        if part.chunk_type != CHUNK_ZEROS and 0 <= part.offset < end <= _MAX_PLACE:
            key = whole if len(file) == 1 else _short(part.chunk_digest or f"{part.digest} {part.offset}")
            yield from (whole, key, part.offset, end - part.offset)


def _short(digest: str) -> int:
    return int.from_bytes(hashlib.blake2b(digest.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def estimate(old: Sequence[LayerContent], new: Sequence[LayerContent]) -> Pull:
    """The cost of pulling ``new`` for a client that has ``old``."""
    present = {layer.digest for layer in old}
    files, chunks = set[int](), set[int]()
    for layer in old:
        rows = _unpacked(layer)
        files.update(rows[0::_FIELDS])
        chunks.update(rows[1::_FIELDS])
    layers = tuple(_layer(layer, present, files, chunks) for layer in {each.digest: each for each in new}.values())
    total = [sum((getattr(layer, way) for layer in layers), Cost()) for way in ("full", "by_file", "by_chunk")]
    return Pull(layers, *total)


def _unpacked(layer: LayerContent) -> "array[int]":
    rows = array("Q")
    rows.frombytes(layer.chunks)
    return rows


def _layer(layer: LayerContent, present: set[str], files: set[int], chunks: set[int]) -> LayerPull:
    if layer.digest in present:
        return LayerPull(layer.digest, layer.size, "present")
    full = Cost(layer.size, 1)
    if not layer.tables:
        return LayerPull(layer.digest, layer.size, "whole", full, full, full)
    rows = _unpacked(layer)
    lacking = [
        (file, chunk, offset, length)
        for file, chunk, offset, length in zip(*(rows[place::_FIELDS] for place in range(_FIELDS)), strict=True)
        if file not in files
    ]
    tables = Cost(sum(layer.tables), 1, len(layer.tables))
    by_file = tables + _fetched([(offset, length) for _, _, offset, length in lacking])
    by_chunk = tables + _fetched([(offset, length) for _, chunk, offset, length in lacking if chunk not in chunks])
    return LayerPull(layer.digest, layer.size, "in parts", full, by_file, by_chunk)


def _fetched(places: list[tuple[int, int]]) -> Cost:
    """One request for these positions, joined as the client joins them; none where nothing is missing."""
    if not places:
        return Cost()
    ranges: list[list[int]] = []
    for offset, length in sorted(places):
        if ranges and offset - ranges[-1][1] <= MERGED_GAP:
            ranges[-1][1] = max(ranges[-1][1], offset + length)
        else:
            ranges.append([offset, offset + length])
    size = sum(end - start for start, end in ranges)
    gaps = sorted(later[0] - earlier[1] for earlier, later in pairwise(ranges))
    joined = max(len(ranges) - MAX_RANGES, 0)
    return Cost(size + sum(gaps[:joined]), 1, len(ranges) - joined)
