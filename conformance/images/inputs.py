"""The input images of tools: small trees as tars, uncompressed, compressed, zstd:chunked, and pairs with a sentinel."""

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
    ESTARGZ_TOC,
    INDEX_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_TAR_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_TYPE,
    SENTINEL_ANNOTATION,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor
from conformance.format.sentinel import canonical_sentinel
from conformance.format.variant import make_sentinel_variant, wrap_single
from conformance.format.writer import layer_from_tar
from conformance.images.tampered import DUAL, dual
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.observed.image import ImageSeen
from conformance.sources.image import observe_image
from conformance.sources.layout import write_layout
from conformance.sources.memory import MemorySource

AMD64: Final[JsonObject] = {"architecture": "amd64", "os": "linux"}
ARM64: Final[JsonObject] = {"architecture": "arm64", "os": "linux", "variant": "v8"}

BASE: Final[Tree] = (
    Node("etc", "dir", mode=0o755, mtime=1_600_000_000),
    Node("etc/os-release", content=b'ID=debian\nVERSION_ID="12"\n', mtime=1_600_000_001),
    Node("etc/removed", content=b"gone above", mtime=1_600_000_002),
    Node("bin", "dir", mode=0o755, mtime=1_600_000_003),
    Node("bin/tool", content=noise(1, 60_000), mode=0o755, mtime=1_600_000_004),
    Node("bin/link", "symlink", link_name="tool", mode=0o777, mtime=1_600_000_005),
    Node("bin/same", "hardlink", link_name="bin/tool", mode=0o755, mtime=1_600_000_004),
)
APP: Final[Tree] = (
    Node("etc", "dir", mode=0o755, mtime=1_600_000_000),
    Node("etc/.wh.removed", mtime=1_600_000_006),
    Node("etc/empty", mtime=1_600_000_007),
    Node("data", "dir", mode=0o700, mtime=1_600_000_008),
    Node("data/file", content=noise(2, 5000) + b"end", mtime=1_600_000_009),
)
TREES: Final = (BASE, APP)
HOLES: Final[Sequence[Tree]] = ((Node("holes", content=noise(2, 5000) + bytes(60_000) + b"end", mtime=1_600_000_009),),)
SMALL: Final = ((Node("a", content=b"small", mtime=1_600_000_000),), (Node("b", mtime=1_600_000_001),))


