"""LAYER: the blob as a concatenation of frames, and the tar in it."""

from collections.abc import Iterator

from conformance.checks.artifact.layers import broken_off, by_whole, current, needs_deep
from conformance.format.decompress import MAX_WINDOW
from conformance.format.errors import ChecksumError, FormatError, StructureError
from conformance.format.footer import Footer
from conformance.format.frames import SKIPPABLE_MAGIC, ZSTD_MAGIC, Frame
from conformance.format.names import LAYER_ZSTD_FOREIGN_TYPE, LAYER_ZSTD_TYPE
from conformance.format.positions import Position
from conformance.format.window_watch import MAX_SEQUENCES
from conformance.observed.evidence import BytesEvidence
from conformance.observed.layer import LayerSeen, LayersSeen, WholeLayer
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, not_run, passed

_TAIL = ("the TOC", "the tar-split", "the footer")


@decides("LAYER-001")
def frames_only(seen: LayersSeen) -> Iterator[Judgement]:
    return by_whole(seen, _frames_only)


def _frames_only(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    problem = whole.problem
    if problem is None:
        yield passed(layer.name, found=f"{len(whole.frames.offsets) - 1} frames")
    elif not isinstance(problem, StructureError):
        yield broken_off(layer)
    else:
        yield failed(
            "The blob is not a concatenation of zstd and skippable frames.",
            where=f"{layer.name}, {problem.where}",
            expected="frame after frame up to the end of the blob",
            found=problem.what,
        )


@decides("LAYER-002")
def tar_of_the_diff_id(seen: LayersSeen) -> Iterator[Judgement]:
    return by_whole(seen, _tar_of_the_diff_id)


def _tar_of_the_diff_id(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    if isinstance(whole.problem, StructureError):
        yield broken_off(layer)
        return
    problem: FormatError | None = whole.problem or whole.examined.problem
    if problem is not None:
        yield failed(
            "The frames do not decompress to a valid tar.",
            where=f"{layer.name}, {problem.where}",
            expected="a tar archive",
            found=problem.what,
        )
        return
    if not layer.diff_ids:
        yield not_run("No config has a DiffID for this layer.", where=layer.name)
    for diff_id in layer.diff_ids:
        yield judge(
            whole.diff_id == diff_id,
            "The decompressed layer does not have the DiffID of the config.",
            where=f"{layer.name}, rootfs.diff_ids of its config",
            expected=diff_id,
            found=f"{whole.diff_id} ({whole.tar_size} bytes of tar)",
        )


@decides("LAYER-003")
def blob_as_described(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        size = layer.stored_size
        if layer.whole is not None:
            yield judge(
                (layer.whole.blob_digest, layer.whole.blob_size) == (layer.descriptor.digest, layer.descriptor.size),
                "The stored blob does not match its descriptor.",
                where=layer.name,
                expected=f"{layer.descriptor.digest}, {layer.descriptor.size} bytes",
                found=f"{layer.whole.blob_digest}, {layer.whole.blob_size} bytes",
            )
        elif size is not None and size != layer.descriptor.size:
            yield failed(
                "The size of the stored blob differs from its descriptor.",
                where=layer.name,
                expected=f"{layer.descriptor.size} bytes",
                found=f"{size} bytes",
                evidence=layer.evidence,
            )
        elif layer.whole_problem:
            yield not_run(f"The blob could not be read: {layer.whole_problem}.", where=layer.name)
        else:
            yield needs_deep(layer)


@decides("LAYER-015")
def media_type(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        yield judge(
            layer.descriptor.media_type in (LAYER_ZSTD_TYPE, LAYER_ZSTD_FOREIGN_TYPE),
            "A layer with a zstd:chunked TOC has another media type than that of zstd layers.",
            where=f"{layer.name}.mediaType",
            expected=f"{LAYER_ZSTD_TYPE} (or the deprecated {LAYER_ZSTD_FOREIGN_TYPE})",
            found=layer.descriptor.media_type,
        )


@decides("LAYER-005")
def tail_in_order(seen: LayersSeen) -> Iterator[Judgement]:
    """By position: the annotations, or else the footer, state what is the TOC and what the tar-split."""
    for layer in current(seen):
        if layer.footer is None or layer.footer.is_legacy:
            continue  # FOOTER-001
        parts = _tables(layer, layer.footer)
        starts = [part.offset for part in parts]
        wanted: list[int] = []
        at = layer.descriptor.size - len(layer.footer_raw)
        for part in reversed(parts):
            at -= 8 + part.compressed
            wanted.insert(0, at)
        names = _TAIL if len(parts) > 1 else (_TAIL[0], _TAIL[2])
        framed = _are_framed(layer, parts)
        last = None if layer.whole is None else layer.whole.frames.last_data_end
        before = last is None or last <= starts[0] - 8
        yield judge(
            starts == wanted and framed and before,
            f"{', '.join(names[:-1])} and {names[-1]} are not the last skippable frames of the blob, in this order.",
            where=layer.name,
            expected=f"payloads at {' and '.join(str(place) for place in wanted)}, then the footer, no data after it",
            found=f"payloads at {' and '.join(str(place) for place in starts)}"
            + ("" if framed else ", not each in its own frame")
            + ("" if before else f"; a data frame ends at {last}"),
            evidence=layer.evidence,
        )


def _tables(layer: LayerSeen, footer: Footer) -> list[Position]:
    """TOC and tar-split where the annotations state, unless they alone are wrong (ANNOT-002, FOOTER-003)."""
    named = footer.positions
    by_footer = [place for place in (named.toc, named.tar_split) if place is not None]
    try:
        said = layer.annotations.positions()
    except FormatError:
        return by_footer
    parts = [place for place in (said.toc, said.tar_split or named.tar_split) if place is not None]
    return parts if _are_framed(layer, parts) or not _are_framed(layer, by_footer) else by_footer


def _are_framed(layer: LayerSeen, parts: list[Position]) -> bool:
    return all(layer.skippable.get(part.offset) == part.compressed for part in parts)


@decides("LAYER-017")
def within_windows(seen: LayersSeen) -> Iterator[Judgement]:
    return by_whole(seen, _within_windows)


def _within_windows(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    for far in whole.frames.far:
        yield failed(
            "A frame refers to bytes before its window: Go's decoder refuses it, others take other bytes.",
            where=f"{layer.name}, frame at byte {far.offset}",
            expected=f"at most {far.window} bytes, its window",
            found=f"{far.distance} bytes",
        )
    if not whole.frames.far:
        inspected = f"the first {MAX_SEQUENCES} sequences" if whole.frames.unwatched else "all frames"
        yield broken_off(layer) if whole.problem else passed(layer.name, found=inspected)


@decides("LAYER-006")
def windows(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        for what, payload in (("TOC", layer.toc.payload), ("tar-split", layer.split.payload)):
            if payload is not None and payload.window > MAX_WINDOW:
                yield failed(
                    f"The {what} is compressed with a window larger than readers allow.",
                    where=f"{layer.name}, byte {payload.offset}",
                    expected=f"at most {MAX_WINDOW} bytes",
                    found=f"{payload.window} bytes",
                )
    yield from by_whole(seen, _windows)


def _windows(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    for frame in whole.frames.wide:
        yield failed(
            "A frame declares a window larger than readers allow.",
            where=f"{layer.name}, frame at byte {frame.offset}",
            expected=f"at most {MAX_WINDOW} bytes",
            found=f"{frame.window} bytes",
        )
    if not whole.frames.wide:
        found = f"{whole.frames.data_count} data frames"
        yield broken_off(layer) if whole.problem else passed(layer.name, found=found)


@decides("LAYER-007")
def skippable_magic(seen: LayersSeen) -> Iterator[Judgement]:
    return by_whole(seen, _skippable_magic)


def _skippable_magic(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    others = [frame for frame in whole.frames.skippable if frame.magic != SKIPPABLE_MAGIC]
    for frame in others:
        yield failed(
            "The magic number of a skippable frame differs from the one that writers use.",
            where=f"{layer.name}, frame at byte {frame.offset}",
            expected=f"0x{SKIPPABLE_MAGIC:08X}",
            found=f"0x{frame.magic:08X}",
            evidence=(_magic(layer, frame),),
        )
    if not others:
        found = f"{whole.frames.skippable_count} skippable frames"
        yield broken_off(layer) if whole.problem else passed(layer.name, found=found)


def _magic(layer: LayerSeen, frame: Frame) -> BytesEvidence:
    return BytesEvidence(layer.descriptor.digest, frame.offset, "50 2a 4d 18", frame.magic.to_bytes(4, "little"))


@decides("LAYER-009")
def no_dictionary_right_checksum(seen: LayersSeen) -> Iterator[Judgement]:
    return by_whole(seen, _no_dictionary_right_checksum)


def _no_dictionary_right_checksum(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    for frame in whole.frames.with_dictionary:
        yield failed(
            "A data frame needs a dictionary, which no reader has.",
            where=f"{layer.name}, frame at byte {frame.offset}",
            expected="dictionary id 0",
            found=str(frame.dictionary_id),
        )
    problem = whole.problem
    if isinstance(problem, ChecksumError):
        yield failed(
            "The checksum of a data frame is wrong: some decoders fail on it, others do not check it.",
            where=f"{layer.name}, {problem.where}",
            expected="the low 32 bits of XXH64 of its content",
            found=problem.what,
        )
    elif not whole.frames.with_dictionary:
        found = f"{whole.frames.data_count} data frames"
        yield broken_off(layer) if problem else passed(layer.name, found=found)


@decides("LAYER-010")
def zstd_frame_first(seen: LayersSeen) -> Iterator[Judgement]:
    return by_whole(seen, _zstd_frame_first)


def _zstd_frame_first(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    first = whole.frames.first
    if first is not None:
        yield judge(
            not first.is_skippable,
            "The layer begins with a skippable frame: tools that check the first bytes do not recognise zstd.",
            where=f"{layer.name}, byte 0",
            expected=f"0x{ZSTD_MAGIC:08X}",
            found=f"0x{first.magic:08X}",
            evidence=(BytesEvidence(layer.descriptor.digest, 0, "28 b5 2f fd", first.magic.to_bytes(4, "little")),),
        )
