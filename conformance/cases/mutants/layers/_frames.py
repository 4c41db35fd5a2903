"""Layers whose frames, or what is stated of the blob as a whole, violate a requirement."""

import struct

import zstandard

from conformance.cases.mutants.layers._parts import OTHER_DIGEST
from conformance.format import names
from conformance.format.frames import ZSTD_MAGIC, skippable
from conformance.images.free_layer import Choices, free_layer
from conformance.images.layer_draft import LayerDraft, conforming_layer, draft_layer
from conformance.images.trees import Node, noise, tar_of
from conformance.requirements import mutant


@mutant("LAYER-001")
def bytes_between_frames() -> LayerDraft:
    draft = conforming_layer()
    draft.before_tail = b"junk"
    return draft


@mutant("LAYER-002")
def another_diff_id() -> LayerDraft:
    draft = conforming_layer()
    draft.diff_id = OTHER_DIGEST
    return draft


@mutant("LAYER-003")
def blob_under_another_digest() -> LayerDraft:
    draft = conforming_layer()
    draft.described_as = OTHER_DIGEST
    return draft


@mutant("LAYER-015")
def typed_as_gzip() -> LayerDraft:
    draft = conforming_layer()
    draft.media_type = names.LAYER_GZIP_TYPE
    return draft


@mutant("LAYER-005")
def tar_split_before_toc() -> LayerDraft:
    draft = conforming_layer()
    draft.order = ("tar-split", "toc", "footer")
    return draft


@mutant("LAYER-006", implies=("LAYER-002",))
def window_of_256_mib() -> LayerDraft:
    draft = conforming_layer()
    draft.frames.append(_raw_frame(b"", descriptor=0, rest=bytes([18 << 3])))
    return draft


@mutant("LAYER-006", implies=("TOC-001",))
def toc_with_a_window_of_256_mib() -> LayerDraft:
    """libzstd refuses it without an option."""
    draft = conforming_layer()
    draft.compress_toc = lambda document: _raw_frame(document, descriptor=0, rest=bytes([18 << 3]))
    return draft


@mutant("LAYER-017")
def match_beyond_its_window() -> LayerDraft:
    """podman and umoci refuse it; libzstd takes the bytes that it still has."""
    once = noise(7, 1500)
    return free_layer(tar_of((Node("far", content=once + once[:500]),)), Choices(compress=_of_a_window_of_1_kib))


def _of_a_window_of_1_kib(content: bytes) -> bytes:
    """A frame of blocks of at most 1000 bytes, whose matches reach back up to 4 KiB."""
    options = zstandard.ZstdCompressionParameters(window_log=12, write_content_size=False)
    encoder = zstandard.ZstdCompressor(compression_params=options).compressobj()
    frame = b"".join(
        encoder.compress(content[start : start + 1000]) + encoder.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        for start in range(0, len(content), 1000)
    )
    frame += encoder.flush()
    return frame[:5] + b"\0" + frame[6:]


@mutant("LAYER-007")
def another_skippable_magic() -> LayerDraft:
    draft = conforming_layer()
    draft.magic += 1
    return draft


@mutant("LAYER-009", implies=("LAYER-002",))
def frame_with_a_dictionary() -> LayerDraft:
    draft = conforming_layer()
    draft.frames.append(_raw_frame(b"", descriptor=1, rest=bytes([0, 77])))
    return draft


@mutant("LAYER-009", implies=("LAYER-002",))
def frame_checksum_flipped() -> LayerDraft:
    draft = conforming_layer()
    frame = bytearray(draft.frames[0])
    frame[-1] ^= 1
    draft.frames[0] = bytes(frame)
    return draft


@mutant("LAYER-010")
def skippable_frame_first() -> LayerDraft:
    return draft_layer((Node("empty"),), first=skippable(b"first"))


def _raw_frame(content: bytes, *, descriptor: int, rest: bytes) -> bytes:
    """A zstd frame of one raw block: ``rest`` is what follows the frame header descriptor."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return struct.pack("<IB", ZSTD_MAGIC, descriptor) + rest + block + content
