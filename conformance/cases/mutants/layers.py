"""Layers with one defect each: one edit from a positive control, and the requirement that it violates."""

import base64
import json
import re
import struct
from collections.abc import Callable
from copy import deepcopy

import msgspec
import zstandard

from conformance.format import names
from conformance.format.digest import Digest
from conformance.format.footer import Footer, FooterForm
from conformance.format.frames import SKIPPABLE_HEADER, ZSTD_MAGIC, skippable
from conformance.format.tarheader import write_checksum
from conformance.format.writer import WriterOptions
from conformance.images.layer_draft import (
    Json,
    LayerDraft,
    conforming_layer,
    draft_layer,
    draft_of_tar,
    finish_layer,
    toc_document,
)
from conformance.images.trees import Node, tar_of
from conformance.requirements import mutant

_TOOL, _HOLES, _SMALL, _OTHER = "usr/bin/tool", "usr/holes", "usr/small", "usr/other"
_OTHER_DIGEST = "sha256:" + "ab" * 32
_TREE = ("TOC-003", "TARSPLIT-003", "SEC-001")


@mutant("LAYER-001")
def bytes_between_frames() -> LayerDraft:
    draft = conforming_layer()
    draft.before_tail = b"junk"
    return draft


@mutant("LAYER-002")
def another_diff_id() -> LayerDraft:
    draft = conforming_layer()
    draft.diff_id = _OTHER_DIGEST
    return draft


@mutant("LAYER-003")
def blob_under_another_digest() -> LayerDraft:
    draft = conforming_layer()
    draft.described_as = _OTHER_DIGEST
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


@mutant("FOOTER-001")
def no_footer() -> LayerDraft:
    draft = conforming_layer()
    draft.order = ("toc", "tar-split")
    return draft


@mutant("FOOTER-002")
def footer_with_another_length() -> LayerDraft:
    def edit(footer: Footer) -> Footer:
        toc = msgspec.structs.replace(footer.toc, uncompressed=footer.toc.uncompressed + 1)
        return msgspec.structs.replace(footer, toc=toc)

    return _with_footer(edit)


@mutant("FOOTER-003", implies=("FOOTER-002",))
def footer_beside_the_toc() -> LayerDraft:
    def edit(footer: Footer) -> Footer:
        return msgspec.structs.replace(footer, toc=msgspec.structs.replace(footer.toc, offset=footer.toc.offset - 3))

    return _with_footer(edit)


@mutant("FOOTER-004", implies=("FOOTER-002",))
def footer_of_type_two() -> LayerDraft:
    return _with_footer(lambda footer: msgspec.structs.replace(footer, toc=msgspec.structs.replace(footer.toc, type=2)))


@mutant("FOOTER-005", implies=("FOOTER-001",))
def footer_of_the_first_form() -> LayerDraft:
    return _with_footer(lambda footer: Footer(FooterForm.FIRST, footer.toc))


@mutant("FOOTER-006", implies=("FOOTER-001",))
def footer_of_the_transitional_form() -> LayerDraft:
    return _with_footer(lambda footer: Footer(FooterForm.TRANSITIONAL, footer.toc))


@mutant("ANNOT-001")
def another_toc_digest() -> LayerDraft:
    return _annotated(names.MANIFEST_CHECKSUM, _OTHER_DIGEST)


@mutant("ANNOT-002")
def toc_position_with_text_behind() -> LayerDraft:
    return _respelt(names.MANIFEST_POSITION, lambda text: f"{text} ")


@mutant("ANNOT-003")
def tar_split_position_with_leading_zero() -> LayerDraft:
    return _respelt(names.TARSPLIT_POSITION, lambda text: f"0{text}")


@mutant("ANNOT-004", implies=("SENT-MANIFEST-009", "FOOTER-002"))
def tar_split_not_located() -> LayerDraft:
    return _annotated(names.TARSPLIT_POSITION, None)


@mutant("ANNOT-005")
def two_kinds_of_toc() -> LayerDraft:
    return _annotated(names.ESTARGZ_TOC, _OTHER_DIGEST)


@mutant("ANNOT-006")
def deprecated_checksum() -> LayerDraft:
    return _annotated(names.TARSPLIT_CHECKSUM, _OTHER_DIGEST)


@mutant("ANNOT-008")
def checksum_without_position() -> LayerDraft:
    return _annotated(names.MANIFEST_POSITION, None)


