"""Images with a layer, not a zstd:chunked one, that violates a requirement of every layer."""

import gzip
from collections.abc import Callable

from conformance.cases.mutants.documents._parts import OTHER_DIGEST, TREE, gzip_image, other_platform
from conformance.format.digest import Digest
from conformance.format.names import (
    LAYER_GZIP_TYPE,
    LAYER_TAR_TYPE,
    LAYER_ZSTD_TYPE,
)
from conformance.images.draft import Draft
from conformance.images.layer_draft import LayerDraft, draft_layer, finish_layer, legacy_toc_keys
from conformance.images.trees import Node, tar_of
from conformance.requirements import mutant


@mutant("LAYER-012")
def layer_under_sha512(draft: Draft) -> None:
    tar = tar_of(TREE, blocks=1)
    other_platform(draft, tar, LAYER_TAR_TYPE, str(Digest.of(tar)), "sha512")


@mutant("LAYER-013")
def gzip_layer_of_another_diff_id(draft: Draft) -> None:
    gzip_image(draft, OTHER_DIGEST)


@mutant("LAYER-013")
def gzip_layer_that_is_cut(draft: Draft) -> None:
    tar = tar_of(TREE, blocks=1)
    other_platform(draft, gzip.compress(tar, mtime=0)[:-9], LAYER_GZIP_TYPE, str(Digest.of(tar)))


@mutant("LAYER-013")
def gzip_stream_typed_as_tar(draft: Draft) -> None:
    """Its DiffID is right only for clients that do not detect the compression."""
    blob = gzip.compress(tar_of(TREE, blocks=1), mtime=0)
    other_platform(draft, blob, LAYER_TAR_TYPE, str(Digest.of(blob)))


@mutant("LAYER-016")
def gzip_layer_of_text(draft: Draft) -> None:
    """Its DiffID is right."""
    text = b"This is not a tar archive.\n" * 40
    other_platform(draft, gzip.compress(text, mtime=0), LAYER_GZIP_TYPE, str(Digest.of(text)))


@mutant("LAYER-016")
def tar_that_ends_within_a_file(draft: Draft) -> None:
    tar = tar_of((Node("file", content=b"content\n" * 200),), blocks=1)[:900]
    other_platform(draft, tar, LAYER_TAR_TYPE, str(Digest.of(tar)))


@mutant("LAYER-016")
def tar_with_a_damaged_second_header(draft: Draft) -> None:
    tar = bytearray(tar_of((*TREE, Node("other")), blocks=1))
    tar[1024] ^= 1
    other_platform(draft, bytes(tar), LAYER_TAR_TYPE, str(Digest.of(bytes(tar))))


@mutant("LAYER-014")
def attribute_of_fuse_overlayfs_in_a_plain_layer(draft: Draft) -> None:
    xattrs = {"user.fuseoverlayfs.override_stat": "0:0:4755"}
    tar = tar_of((Node("tool", content=b"one", xattrs=xattrs),), blocks=1)
    other_platform(draft, tar, LAYER_TAR_TYPE, str(Digest.of(tar)))


@mutant("LAYER-014")
def opaque_directory_in_a_plain_layer(draft: Draft) -> None:
    tar = tar_of((Node("d/", "dir", xattrs={"user.overlay.opaque": "y"}),), blocks=1)
    other_platform(draft, tar, LAYER_TAR_TYPE, str(Digest.of(tar)))


@mutant("SEC-013")
def another_tree_by_legacy_keys_alone(draft: Draft) -> None:
    """podman 4.3.1 reads these keys."""
    _with_legacy_keys(draft, lambda layer: layer.toc["entries"][0].update(name="other"))


@mutant("SEC-013")
def legacy_keys_of_no_toc(draft: Draft) -> None:
    _with_legacy_keys(draft, lambda layer: setattr(layer, "document", b"[]"))


def _with_legacy_keys(draft: Draft, edit: Callable[[LayerDraft], object]) -> None:
    """An image of another platform, whose layer has the keys of an old writer only."""
    layer = draft_layer(TREE)
    edit(layer)
    made = finish_layer(layer)
    described = other_platform(draft, made.blob, LAYER_ZSTD_TYPE, made.diff_id)
    described["annotations"] = legacy_toc_keys(made.descriptor["annotations"])