class Image(msgspec.Struct, frozen=True):
    """An image: ``blobs`` by digest, including manifests, and its ``root`` document."""

    blobs: Mapping[str, bytes]
    root: bytes
    media_type: str = MANIFEST_TYPE

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.media_type, str(Digest.of(self.root)), len(self.root))

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The DiffIDs in the config of a single image."""
        digest = msgspec.json.decode(self.root)["config"]["digest"]
        return tuple(msgspec.json.decode(self.blobs[digest])["rootfs"]["diff_ids"])

    @property
    def config_digest(self) -> str:
        """The digest of the config of a single image."""
        return str(msgspec.json.decode(self.root)["config"]["digest"])

    def observe(self) -> ImageSeen:
        """The observation of the image for checks."""
        return observe_image(MemorySource(self.blobs, self.root))

    def write(self, directory: Path) -> Path:
        """Write an OCI layout with the image, tagged ``latest``."""
        write_layout(directory, {**self.blobs, self.descriptor.digest: self.root}, self.descriptor)
        return directory


def image(
    trees: Sequence[Tree] = TREES,
    compression: str = "uncompressed",
    *,
    platform: JsonObject = AMD64,
    annotations: Mapping[str, str] | None = None,
    blocks: int = 1,
) -> Image:
    """A single image: one layer for each tree, in this compression (``estargz``: gzip with the annotation of an eStargz
    TOC).

    The tars end like those of Go's archive/tar; with ``blocks`` 20 they are padded like those of GNU tar.
    """
    tars = [tar_of(tree, blocks=blocks) for tree in trees]
    return image_of_tars(tars, compression, platform=platform, annotations=annotations)


def image_of_tars(
    tars: Sequence[bytes],
    compression: str = "uncompressed",
    *,
    platform: JsonObject = AMD64,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """A single image of tars, which may be hostile."""
    blobs: dict[str, bytes] = {}
    layers = [_layer(tar, compression, blobs) for tar in tars]
    config = encode(
        {
            **platform,
            "created": "2020-09-13T12:26:40Z",
            "config": {"Cmd": ["/bin/tool"], "Env": ["PATH=/bin"], "Labels": {"org.example.kept": "<&> é"}},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(tar)) for tar in tars]},
            "history": [{"created": "2020-09-13T12:26:40Z", "created_by": f"layer {n}"} for n in range(len(tars))],
        }
    )
    blobs[str(Digest.of(config))] = config
    manifest: dict[str, Any] = {
        **manifest_of(describe(config, CONFIG_TYPE), layers),
        **({"annotations": dict(annotations)} if annotations else {}),
    }
    return Image(blobs, encode(manifest))


def pair(plain: Image, sentinel: bytes | None = None) -> tuple[Image, Image]:
    """The index of a zstd:chunked image and its sentinel variant, and the variant alone."""
    manifest = msgspec.json.decode(plain.root)
    config = plain.blobs[manifest["config"]["digest"]]
    variant = make_sentinel_variant(plain.root, config, sentinel or canonical_sentinel())
    contents = (variant.sentinel, variant.config, variant.manifest, plain.root)
    blobs = {**plain.blobs, **{str(Digest.of(content)): content for content in contents}}
    return Image(blobs, wrap_single(plain.root, config, variant), INDEX_TYPE), Image(blobs, variant.manifest)


def index(members: Sequence[tuple[Image, JsonObject]]) -> Image:
    """An index of images, each with its platform and other fields of its entry."""
    blobs: dict[str, bytes] = {}
    entries = []
    for member, fields in members:
        described = member.descriptor
        blobs |= {**member.blobs, described.digest: member.root}
        entries.append(
            {"mediaType": described.media_type, "digest": described.digest, "size": described.size, **fields}
        )
    return Image(blobs, encode(index_of(entries)), INDEX_TYPE)


def pairs_of_two_platforms() -> Image:
    """One index with the pairs of two platforms."""
    members: list[tuple[Image, JsonObject]] = []
    for platform in (AMD64, ARM64):
        plain = image(compression="zstd:chunked", platform=platform)
        _, sentinel = pair(plain)
        zstd: JsonObject = {ZSTD_ANNOTATION: "true"}
        members.append((plain, {"platform": platform, "annotations": zstd}))
        members.append((sentinel, {"platform": platform, "annotations": {**zstd, SENTINEL_ANNOTATION: "true"}}))
    return index(members)


def with_a_diff_id_less(sentinel: Image) -> Image:
    """The sentinel manifest with a config that lacks the DiffID of the last layer."""
    manifest = msgspec.json.decode(sentinel.root)
    config = msgspec.json.decode(sentinel.blobs[manifest["config"]["digest"]])
    config["rootfs"]["diff_ids"].pop()
    raw = encode(config)
    manifest["config"].update(digest=str(Digest.of(raw)), size=len(raw))
    return Image({**sentinel.blobs, str(Digest.of(raw)): raw}, encode(manifest))


def sentinel_of_two_readings() -> Image:
    """A sentinel image of one layer whose TOC exchanges the contents of two files; its tar has the DiffID."""
    layer = dual()
    plain = image([DUAL], "zstd:chunked")
    manifest = msgspec.json.decode(plain.root)
    manifest["layers"] = [layer.descriptor]
    _, sentinel = pair(Image({**plain.blobs, layer.named: layer.blob}, encode(manifest)))
    return sentinel


def other_sentinel() -> bytes:
    """A conforming sentinel with other than the published content."""
    content = canonical_sentinel().replace(b"https", b"HTTPS")
    assert content != canonical_sentinel()
    return content


def _layer(tar: bytes, compression: str, blobs: dict[str, bytes]) -> JsonObject:
    annotations: dict[str, str] = {}
    if compression == "zstd:chunked":
        blob, written = layer_from_tar(tar)
        media_type, annotations = LAYER_ZSTD_TYPE, written.annotations
    elif compression == "zstd":
        media_type, blob = LAYER_ZSTD_TYPE, zstandard.compress(tar)
    elif compression in ("gzip", "estargz"):
        media_type, blob = LAYER_GZIP_TYPE, gzip.compress(tar, mtime=0)
        annotations = {ESTARGZ_TOC: str(Digest.of(b"toc" + tar))} if compression == "estargz" else {}
    else:
        media_type, blob = LAYER_TAR_TYPE, tar
    digest = str(Digest.of(blob))
    blobs[digest] = blob
    return {
        "mediaType": media_type,
        "digest": digest,
        "size": len(blob),
        "annotations": {**annotations, "org.example.layer": "kept"},
    }