@mutant("ANNOT-022")
def legacy_keys_of_a_second_toc() -> LayerDraft:
    """podman 4.3.1 unpacks the second TOC, which is in a skippable frame of its own."""
    draft = conforming_layer()
    second = deepcopy(draft.toc)
    second["entries"][-1]["name"] += "-other"
    document = json.dumps(second).encode()
    payload = zstandard.compress(document)
    place = sum(len(frame) for frame in draft.frames) + SKIPPABLE_HEADER
    draft.before_tail = skippable(payload)
    draft.annotations = {
        f"{names.LEGACY_PREFIX}manifest-checksum": str(Digest.of(payload)),
        f"{names.LEGACY_PREFIX}manifest-position": f"{place}:{len(payload)}:{len(document)}:1",
    }
    return draft


@mutant("ANNOT-022")
def legacy_tar_split_without_a_current_one() -> LayerDraft:
    draft = conforming_layer()
    draft.annotations[f"{names.LEGACY_PREFIX}tarsplit-position"] = "1:2:3"
    return draft


@mutant("TOC-001")
def version_two() -> LayerDraft:
    draft = conforming_layer()
    draft.toc["version"] = 2
    return draft


@mutant("TOC-001")
def no_entries_at_all() -> LayerDraft:
    draft = draft_layer(())
    del draft.toc["entries"]
    return draft


@mutant("TOC-001")
def data_behind_the_document() -> LayerDraft:
    draft = conforming_layer()
    draft.document = toc_document(draft) + b"{}"
    return draft


@mutant("TOC-002", implies=("SEC-001",))
def key_in_another_case() -> LayerDraft:
    """Setuid for readers that ignore case, and not for others."""
    return _reencoded(b'"mode":420', b'"mode":420,"Mode":2541')


@mutant("TOC-002")
def key_twice() -> LayerDraft:
    return _reencoded(b'"mode":420', b'"mode":511,"mode":420')


@mutant("TOC-002", implies=("SEC-001",))
def empty_key() -> LayerDraft:
    return _reencoded(b'"mode":420', b'"":0,"mode":420')


@mutant("TOC-001")
def time_written_empty() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_SMALL)["modtime"] = ""
    return draft


@mutant("TOC-001")
def tar_split_digest_written_empty() -> LayerDraft:
    draft = conforming_layer()
    draft.document = re.sub(rb'"tarSplitDigest":"[^"]*"', b'"tarSplitDigest":""', toc_document(draft))
    return draft


@mutant("TOC-003", implies=("TARSPLIT-003", "SEC-001", "TAR-049"))
def mode_without_setuid() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_TOOL)["mode"] = 0o755
    return draft


@mutant("TOC-003", implies=("TARSPLIT-003", "SEC-001", "TAR-049"))
def owner_root() -> LayerDraft:
    draft = conforming_layer()
    del draft.entry(_TOOL)["uid"]
    return draft


@mutant("TOC-003", implies=("TARSPLIT-003", "SEC-001"))
def link_elsewhere() -> LayerDraft:
    draft = conforming_layer()
    draft.entry("usr/link")["linkName"] = "../other"
    return draft


@mutant("TOC-003", implies=("TARSPLIT-003", "SEC-001"))
def entry_renamed() -> LayerDraft:
    draft = conforming_layer()
    draft.entry("usr/pipe")["name"] = "usr/pipe2"
    return draft


@mutant("TOC-004", implies=("SEC-001",))
def digest_of_other_content() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_SMALL)["digest"] = draft.entry(_OTHER)["digest"]
    return draft


@mutant("TOC-005", implies=_TREE)
def name_twice() -> LayerDraft:
    draft = conforming_layer()
    draft.toc["entries"].append(dict(draft.entry("usr/pipe")))
    return draft


@mutant("TOC-006", implies=_TREE)
def unknown_type() -> LayerDraft:
    draft = conforming_layer()
    draft.entry("usr/pipe")["type"] = "socket"
    return draft


@mutant("TOC-007")
def range_inside_a_frame() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_SMALL)["offset"] += 1
    return draft


@mutant("TOC-008")
def ranges_exchanged() -> LayerDraft:
    draft = conforming_layer()
    small, other = draft.entry(_SMALL), draft.entry(_OTHER)
    for key in ("offset", "endOffset"):
        small[key], other[key] = other[key], small[key]
    return draft


@mutant("TOC-009", implies=("ANNOT-002",))
def toc_declared_too_large() -> LayerDraft:
    draft = conforming_layer()
    draft.toc_uncompressed_off = 150 * 2**20
    return draft


@mutant("TOC-010", implies=("TARSPLIT-003", "SEC-001"))
def xattr_not_in_base64() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_HOLES)["xattrs"]["user.one"] = "first!"
    return draft


