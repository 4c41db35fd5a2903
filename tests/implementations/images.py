"""Small images in layouts for tools to push, pull and unpack."""

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.names import CONFIG_TYPE, LAYER_TAR_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor
from conformance.images.samples import PLATFORM
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.sources.layout import write_layout

TREES: tuple[Tree, ...] = (
    (
        Node("etc", "dir", mode=0o755, mtime=1_600_000_000),
        Node("etc/os-release", content=b'ID=debian\nVERSION_ID="12"\n', mtime=1_600_000_001),
        Node("etc/removed", content=b"gone above"),
        Node("bin", "dir", mode=0o755),
        Node("bin/tool", content=noise(1, 200_000), mode=0o4755),
        Node("bin/link", "symlink", link_name="tool"),
        Node("bin/same", "hardlink", link_name="bin/tool", mode=0o4755),
    ),
    (
        Node("etc/.wh.removed"),
        Node("etc/empty"),
        Node("data", "dir", mode=0o700),
        Node("data/holes", content=noise(2, 5000) + bytes(100_000) + b"end"),
    ),
)


def manifest_of(layers: Sequence[tuple[JsonObject, str]], **more: object) -> tuple[bytes, bytes]:
    """Manifest and config for layer descriptors with their DiffIDs."""
    config = encode(
        {
            **PLATFORM,
            "config": {"Cmd": ["/bin/tool"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
        }
    )
    described = {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": described,
        "layers": [layer for layer, _ in layers],
        **more,
    }
    return encode(manifest), config


def plain_layout(directory: Path, trees: Sequence[Tree] = TREES) -> Path:
    """A layout of one image whose layers are uncompressed tars of these trees."""
    tars = [tar_of(tree) for tree in trees]
    layers: list[tuple[JsonObject, str]] = [
        ({"mediaType": LAYER_TAR_TYPE, "digest": str(Digest.of(tar)), "size": len(tar)}, str(Digest.of(tar)))
        for tar in tars
    ]
    manifest, config = manifest_of(layers)
    blobs = {str(Digest.of(content)): content for content in (*tars, config, manifest)}
    write_layout(directory, blobs, Descriptor(MANIFEST_TYPE, str(Digest.of(manifest)), len(manifest)))
    return directory


def expected_tree(trees: Sequence[Tree] = TREES) -> dict[str, tuple[str, int, bytes]]:
    """Kind, mode and content (or link target) by name, of what the two trees unpack to; for TREES only."""
    found = {node.name: node for tree in trees for node in tree}
    tool = found["bin/tool"]
    kept = {name: node for name, node in found.items() if name not in ("etc/removed", "etc/.wh.removed", "bin/same")}
    kept["bin/same"] = tool
    return {
        name: (node.kind, node.mode if node.kind != "symlink" else 0, node.content or node.link_name.encode())
        for name, node in kept.items()
    }


def tree_on_disk(directory: Path) -> dict[str, tuple[str, int, bytes]]:
    """The same of a directory."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = ("symlink", 0, str(path.readlink()).encode())
        elif path.is_dir():
            found[name] = ("dir", path.stat().st_mode & 0o7777, b"")
        else:
            found[name] = ("reg", path.stat().st_mode & 0o7777, path.read_bytes())
    return found


def tar_with(name: str, typeflag: bytes) -> bytes:
    """A tar of one entry of this type."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as writer:
        info = tarfile.TarInfo(name)
        info.type = typeflag
        writer.addfile(info)
    return archive.getvalue()
