"""Other images for another platform beside a pair, with layers that are not zstd:chunked as this revision has it."""

from copy import deepcopy
from typing import Final

from conformance.format.digest import Digest
from conformance.format.names import (
    LAYER_TAR_TYPE,
)
from conformance.images import raw_tar
from conformance.images.draft import PLATFORM, Drafted, Json, conforming_draft, finish
from conformance.images.drafted import insert_image
from conformance.images.layer_draft import draft_layer, finish_layer, legacy_toc_keys
from conformance.images.trees import Node
from conformance.requirements import variant

_ARM: Final[Json] = {**PLATFORM, "architecture": "arm64"}


@variant("LAYER-016")
def plain_layers_of_other_forms() -> Drafted:
    """An archive without entries, one with a global header and a sparse file, and one without the blocks of zeros that
    end an archive: GNU tar, bsdtar and Go read them.
    """
    draft = conforming_draft()
    sparse = raw_tar.header(b"s", 512, b"S", magic=raw_tar.GNU, prefix=_SPARSE) + b"x" * 512
    tars = (
        bytes(1024),
        raw_tar.extended([(b"comment", b"c")], b"g") + sparse + raw_tar.file(b"f", b"1") + raw_tar.END,
        raw_tar.file(b"f", b"1"),
    )
    config = {**deepcopy(draft.plain_config), "architecture": "arm64", "history": []}
    config["rootfs"]["diff_ids"] = [str(Digest.of(tar)) for tar in tars]
    layers = [{"mediaType": LAYER_TAR_TYPE, "digest": draft.add_blob(tar), "size": len(tar)} for tar in tars]
    insert_image(draft, {**deepcopy(draft.plain), "layers": layers}, config, _ARM)
    return finish(draft)


_SPARSE: Final = bytes(41) + b"00000000000\0" + b"00000001000\0" + bytes(72 + 1) + b"00000001000\0"
"""The map of an old GNU sparse file: 512 bytes at its start."""


@variant("SEC-013", "FOOTER-005")
def image_of_an_old_writer_for_another_platform() -> Drafted:
    """A layer with legacy keys alone, as skopeo 1.9.3 wrote it, with the TOC of its tar (docs/format.md section 10)."""
    draft = conforming_draft()
    made = finish_layer(draft_layer((Node("hello", content=b"hello\n"),)))
    layer = {**made.descriptor, "annotations": legacy_toc_keys(made.descriptor["annotations"])}
    draft.blobs[layer["digest"]] = made.blob
    config = {**deepcopy(draft.plain_config), "architecture": "arm64", "history": []}
    config["rootfs"]["diff_ids"] = [made.diff_id]
    insert_image(draft, {**deepcopy(draft.plain), "layers": [layer]}, config, _ARM)
    return finish(draft)