@mutant("TOC-010", implies=("TARSPLIT-003", "SEC-001"))
def xattr_of_another_value() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_HOLES)["xattrs"]["user.one"] = base64.b64encode(b"second").decode()
    return draft


@mutant("TOC-011")
def year_one_spelt_out() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_SMALL)["accesstime"] = "0001-01-01T00:00:00Z"
    return draft


@mutant("TOC-021")
def hard_link_before_its_target() -> LayerDraft:
    return draft_layer((Node("link", "hardlink", link_name="file"), Node("file", content=b"content")))


@mutant("TOC-021", implies=("TOC-041",))
def hard_link_out_of_the_root() -> LayerDraft:
    return draft_layer((Node("file", content=b"content"), Node("link", "hardlink", link_name="../file")))


@mutant("TOC-021")
def hard_link_to_a_directory() -> LayerDraft:
    return draft_layer((Node("d", "dir"), Node("link", "hardlink", link_name="d")))


@mutant("TOC-021")
def hard_link_to_a_whiteout() -> LayerDraft:
    return draft_layer((Node(".wh.gone"), Node("link", "hardlink", link_name=".wh.gone")))


@mutant("TOC-015", implies=("TOC-006", *_TREE))
def whiteout_as_device() -> LayerDraft:
    draft = conforming_layer()
    draft.entry("usr/.wh.gone").update(type="symlink")
    return draft


@mutant("TOC-015")
def whiteout_with_content() -> LayerDraft:
    return draft_layer((Node("f", content=b"one"), Node(".wh.gone", content=b"still here")))


@mutant("TOC-015")
def opaque_whiteout_with_content() -> LayerDraft:
    return draft_layer((Node("d", "dir"), Node("d/.wh..wh..opq", content=b"y")))


@mutant("TOC-015")
def file_below_the_name_of_a_whiteout() -> LayerDraft:
    """podman 4.3.1 leaves it out, others unpack it."""
    return draft_layer((Node("f", content=b"one"), Node("./.wh..wh.plnk/1", content=b"two")))


@mutant("CHUNK-001", implies=("CHUNK-002",))
def chunk_after_another_file() -> LayerDraft:
    draft = conforming_layer()
    chunk = draft.entry(_HOLES, chunk=2)
    draft.toc["entries"].remove(chunk)
    draft.toc["entries"].append(chunk)
    return draft


@mutant("CHUNK-002")
def chunks_with_a_gap() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_HOLES, chunk=1)["chunkSize"] -= 1
    return draft


@mutant("CHUNK-002", implies=("CHUNK-009",))
def only_chunk_shorter_than_its_file() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_SMALL)["chunkSize"] = 1
    return draft


@mutant("CHUNK-002", implies=("CHUNK-009",))
def only_chunk_that_begins_later() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_SMALL)["chunkOffset"] = 1
    return draft


@mutant("CHUNK-003")
def digest_of_another_chunk() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_HOLES, chunk=2)["chunkDigest"] = draft.entry(_HOLES)["chunkDigest"]
    return draft


@mutant("CHUNK-004")
def data_called_zeros() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_HOLES, chunk=2)["chunkType"] = "zeros"
    return draft


@mutant("CHUNK-005")
def unknown_chunk_type() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_HOLES, chunk=1)["chunkType"] = "hole"
    return draft


@mutant("CHUNK-007")
def chunk_with_a_mode() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_HOLES, chunk=1)["mode"] = 0o644
    return draft


@mutant("CHUNK-008")
def chunk_inside_a_frame() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(_HOLES, chunk=1)["offset"] += 1
    return draft


@mutant("CHUNK-009")
def chunk_fields_on_a_whole_file() -> LayerDraft:
    draft = conforming_layer()
    entry = draft.entry(_SMALL)
    entry.update(chunkSize=entry["size"], chunkDigest=entry["digest"])
    return draft


@mutant("TARSPLIT-001")
def another_tar_split_digest() -> LayerDraft:
    draft = conforming_layer()
    draft.digest_of_split = False
    draft.toc["tarSplitDigest"] = _OTHER_DIGEST
    return draft


@mutant("TARSPLIT-002", implies=("TARSPLIT-011",))
def other_end_blocks() -> LayerDraft:
    draft = conforming_layer()
    segment = draft.split[-1]
    segment["payload"] = base64.b64encode(b"\x01" + base64.b64decode(segment["payload"])[1:]).decode()
    return draft


