"""Small images for the trials of consumers: layers, manifests and indexes, assembled without validation.

Valid and invalid images are built alike. ``tampered`` builds the invalid layers.
"""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard

from conformance.format.assembled import describe, index_of, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.names import (
    CONFIG_TYPE,
    INDEX_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_TYPE,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations
from conformance.format.sentinel import canonical_sentinel
from conformance.format.stored import StoredManifest
from conformance.format.writer import WriterOptions, WrittenLayer, layer_from_tar
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.observed.trials import LayerFacts
from conformance.sources.layout import write_layout
from conformance.sources.platforms import machine_platform

_CREATED: Final = "2020-09-13T12:26:40Z"
MARKER: Final = "zcc-marker"
"""The name of the one package that an inventory of a conforming image lists."""
_STATUS: Final = (
    f"Package: {MARKER}\nStatus: install ok installed\nPriority: optional\nSection: misc\nMaintainer: nobody"
    " <nobody@example.org>\nArchitecture: all\nVersion: 1.2.3\nDescription: tells that the whole layer was read\n\n"
)

# Ordinary trees: every parent directory is present, and no mode bit is special; FEATURES has one special property each.
# The package database is the last file, so that a reader that stops early does not read it.
LOWER: Final[Tree] = (
    Node("etc", "dir", mode=0o755, mtime=1_600_000_000),
    Node("etc/os-release", content=b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n', mtime=1_600_000_001),
    Node("etc/removed", content=b"gone above", mtime=1_600_000_001),
    Node("bin", "dir", mode=0o755, mtime=1_600_000_001),
    Node("bin/tool", content=noise(1, 150_000), mode=0o755, mtime=1_600_000_002),
    Node("bin/link", "symlink", link_name="tool", mode=0o777, mtime=1_600_000_002),
    Node("bin/same", "hardlink", link_name="bin/tool", mode=0o755, mtime=1_600_000_002),
    Node("usr", "dir", mode=0o755, mtime=1_600_000_002),
    Node("var", "dir", mode=0o755, mtime=1_600_000_002),
    Node("var/lib", "dir", mode=0o755, mtime=1_600_000_002),
    Node("var/lib/dpkg", "dir", mode=0o755, mtime=1_600_000_002),
    Node("var/lib/dpkg/status", content=_STATUS.encode(), mtime=1_600_000_002),
)
UPPER: Final[Tree] = (
    Node("etc", "dir", mode=0o755, mtime=1_600_000_000),
    Node("etc/.wh.removed", mtime=1_600_000_003),
    Node("etc/empty", mtime=1_600_000_003),
    Node("data", "dir", mode=0o755, mtime=1_600_000_003),
    Node("data/file", content=noise(2, 5000) + b"end", mtime=1_600_000_004),
)


def _shaped(seed: int) -> Tree:
    """The tree of most cases: a directory, a short file, a long one of several chunks, a link; and /usr, without which
    composefs (cfsctl 0.9.4) takes no image.
    """
    return (
        Node("usr", "dir", mode=0o755, mtime=1_600_000_005),
        Node("dir", "dir", mode=0o755, mtime=1_600_000_005),
        Node("dir/file", content=noise(seed, 3000), mtime=1_600_000_006),
        Node("dir/long", content=noise(seed + 1, 150_000) + bytes(5000) + b"end", mtime=1_600_000_006),
        Node("dir/link", "symlink", link_name="file", mode=0o777, mtime=1_600_000_006),
    )


SINGLE: Final[Tree] = _shaped(3)
CONTROL: Final[Tree] = _shaped(103)
"""The shape of SINGLE with other contents, so that a daemon that caches the control cannot reuse it for the case."""

_DIR: Final = Node("d", "dir", mode=0o755, mtime=1_600_000_007)
FEATURES: Final[Mapping[str, tuple[Tree, ...]]] = {
    "a file with holes": ((_DIR, Node("d/holes", content=noise(21, 5000) + bytes(100_000) + b"end")),),
    "an extended attribute": ((_DIR, Node("d/file", content=noise(22, 100), xattrs={"user.zcc": "kept"})),),
    "a set-user-ID file": ((_DIR, Node("d/file", content=noise(23, 100), mode=0o4755)),),
    "a directory of mode 0700": ((Node("d", "dir", mode=0o700), Node("d/file", content=noise(24, 100))),),
    "a file of mode 0600": ((_DIR, Node("d/file", content=noise(25, 100), mode=0o600)),),
    "an opaque directory": (
        (_DIR, Node("d/below", content=b"an opaque directory hides this"), Node("seen", content=noise(26, 100))),
        (_DIR, Node("d/.wh..wh..opq"), Node("d/above", content=noise(27, 100))),
    ),
    "a directory removed": (
        (_DIR, Node("d/below", content=noise(28, 100)), Node("kept", content=noise(29, 100))),
        (Node(".wh.d"), Node("added", content=noise(30, 100))),
    ),
}
"""Images with one special property each, the lowest layer first."""
IMPLIED: Final[Tree] = (Node("implied/below/file", content=noise(31, 100), mtime=1_600_000_007),)
"""A file whose directories are not in the layer: readers create them with modes of their own."""


def other_contents(tree: Tree) -> Tree:
    """The tree with another content in every large file."""
    return tuple(
        msgspec.structs.replace(node, content=noise(len(node.content) + 7, len(node.content)))
        if len(node.content) >= 1000
        else node
        for node in tree
    )


class Layer(msgspec.Struct, frozen=True):
    """A layer: ``blob`` is served; ``digest`` and ``size`` are those in the manifest ("" and 0: the right ones)."""

    blob: bytes
    diff_id: str
    annotations: Mapping[str, str] = {}
    media_type: str = LAYER_ZSTD_TYPE
    digest: str = ""
    size: int = 0

    @property
    def named(self) -> str:
        """The digest in the manifest."""
        return self.digest or str(Digest.of(self.blob))

    @property
    def descriptor(self) -> JsonObject:
        annotations = {"annotations": dict(self.annotations)} if self.annotations else {}
        return {"mediaType": self.media_type, "digest": self.named, "size": self.size or len(self.blob), **annotations}


class Image(msgspec.Struct, frozen=True):
    """An image: blobs and manifests by digest, the digest of its root, and facts on its data layers.

    ``label`` is the one in its config, where it has one.
    """

    blobs: dict[str, bytes]
    manifests: dict[str, StoredManifest]
    root: str
    layers: tuple[LayerFacts, ...] = ()
    sentinel: str = ""
    label: str = ""

    @property
    def root_document(self) -> StoredManifest:
        return self.manifests[self.root]

    def write(self, directory: Path, digest: str = "") -> None:
        """Write a layout of the whole image, or of the manifest with this digest; contents as they are."""
        root = digest or self.root
        document = self.manifests[root]
        documents = {name: manifest.raw for name, manifest in self.manifests.items()}
        write_layout(directory, self.blobs | documents, Descriptor(document.media_type, root, len(document.raw)))


def host_platform() -> JsonObject:
    """The platform of this machine, which the images have, so that every tool pulls them without options."""
    found = machine_platform()
    return {"architecture": found.architecture, "os": found.os}


def foreign_platform() -> JsonObject:
    """A platform that this machine does not run."""
    return {"architecture": "s390x", "os": "linux"}


def written(tree: Tree, options: WriterOptions | None = None) -> tuple[bytes, WrittenLayer]:
    """The tree as a zstd:chunked layer."""
    return layer_from_tar(tar_of(tree), options or WriterOptions())


def layer_of(tree: Tree, options: WriterOptions | None = None) -> Layer:
    """The tree as a valid zstd:chunked layer."""
    blob, made = written(tree, options)
    return Layer(blob, str(made.diff_id), made.annotations)


def one_frame_layer(tree: Tree) -> Layer:
    """The tree as one zstd frame without a TOC, as most tools write it."""
    tar = tar_of(tree)
    return Layer(zstandard.ZstdCompressor(write_checksum=True).compress(tar), str(Digest.of(tar)))


def gzip_layer(tree: Tree) -> Layer:
    """The tree as a gzip layer."""
    tar = tar_of(tree)
    return Layer(gzip.compress(tar, mtime=0), str(Digest.of(tar)), media_type=LAYER_GZIP_TYPE)


def image(
    layers: Sequence[Layer],
    *,
    sentinel: bytes | None = None,
    diff_ids: Sequence[str] | None = None,
    sentinel_places: Sequence[int] = (0,),
    platform: JsonObject | None = None,
    label: str = "",
) -> Image:
    """One manifest. Sentinels are at ``sentinel_places`` of the final list; ``diff_ids`` replace the right ones.

    ``label`` changes the config, and so its digest.
    """
    stack = list(layers)
    if sentinel is not None:
        marker = Layer(sentinel, str(Digest.of(sentinel)), media_type=SENTINEL_TYPE)
        for place in sentinel_places:
            stack.insert(place, marker)
    committed = [layer.diff_id for layer in stack] if diff_ids is None else list(diff_ids)
    history = [{"created": _CREATED, "created_by": f"layer {number}"} for number in range(len(layers))]
    config = encode(
        {
            **(platform or host_platform()),
            "created": _CREATED,
            "config": {
                "Cmd": ["/bin/tool"],
                "Env": ["PATH=/usr/bin:/bin"],
                **({"Labels": {"trial": label}} if label else {}),
            },
            "rootfs": {"type": "layers", "diff_ids": committed},
            "history": history,
        }
    )
    manifest = encode(manifest_of(describe(config, CONFIG_TYPE), [layer.descriptor for layer in stack]))
    digest = str(Digest.of(manifest))
    blobs = {layer.named: layer.blob for layer in stack} | {str(Digest.of(config)): config}
    facts = tuple(_facts(layer) for layer in layers)
    named = str(Digest.of(sentinel)) if sentinel is not None else ""
    return Image(blobs, {digest: StoredManifest(manifest, MANIFEST_TYPE)}, digest, facts, named, label)


def sentinel_image(layers: Sequence[Layer], **more: Any) -> Image:
    """The sentinel manifest of these layers alone."""
    return image(layers, sentinel=more.pop("sentinel", canonical_sentinel()), **more)


class Entry(msgspec.Struct, frozen=True):
    """An entry of an index: ``sentinel`` is the value of the annotation (None: absent)."""

    image: Image
    zstd: bool = True
    sentinel: str | None = None
    platform: JsonObject | None = None
    no_platform: bool = False

    @property
    def descriptor(self) -> JsonObject:
        document = self.image.root_document
        annotations = {**({ZSTD_ANNOTATION: "true"} if self.zstd else {})}
        annotations |= {} if self.sentinel is None else {SENTINEL_ANNOTATION: self.sentinel}
        described = {"mediaType": document.media_type, "digest": self.image.root, "size": len(document.raw)}
        where = {} if self.no_platform else {"platform": self.platform or host_platform()}
        return {**described, **where, **({"annotations": annotations} if annotations else {})}


def index(entries: Sequence[Entry]) -> Image:
    """An index of these entries; the facts are those of the last entry's layers."""
    raw = encode(index_of([entry.descriptor for entry in entries]))
    digest = str(Digest.of(raw))
    blobs = {digest: blob for entry in entries for digest, blob in entry.image.blobs.items()}
    manifests = {digest: document for entry in entries for digest, document in entry.image.manifests.items()}
    last = entries[-1].image
    return Image(blobs, {**manifests, digest: StoredManifest(raw, INDEX_TYPE)}, digest, last.layers, last.sentinel)


def pair(layers: Sequence[Layer], **more: Any) -> Image:
    """An index of the plain and the sentinel variant; ``more`` is for the sentinel manifest."""
    return index([Entry(image(layers)), Entry(sentinel_image(layers, **more), sentinel="true")])


def _facts(layer: Layer) -> LayerFacts:
    size = layer.size or len(layer.blob)
    try:
        positions = ChunkedAnnotations.of(layer.annotations).positions()
    except ValueError:
        return LayerFacts(layer.named, size)
    split = positions.tar_split.compressed if positions.tar_split else 0
    return LayerFacts(layer.named, size, positions.toc.compressed + split)
