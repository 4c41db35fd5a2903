"""Edits that several mutants of documents share."""

import gzip
from collections.abc import Callable
from copy import deepcopy

from conformance.format.digest import Digest
from conformance.format.names import LAYER_GZIP_TYPE
from conformance.images.draft import Draft, Json
from conformance.images.drafted import insert_image
from conformance.images.trees import Node, tar_of

ARM: Json = {"architecture": "arm64", "os": "linux"}
TREE = (Node("file", content=b"content\n"),)
OTHER_DIGEST = "sha256:" + "ab" * 32


def replace(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda raw: raw.replace(old, new, 1)


def insert_first(member: str) -> Callable[[bytes], bytes]:
    """Insert a member before the others."""
    return lambda raw: b"{" + member.encode() + b"," + raw[1:]


def other_platform(draft: Draft, layer: bytes, media_type: str, diff_id: str, algorithm: str = "sha256") -> Json:
    """Insert a third image, of another platform and one layer, before the others; return its layer for edits."""
    digest = str(Digest.of(layer, algorithm))
    draft.blobs[digest] = layer
    described: Json = {"mediaType": media_type, "digest": digest, "size": len(layer)}
    manifest = {**deepcopy(draft.plain), "layers": [described]}
    config = {**deepcopy(draft.plain_config), **ARM, "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    insert_image(draft, manifest, config, ARM)
    return described


def gzip_image(draft: Draft, diff_id: str = "") -> Json:
    tar = tar_of(TREE, blocks=1)
    return other_platform(draft, gzip.compress(tar, mtime=0), LAYER_GZIP_TYPE, diff_id or str(Digest.of(tar)))
