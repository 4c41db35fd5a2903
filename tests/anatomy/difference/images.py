"""Layers whose TOC differs from their tar, and images of whole trees."""

from collections.abc import Callable, Sequence

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import JsonObject
from conformance.format.names import LAYER_TAR_TYPE
from conformance.format.seal import seal
from conformance.format.toc import Entry, Toc, encode_toc
from conformance.format.writer import layer_from_tar
from conformance.images.trees import Node, Tree, tar_of
from conformance.sources.memory import MemorySource
from tests.anatomy.images import image_of
from tests.implementations.images import manifest_of

Entries = list[Entry]

TREE: Tree = (
    Node("bin", "dir", mode=0o755, mtime=5),
    Node("bin/tool", content=b"#!/bin/sh\n" * 20, mode=0o755, mtime=1_600_000_001, xattrs={"user.a": "one"}),
    Node("bin/link", "symlink", link_name="tool", mode=0o777),
    Node("etc/passwd", content=b"root:x:0:0\n"),
    Node("etc/.wh.shadow"),
    Node("dev/null", "char", device=(1, 3), mode=0o666),
)


def dual(edit: Callable[[Entries], Entries], tree: Tree = TREE, *, tail: bytes = b"") -> MemorySource:
    """An image of one layer: the tar of ``tree``, and its TOC as ``edit`` leaves it."""
    return _sealed(tree, lambda toc: encode_toc(Toc(1, edit(list(toc.entries)), toc.tar_split_digest)), tail)


def dual_text(edit: Callable[[bytes], bytes], tree: Tree = TREE) -> MemorySource:
    """The same, the TOC edited as text."""
    return _sealed(tree, lambda toc: edit(encode_toc(toc)), b"")


def changed(name: str, /, **fields: object) -> Callable[[Entries], Entries]:
    """Give one entry other values."""
    return lambda entries: [
        msgspec.structs.replace(entry, **fields) if entry.name.rstrip("/") == name else entry for entry in entries
    ]


def plain(*trees: Tree) -> MemorySource:
    """An image of uncompressed layers."""
    tars = [tar_of(tree) for tree in trees]
    layers: list[tuple[JsonObject, str]] = [
        ({"mediaType": LAYER_TAR_TYPE, "digest": str(Digest.of(tar)), "size": len(tar)}, str(Digest.of(tar)))
        for tar in tars
    ]
    return in_memory(layers, tars)


def in_memory(layers: Sequence[tuple[JsonObject, str]], blobs: Sequence[bytes], **more: object) -> MemorySource:
    """An image of these layers."""
    manifest, config = manifest_of(layers, **more)
    return MemorySource({str(Digest.of(content)): content for content in (*blobs, config)}, manifest, "an image")


def _sealed(tree: Tree, document: Callable[[Toc], bytes], tail: bytes) -> MemorySource:
    blob, written = layer_from_tar(tar_of(tree) + tail)
    end = seal(written.data_size, document(written.toc), written.tar_split)
    return image_of(blob[: written.data_size] + end.content, end.annotations)