@mutant("TARSPLIT-003", implies=("TARSPLIT-002",))
def header_with_another_mode() -> LayerDraft:
    """The header of the pipe, whose segment ends with it, without extended headers."""
    draft = conforming_layer()
    place = next(i for i, line in enumerate(draft.split) if line.get("name") == "usr/pipe") - 1
    raw = base64.b64decode(draft.split[place]["payload"])
    header = write_checksum(raw[-512:-412] + b"0000600\0" + raw[-404:])
    draft.split[place]["payload"] = base64.b64encode(raw[:-512] + header).decode()
    return draft


@mutant("TARSPLIT-004")
def crc_of_other_content() -> LayerDraft:
    draft = conforming_layer()
    small, other = (_record(draft, name) for name in (_SMALL, _OTHER))
    small["payload"] = other["payload"]
    return draft


@mutant("TARSPLIT-004")
def record_of_unknown_type() -> LayerDraft:
    draft = conforming_layer()
    _record(draft, _SMALL)["type"] = 3
    return draft


@mutant("TARSPLIT-005", implies=("SENT-MANIFEST-009",))
def no_tar_split() -> LayerDraft:
    return draft_layer((Node("file", content=b"content"),), WriterOptions(tar_split=False))


@mutant("TARSPLIT-007")
def third_number_off() -> LayerDraft:
    draft = conforming_layer()
    draft.split_uncompressed_off = 1
    return draft


@mutant("TARSPLIT-008", implies=("TOC-019",))
def colliding_names() -> LayerDraft:
    tree = (Node("a", content=b"one"), Node("./a", content=b"two"))
    return draft_layer(tree, WriterOptions(unique_names=False))


@mutant("TARSPLIT-011")
def headers_in_two_segments() -> LayerDraft:
    """The records of an extended header, and the header they belong to."""
    return _recut(lambda raw: [raw[:-512], raw[-512:]] if len(raw) > 1024 else [raw])


@mutant("TARSPLIT-011")
def segments_of_100_bytes() -> LayerDraft:
    return _recut(lambda raw: [raw[at : at + 100] for at in range(0, len(raw), 100)])


@mutant("TARSPLIT-011")
def half_a_block_at_the_end() -> LayerDraft:
    """The tar-split of a tar with an incomplete last block: the last segment has 100 zeros."""
    return _with_end(bytes(1024), bytes(100))


@mutant("TARSPLIT-011", implies=("SEC-012",))
def junk_in_a_segment_at_the_end() -> LayerDraft:
    return _with_end(bytes(1024), b"junk".ljust(512, b"\0"))


@mutant("TARSPLIT-011", implies=("SEC-012",))
def one_zero_block_and_junk_in_a_segment_at_the_end() -> LayerDraft:
    return _with_end(bytes(1024), bytes(512) + b"junk".ljust(512, b"\0"))


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


def _with_footer(edit: Callable[[Footer], Footer]) -> LayerDraft:
    draft = conforming_layer()
    draft.footer = edit
    return draft


def _annotated(key: str, value: str | None) -> LayerDraft:
    draft = conforming_layer()
    draft.annotations[key] = value
    return draft


def _respelt(key: str, respell: Callable[[str], str]) -> LayerDraft:
    """One annotation with another text than the layer implies."""
    draft = conforming_layer()
    return _annotated(key, respell(finish_layer(draft).descriptor["annotations"][key]))


def _reencoded(old: bytes, new: bytes) -> LayerDraft:
    """The TOC with the first ``old`` replaced after encoding, for forms that Python's JSON objects cannot represent."""
    draft = conforming_layer()
    document = toc_document(draft)
    assert old in document
    draft.document = document.replace(old, new, 1)
    return draft


def _raw_frame(content: bytes, *, descriptor: int, rest: bytes) -> bytes:
    """A zstd frame of one raw block: ``rest`` is what follows the frame header descriptor."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return struct.pack("<IB", ZSTD_MAGIC, descriptor) + rest + block + content


def _record(draft: LayerDraft, name: str) -> dict[str, object]:
    return next(line for line in draft.split if line.get("name") == name)


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


def _recut(cut: Callable[[bytes], list[bytes]]) -> LayerDraft:
    """The tar-split of a conforming layer with each segment cut into these parts."""
    draft = conforming_layer()
    lines: list[Json] = []
    for line in draft.split:
        parts = cut(base64.b64decode(line["payload"])) if line["type"] == 2 else []
        lines += [{**line, "payload": base64.b64encode(part).decode()} for part in parts] or [line]
    draft.split = [{**line, "position": place} for place, line in enumerate(lines)]
    return draft


def _with_end(*parts: bytes) -> LayerDraft:
    """A tar with this end. The tar-split library puts the first two blocks into one segment, the rest into another."""
    members = tar_of((Node("file", content=b"x" * 512),)).rstrip(b"\0")
    return draft_of_tar(members + b"".join(parts))
