"""Images with one or two layers, in memory: whole ones, and damaged ones."""

from collections.abc import Mapping, Sequence

from conformance.format.digest import Digest
from conformance.format.names import LAYER_ZSTD_TYPE
from conformance.format.writer import layer_from_tar
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.sources.memory import MemorySource
from tests.implementations.images import manifest_of

TREE: Tree = (
    Node("etc", "dir", mode=0o755),
    Node("etc/os-release", content=b"ID=debian\n", mtime=1_600_000_001),
    Node("etc/.wh.removed"),
    Node("bin/tool", content=noise(1, 200_000), mode=0o4755),
    Node("bin/same", "hardlink", link_name="bin/tool", mode=0o4755),
    Node("data/holes", content=noise(2, 5000) + bytes(100_000) + b"end", xattrs={"user.a": "b"}),
)


def image_of(blob: bytes, annotations: Mapping[str, str], *, size: int | None = None) -> MemorySource:
    """An image whose only layer is this blob, described like that."""
    digest = str(Digest.of(blob))
    layer = {
        "mediaType": LAYER_ZSTD_TYPE,
        "digest": digest,
        "size": len(blob) if size is None else size,
        "annotations": dict(annotations),
    }
    manifest, config = manifest_of([(layer, digest)])
    return MemorySource({digest: blob, str(Digest.of(config)): config}, manifest, "an image")


def chunked(tree: Tree = TREE) -> tuple[bytes, dict[str, str]]:
    """A conforming layer and its annotations."""
    blob, written = layer_from_tar(tar_of(tree))
    return blob, written.annotations


def names_of(items: Sequence[object]) -> list[str]:
    """The ``name`` of each."""
    return [str(getattr(item, "name", "")) for item in items]
