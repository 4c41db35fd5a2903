"""ANNOT: the annotations of a layer descriptor that locate and authenticate TOC and tar-split."""

from collections.abc import Callable, Iterator

from conformance.checks.artifact.layers import current, unread_toc
from conformance.format.discrepancy import shown
from conformance.format.errors import FormatError
from conformance.format.names import (
    CHUNK_KEYS,
    ESTARGZ_TOC,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    TARSPLIT_CHECKSUM,
    TARSPLIT_POSITION,
    current_key,
)
from conformance.format.positions import Position
from conformance.observed.layer import LayerSeen, LayersSeen, TarSplitSeen, TocSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, not_run, passed


@decides("ANNOT-001")
def checksum_of_the_toc(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        payload = layer.toc.payload
        if payload is not None:
            yield judge(
                payload.digest == layer.annotations.manifest_checksum,
                "The digest in the annotation is not that of the compressed TOC.",
                where=f"{layer.name}, {MANIFEST_CHECKSUM}",
                expected=f"{payload.digest}, the digest of the {payload.length} bytes at {payload.offset}",
                found=str(layer.annotations.manifest_checksum),
                evidence=layer.evidence,
            )
        elif layer.toc.unreadable:
            yield unread_toc(layer)


@decides("ANNOT-002")
def place_of_the_toc(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        text = layer.annotations.manifest_position
        if text is None:
            continue  # ANNOT-008
        yield _place(layer, MANIFEST_POSITION, layer.annotations.toc_position, layer.toc, layer.toc.document_size)


@decides("ANNOT-003")
def place_of_the_tar_split(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        if layer.annotations.tar_split_position is not None:
            yield _place(layer, TARSPLIT_POSITION, layer.annotations.tar_split_location, layer.split, None)


def _place(
    layer: LayerSeen,
    key: str,
    read: Callable[[], Position | None],
    table: TocSeen | TarSplitSeen,
    document_size: int | None,
) -> Judgement:
    """A position by the strict grammar, and the bytes there."""
    where = f"{layer.name}, {key}"
    try:
        place = read()
    except FormatError as error:
        return failed(
            "The position is malformed; some readers accept it.",
            where=where,
            expected="decimal numbers joined by colons",
            found=error.what,
        )
    assert place is not None
    payload = table.payload
    if payload is None and table.unreadable:
        return not_run(f"The bytes there could not be read: {table.problem}.", where=where, evidence=layer.evidence)
    found = ""
    if payload is None:
        found = f"nothing: the blob has {layer.descriptor.size} bytes"
    elif payload.framed is None:
        found = f"no skippable frame whose payload begins at {place.offset}"
    elif payload.framed != place.compressed:
        found = f"a payload of {payload.framed} bytes"
    elif document_size is not None and document_size != place.uncompressed:
        found = f"{document_size} bytes after decompression"
    return judge(
        not found,
        "The position does not name the payload of a skippable frame with these lengths.",
        where=where,
        expected=f"{place.compressed} bytes at {place.offset}, {place.uncompressed} after decompression",
        found=found or str(place),
        evidence=layer.evidence,
    )


@decides("ANNOT-004")
def tar_split_is_located(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        if layer.toc.toc is not None and layer.toc.toc.tar_split_digest:
            yield judge(
                layer.annotations.tar_split_position is not None,
                "The TOC names a tar-split, and no annotation has its position: clients fail.",
                where=layer.name,
                expected=f"annotation {TARSPLIT_POSITION}",
                found="absent" if layer.annotations.tar_split_position is None else "present",
            )


@decides("ANNOT-005")
def one_kind_of_toc(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        yield judge(
            layer.annotations.estargz_digest is None,
            "The layer has a zstd:chunked and an eStargz TOC: clients refuse it.",
            where=f"{layer.name}.annotations",
            expected=f"{MANIFEST_CHECKSUM} without {ESTARGZ_TOC}",
            found="both" if layer.annotations.estargz_digest is not None else "one",
        )


@decides("ANNOT-006")
def no_deprecated_checksum(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        yield judge(
            layer.annotations.tar_split_checksum is None,
            "The deprecated digest of the tar-split is present; clients do not trust it.",
            where=f"{layer.name}.annotations",
            expected=f"no {TARSPLIT_CHECKSUM}",
            found="present" if layer.annotations.tar_split_checksum is not None else "absent",
        )


@decides("ANNOT-008")
def checksum_with_position(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in seen.layers:
        annotations = layer.annotations
        present = [
            key
            for key, value in (
                (MANIFEST_CHECKSUM, annotations.manifest_checksum),
                (MANIFEST_POSITION, annotations.manifest_position),
            )
            if value is not None
        ]
        where = f"{layer.name}.annotations"
        if len(present) == 2:
            yield passed(where)
        elif present or annotations.stray_keys:
            yield failed(
                "Only one of digest and position of the TOC is present: clients fail, or find no TOC.",
                where=where,
                expected=f"both {MANIFEST_CHECKSUM} and {MANIFEST_POSITION}, or no chunk key",
                found=f"only {', '.join(present or annotations.stray_keys)}",
            )


@decides("ANNOT-022")
def legacy_keys_as_the_current(seen: LayersSeen) -> Iterator[Judgement]:
    """Of layers with the current keys; a layer with legacy keys alone is of an old writer (FOOTER-005)."""
    for layer in current(seen):
        given = layer.descriptor.annotations or {}
        for key, value in sorted(layer.annotations.legacy.items()):
            current_one = current_key(key)
            if current_one in CHUNK_KEYS:
                yield judge(
                    given.get(current_one) == value,
                    "A legacy key names another TOC than the current one: older clients (podman 4) read that one.",
                    where=f"{layer.name}, {shown(key)}",
                    expected=f"{shown(given[current_one])}, as {current_one}"
                    if current_one in given
                    else f"no such key, for there is no {current_one}",
                    found=shown(value),
                )
