"""TOC: the document, its entries, and the tar that they describe."""

from collections.abc import Iterator
from itertools import islice

import msgspec

from conformance.checks.artifact import toc_rules
from conformance.checks.artifact.hard_links import wrong_hard_links
from conformance.checks.artifact.layers import (
    broken_off,
    by_discrepancies,
    by_rule,
    by_tar,
    by_toc,
    current,
    not_compared,
    problems_of,
    read_to_its_end,
    unread_toc,
)
from conformance.format.discrepancy import Kind
from conformance.format.errors import FormatError
from conformance.format.examine import NOWHERE
from conformance.format.toc import MAX_TOC, Toc
from conformance.format.toc_outline import Outline, Problems, problem
from conformance.observed.evidence import BytesEvidence
from conformance.observed.layer import LayerSeen, LayersSeen, WholeLayer
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, passed

_HEADER_KINDS = (Kind.NOT_IN_TOC, Kind.NOT_IN_TAR, Kind.ATTRIBUTE, Kind.TWICE)
_MAX = 10


@decides("TOC-001")
def one_document(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        toc = layer.toc.toc
        if toc is None:
            if layer.toc.unreadable:
                yield unread_toc(layer)
            elif layer.toc.payload is not None and not layer.toc.over_limit and _is_authentic(layer):
                yield failed(
                    "The TOC is not one JSON object with the fields of a TOC.",
                    where=layer.name,
                    expected='{"version":1,"entries":[…]} in UTF-8 and nothing after it',
                    found=layer.toc.problem,
                    evidence=layer.evidence,
                )
            continue
        yield judge(
            toc.version == 1 and toc.entries_or_none is not msgspec.UNSET,
            "The TOC does not have version 1, or has no array of entries.",
            where=layer.name,
            expected="version 1 and an array of entries (null where there are none)",
            found=f"version {toc.version}, {'no entries' if toc.entries_or_none is msgspec.UNSET else 'entries'}",
        )


def _is_authentic(layer: LayerSeen) -> bool:
    return layer.toc.payload is not None and layer.toc.payload.digest == layer.annotations.manifest_checksum


@decides("TOC-002")
def unambiguous_keys(seen: LayersSeen) -> Iterator[Judgement]:
    def one(layer: LayerSeen, _toc: Outline) -> Iterator[Judgement]:
        odd = [written for written in layer.toc.key_problems if written.is_ambiguous]
        for written in odd[:_MAX]:
            of = f"TOC of {layer.descriptor.digest}"
            yield failed(
                f"Parsers read a key of the TOC differently ({written.kind}).",
                where=f"{layer.name}, {written.path or 'the document'}, byte {written.offset} of the JSON",
                expected="keys in exact case, each once in its object, none empty",
                found=repr(written.key[:80]),
                evidence=(BytesEvidence(of, written.offset, "a key in exact case", written.key.encode()[:64]),),
            )
        if not odd:
            yield passed(layer.name)

    return by_toc(seen, one)


@decides("TOC-003")
def entries_are_the_headers(seen: LayersSeen) -> Iterator[Judgement]:
    return by_tar(seen, _entries_are_the_headers)


def _entries_are_the_headers(layer: LayerSeen, whole: WholeLayer, _toc: Toc) -> Iterator[Judgement]:
    yield from by_discrepancies(
        layer,
        "A TOC entry differs from the tar.",
        whole.examined.discrepancies,
        *_HEADER_KINDS,
        looked_at=f"{whole.examined.members} entries",
    )


@decides("TOC-004")
def digests_of_contents(seen: LayersSeen) -> Iterator[Judgement]:
    return by_tar(seen, _digests_of_contents)


def _digests_of_contents(layer: LayerSeen, whole: WholeLayer, _toc: Toc) -> Iterator[Judgement]:
    yield from by_discrepancies(
        layer,
        "The digest in the TOC is not that of the file's content in the tar.",
        whole.examined.discrepancies,
        Kind.DIGEST,
        looked_at=f"{whole.examined.files} files",
    )
    yield from not_compared(layer, whole)


@decides("TOC-005")
def unique_names(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(seen, toc_rules.repeated_names, "Two entries of the TOC have the same name.")


@decides("TOC-006")
def known_types(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        toc_rules.wrong_shapes,
        "An entry has an unknown type, or not the fields of its type.",
    )


@decides("TOC-007")
def ranges_on_frames(seen: LayersSeen) -> Iterator[Judgement]:
    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        assert layer.toc.payload is not None
        overlapping = toc_rules.overlapping(toc, layer.toc.payload.offset - 8)
        problems = problems_of(
            layer, overlapping, "The byte range of a file overlaps another one or is outside the data frames."
        )
        yield from problems
        whole = read_to_its_end(layer)
        if isinstance(whole, Judgement):
            yield whole
        elif not problems:
            message = "A file does not begin and end with a frame, so its content cannot be fetched alone."
            beside = problems_of(layer, islice(_beside_frames(toc, whole), _MAX), message)
            yield from beside or [passed(layer.name, found=f"{whole.frames.data_count} data frames")]

    return by_toc(seen, one)


def _beside_frames(toc: Outline, whole: WholeLayer) -> Problems:
    for index, entry in enumerate(toc.entries):
        if entry.type != "reg" or entry.size <= 0 or not entry.end_offset:
            continue
        for what, offset in (("offset", entry.offset), ("endOffset", entry.end_offset)):
            if whole.frames.index_of(offset) is None:
                yield problem(toc.entries, index, f"{what} where a frame begins", str(offset))


@decides("TOC-008")
def ranges_hold_the_contents(seen: LayersSeen) -> Iterator[Judgement]:
    return by_tar(seen, _ranges_hold_the_contents)


def _ranges_hold_the_contents(layer: LayerSeen, whole: WholeLayer, toc: Toc) -> Iterator[Judgement]:
    message = "The frames that the TOC names do not hold the content of the file."
    files = sum(start != NOWHERE for start in whole.examined.starts)
    misplaced = problems_of(layer, islice(_misplaced(toc, whole), _MAX), message)
    yield from misplaced or [passed(layer.name, found=f"{files} files")]


def _misplaced(toc: Toc, whole: WholeLayer) -> Problems:
    """The frames from offset to endOffset hold exactly what the tar has as the file's content; chunks likewise."""
    entries = toc.entries
    for index, start in enumerate(whole.examined.starts):
        if start < 0:  # NOWHERE
            continue
        entry = entries[index]
        expected = {entry.offset: start, entry.end_offset: start + entry.size}
        position = index + 1
        while position < len(entries) and entries[position].type == "chunk":
            expected[entries[position].offset] = start + entries[position].chunk_offset
            position += 1
        for offset, tar_offset in expected.items():
            found = whole.frames.tar_offset_at(offset)
            if found is not None and found != tar_offset:
                due = f"tar byte {tar_offset} at byte {offset} of the blob"
                yield problem(entries, index, due, f"tar byte {found}")


@decides("TOC-009")
def within_the_limit(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        try:
            place = layer.annotations.toc_position()
        except FormatError:
            continue  # ANNOT-002, ANNOT-005, ANNOT-008
        size = max(place.uncompressed, layer.toc.document_size or 0)
        yield judge(
            place.compressed <= MAX_TOC and size <= MAX_TOC and not layer.toc.over_limit,
            "The TOC is larger than readers accept.",
            where=layer.name,
            expected=f"at most {MAX_TOC} bytes, compressed and uncompressed",
            found=layer.toc.problem if layer.toc.over_limit else f"{place.compressed} and {size} bytes",
        )


@decides("TOC-010")
def xattrs_in_base64(seen: LayersSeen) -> Iterator[Judgement]:
    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        wrong = toc_rules.wrong_xattrs(toc)
        problems = problems_of(layer, wrong, "An extended attribute is not in standard base64.")
        yield from problems
        whole = read_to_its_end(layer)
        if isinstance(whole, Judgement):
            yield whole
        elif not problems:
            yield from by_discrepancies(
                layer,
                "The value of an extended attribute differs from the tar.",
                whole.examined.discrepancies,
                Kind.XATTR,
                looked_at=f"{whole.examined.members} entries",
            )

    return by_toc(seen, one)


@decides("TOC-011")
def times(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(seen, toc_rules.wrong_times, "A time is not RFC 3339, or is the year 1 written out.")


@decides("TOC-021")
def hard_links(seen: LayersSeen) -> Iterator[Judgement]:
    """The order of the tar is known by its tar-split, or by its bytes."""

    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        ranks = layer.split.ranks
        if ranks is None and layer.whole is not None and layer.whole.is_complete:
            ranks = layer.whole.examined.ranks
        if ranks is None and toc.hard_links:
            whole = read_to_its_end(layer)
            yield whole if isinstance(whole, Judgement) else broken_off(layer)
            return
        message = "A hard link does not point to a file before it in the tar, or in a lower layer."
        wrong = wrong_hard_links(toc, ranks if ranks is not None else (), has_lower=layer.has_lower)
        yield from problems_of(layer, wrong, message) or [passed(layer.name, found=f"{len(toc.hard_links)} hard links")]

    return by_toc(seen, one)


@decides("TOC-015")
def whiteouts(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        toc_rules.wrong_whiteouts,
        "A whiteout is not an empty regular entry, or an entry lies below the name of one.",
    )
