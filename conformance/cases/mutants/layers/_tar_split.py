"""Layers with a tar-split that does not restore the tar."""

import base64
from collections.abc import Callable

from conformance.cases.mutants.layers._parts import OTHER, OTHER_DIGEST, SMALL
from conformance.format.tarheader import write_checksum
from conformance.format.writer import WriterOptions
from conformance.images.layer_draft import Json, LayerDraft, conforming_layer, draft_layer, draft_of_tar
from conformance.images.trees import Node, tar_of
from conformance.requirements import mutant


@mutant("TARSPLIT-001")
def another_tar_split_digest() -> LayerDraft:
    draft = conforming_layer()
    draft.digest_of_split = False
    draft.toc["tarSplitDigest"] = OTHER_DIGEST
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
    small, other = (_record(draft, name) for name in (SMALL, OTHER))
    small["payload"] = other["payload"]
    return draft


@mutant("TARSPLIT-004")
def record_of_unknown_type() -> LayerDraft:
    draft = conforming_layer()
    _record(draft, SMALL)["type"] = 3
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


def _record(draft: LayerDraft, name: str) -> dict[str, object]:
    return next(line for line in draft.split if line.get("name") == name)


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
