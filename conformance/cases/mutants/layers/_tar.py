"""Layers with a tar that readers interpret differently."""

from conformance.images.layer_draft import LayerDraft, conforming_layer, draft_layer, draft_of_tar
from conformance.images.trees import Node, tar_of
from conformance.requirements import mutant


@mutant("SEC-001", implies=("TOC-003", "TARSPLIT-003"))
def whiteout_in_the_tar_only() -> LayerDraft:
    draft = conforming_layer()
    draft.toc["entries"].remove(draft.entry("usr/.wh.gone"))
    return draft


@mutant("SEC-010")
def padding_that_holds_bytes() -> LayerDraft:
    tar = tar_of((Node("file", content=b"content"),))
    return draft_of_tar(tar.replace(b"content\0\0", b"content\0!", 1))


@mutant("SEC-011", implies=("SEC-012",))
def archive_behind_the_archive() -> LayerDraft:
    return draft_layer((Node("file", content=b"content"),), trailing=tar_of((Node("hidden", content=b"content"),)))


@mutant("SEC-012")
def bytes_behind_the_archive() -> LayerDraft:
    return draft_layer((Node("file", content=b"content"),), trailing=b"hidden".ljust(512, b"\0"))


@mutant("LAYER-014")
def whiteout_of_overlayfs() -> LayerDraft:
    return draft_layer((Node("gone", "char", device=(0, 0)), Node("file", content=b"file\n")))


@mutant("LAYER-014")
def owner_and_mode_of_fuse_overlayfs() -> LayerDraft:
    """fuse-overlayfs shows a set-user-ID program of root."""
    xattrs = {"user.containers.override_stat": "0:0:04755"}
    return draft_layer((Node("tool", content=b"file\n", xattrs=xattrs),))


@mutant("LAYER-014")
def opaque_directory_of_overlayfs() -> LayerDraft:
    return draft_layer((Node("d/", "dir", xattrs={"trusted.overlay.opaque": "y"}), Node("d/f", content=b"file\n")))
