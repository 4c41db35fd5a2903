"""TARSPLIT: the records that rebuild the tar, and their agreement with TOC and tar."""

from collections.abc import Callable, Iterator

from conformance.checks.artifact.layers import by_discrepancies, current, read_to_its_end
from conformance.checks.artifact.toc_rules import colliding_names
from conformance.checks.trial_verdicts import toc_refusal
from conformance.format.discrepancy import Kind
from conformance.format.errors import FormatError
from conformance.format.names import TARSPLIT_POSITION
from conformance.observed.layer import LayerSeen, LayersSeen
from conformance.observed.trials import TrialSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, not_run, passed

_HEADER_KINDS = (Kind.NOT_IN_TOC, Kind.NOT_IN_TAR, Kind.ATTRIBUTE, Kind.XATTR, Kind.TWICE)
_REBUILD_KINDS = (Kind.SPLIT_BYTES, Kind.SPLIT_RECORDS)


def _by_split(seen: LayersSeen, judge_one: Callable[[LayerSeen], Iterator[Judgement]]) -> Iterator[Judgement]:
    """Judge the layers whose tar-split is authenticated by the TOC; TARSPLIT-001 is about the others."""
    for layer in current(seen):
        if layer.split.unreadable:
            yield not_run(f"The tar-split could not be read: {layer.split.problem}.", where=layer.name)
        elif layer.split.payload is not None and _is_authentic(layer):
            yield from judge_one(layer)


def _is_authentic(layer: LayerSeen) -> bool:
    payload, toc = layer.split.payload, layer.toc.toc
    return payload is not None and toc is not None and payload.digest == toc.tar_split_digest


@decides("TARSPLIT-001")
def digest(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        toc, payload = layer.toc.toc, layer.split.payload
        if toc is None or not toc.tar_split_digest:
            continue  # TOC-001, TARSPLIT-005
        if payload is not None:
            yield judge(
                payload.digest == toc.tar_split_digest,
                "tarSplitDigest is not the digest of the compressed tar-split.",
                where=f"{layer.name}, tarSplitDigest of the TOC",
                expected=f"{payload.digest}, the digest of the {payload.length} bytes at {payload.offset}",
                found=toc.tar_split_digest[:120],
                evidence=layer.evidence,
            )
        elif layer.split.unreadable:
            yield not_run(f"The tar-split could not be read: {layer.split.problem}.", where=layer.name)


@decides("TARSPLIT-002")
def rebuilds_the_tar(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_split(seen, _rebuilds_the_tar)


def _rebuilds_the_tar(layer: LayerSeen) -> Iterator[Judgement]:
    whole = read_to_its_end(layer)
    if isinstance(whole, Judgement):
        yield whole
        return
    if whole.examined.split_problem is not None:
        yield not_run("The tar-split could not be read to its end (TARSPLIT-004).", where=layer.name)
        return
    yield from by_discrepancies(
        layer,
        "Tar-split and file contents do not give the tar of the layer, byte for byte.",
        whole.examined.discrepancies,
        *_REBUILD_KINDS,
        looked_at=f"{whole.examined.split_compared} records, {whole.examined.size} bytes",
    )


@decides("TARSPLIT-003")
def headers_are_the_entries(seen: LayersSeen) -> Iterator[Judgement]:
    def one(layer: LayerSeen) -> Iterator[Judgement]:
        differences = layer.split.differences
        if differences is not None:
            yield from by_discrepancies(
                layer,
                "A tar header in the tar-split differs from the TOC: clients refuse the layer.",
                differences,
                *_HEADER_KINDS,
                looked_at=f"{layer.split.file_count} headers",
            )

    return _by_split(seen, one)


@decides("TARSPLIT-004")
def lines(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_split(seen, _lines)


def _lines(layer: LayerSeen) -> Iterator[Judgement]:
    if layer.split.problem:
        yield failed(
            "The tar-split cannot be read to its end.",
            where=layer.name,
            expected="JSON lines of type 1 and 2 in order, each file after its tar header",
            found=layer.split.problem,
            evidence=layer.evidence,
        )
        return
    whole = read_to_its_end(layer)
    if isinstance(whole, Judgement):
        yield whole
        return
    yield from by_discrepancies(
        layer,
        "The CRC-64 of a file in the tar-split is not that of its content.",
        whole.examined.discrepancies,
        Kind.SPLIT_CRC,
        looked_at=f"{whole.examined.split_compared} files",
    )


@decides("TARSPLIT-005")
def present(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        if layer.toc.toc is not None:
            yield judge(
                bool(layer.toc.toc.tar_split_digest),
                "The layer has no tar-split, so no client pulls it partially with guaranteed consistency.",
                where=f"{layer.name}, tarSplitDigest of the TOC",
                expected="the digest of a tar-split",
                found=layer.toc.toc.tar_split_digest or "absent",
            )


@decides("TARSPLIT-007")
def third_number(seen: LayersSeen) -> Iterator[Judgement]:
    def one(layer: LayerSeen) -> Iterator[Judgement]:
        try:
            place = layer.annotations.tar_split_location()
        except FormatError:
            return  # ANNOT-003
        if place is not None and layer.split.document_size is not None:
            yield judge(
                place.uncompressed == layer.split.document_size,
                "The annotation does not have the length of the decompressed tar-split.",
                where=f"{layer.name}, {TARSPLIT_POSITION}",
                expected=f"{layer.split.document_size} as the third number",
                found=str(place.uncompressed),
            )

    return _by_split(seen, one)


@decides("TARSPLIT-011")
def segments(seen: LayersSeen) -> Iterator[Judgement]:
    def one(layer: LayerSeen) -> Iterator[Judgement]:
        if layer.split.problem:
            yield not_run("The tar-split could not be read to its end (TARSPLIT-004).", where=layer.name)
            return
        yield judge(
            not layer.split.segment_problem,
            "The tar-split has segments that clients cannot read one by one: they refuse the layer.",
            where=layer.name,
            expected="one segment with the padding before and all headers of an entry; zero blocks at the end",
            found=layer.split.segment_problem or f"{layer.split.file_count} entries",
            evidence=layer.evidence,
        )

    return _by_split(seen, one)


@decides("TARSPLIT-008")
def unique_names(seen: LayersSeen | TrialSeen) -> Iterator[Judgement]:
    """Of artifacts the names themselves, of consumers what they do when one occurs twice."""
    return toc_refusal("TARSPLIT-008", seen) if isinstance(seen, TrialSeen) else _unique_names(seen)


def _unique_names(seen: LayersSeen) -> Iterator[Judgement]:
    """The names of the tar-split where it could be read, else those of the TOC, which are to be the same."""

    def one(layer: LayerSeen) -> Iterator[Judgement]:
        names = layer.split.duplicates
        if not names and layer.split.problem and layer.toc.toc is not None:
            names = colliding_names(layer.toc.toc.entries)
        for name in names:
            yield failed(
                "Two files of the tar-split have the same name after lexical cleaning: one would be rebuilt "
                "from the other.",
                where=layer.name,
                expected="names that differ after cleaning",
                found=name,
            )
        if not names:
            yield passed(layer.name, found=f"{layer.split.file_count} names")

    return _by_split(seen, one)
