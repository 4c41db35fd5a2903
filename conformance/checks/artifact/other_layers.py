"""DOC-011, LAYER-012 to LAYER-014, LAYER-016: rules for every layer, zstd:chunked or not."""

from collections.abc import Iterator
from itertools import islice

from conformance.checks.artifact.layers import by_toc, needs_deep
from conformance.checks.artifact.pairs import layers_of
from conformance.format.discrepancy import shown
from conformance.format.oci import Descriptor
from conformance.format.overlay import overlay_marks_of_entry
from conformance.format.positions import ChunkedAnnotations
from conformance.format.toc_outline import Outline
from conformance.observed.image import ImageSeen
from conformance.observed.layer import LayerSeen, LayersSeen, OtherLayerSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, not_run, passed

_MAX = 10
_SHA256 = "sha256:"


@decides("DOC-011")
def layers_are_there(seen: ImageSeen) -> Iterator[Judgement]:
    for layer in seen.layers.others:
        if layer.is_foreign:
            continue  # it may be elsewhere (image-spec descriptor.md, urls)
        size = layer.stored_size if layer.blob_size is None else layer.blob_size
        if layer.unreadable:
            yield not_run(f"It could not be read: {layer.stored_problem}.", where=layer.name, evidence=layer.evidence)
            continue
        digest = layer.blob_digest or layer.descriptor.digest
        right = not layer.stored_problem and size in (None, layer.descriptor.size)
        yield judge(
            right and digest == layer.descriptor.digest,
            "A layer is missing, or does not match its descriptor.",
            where=layer.name,
            expected=f"{layer.descriptor.digest}, {layer.descriptor.size} bytes",
            found=layer.stored_problem or f"{digest}, {size} bytes",
            evidence=layer.evidence,
        )


@decides("LAYER-012")
def sha256_only(seen: ImageSeen) -> Iterator[Judgement]:
    done: set[str] = set()
    for where, descriptor in _descriptors(seen):
        if descriptor.digest in done:
            continue
        done.add(descriptor.digest)
        yield judge(
            descriptor.digest.startswith(_SHA256),
            "A digest is not sha256: most registries and clients support no other algorithm.",
            where=where,
            expected="sha256:…",
            found=shown(descriptor.digest),
        )


def _descriptors(seen: ImageSeen) -> Iterator[tuple[str, Descriptor]]:
    for manifest in seen.manifests:
        if manifest.entry is not None:
            yield f"index.{manifest.name}", manifest.entry
        if manifest.document is not None:
            yield f"{manifest.name}.config", manifest.document.view.config
            for position, layer in enumerate(layers_of(manifest)):
                yield f"{manifest.name}.layers[{position}]", layer


@decides("LAYER-013")
def diff_ids_of_others(seen: LayersSeen) -> Iterator[Judgement]:
    """Of zstd:chunked layers this is LAYER-002."""
    for layer in seen.others:
        if not layer.is_foreign:
            yield from _diff_id(layer, deep=seen.deep)


def _diff_id(layer: OtherLayerSeen, *, deep: bool) -> Iterator[Judgement]:
    if not deep:
        yield needs_deep(layer)
    elif layer.damaged:
        yield failed(
            "The layer does not decompress.",
            where=layer.name,
            expected=f"a tar as {layer.descriptor.media_type}",
            found=layer.whole_problem,
        )
    elif layer.diff_id is None:
        reason = layer.whole_problem or layer.stored_problem
        yield not_run(f"The layer could not be read: {reason}.", where=layer.name, evidence=layer.evidence)
    elif layer.packed:
        yield failed(
            "What the media type names as a tar is compressed: clients that detect this decompress it, and get another"
            " DiffID.",
            where=layer.name,
            expected=f"a tar as {layer.descriptor.media_type}",
            found=layer.packed,
        )
    elif not layer.diff_ids:
        yield not_run("No config has a DiffID for this layer.", where=layer.name)
    else:
        for diff_id in layer.diff_ids:
            if diff_id == layer.padded_diff_id != layer.diff_id and _is_legacy(layer):
                message = "its writer (skopeo 1.9.3) omitted zeros at the end of the archive: the DiffID includes them"
                yield informed(message, where=layer.name)
                continue
            yield judge(
                layer.diff_id == diff_id,
                "The decompressed layer does not have the DiffID of the config.",
                where=f"{layer.name}, rootfs.diff_ids of its config",
                expected=diff_id,
                found=layer.diff_id,
            )


@decides("LAYER-016")
def tars_of_others(seen: LayersSeen) -> Iterator[Judgement]:
    """Of zstd:chunked layers this is LAYER-002."""
    for layer in seen.others:
        if layer.is_foreign or layer.damaged or layer.packed:
            continue  # LAYER-013
        if not seen.deep:
            yield needs_deep(layer)
        elif layer.diff_id is None:
            reason = layer.whole_problem or layer.stored_problem
            yield not_run(f"The layer could not be read: {reason}.", where=layer.name, evidence=layer.evidence)
        else:
            yield judge(
                layer.is_tar,
                "The layer has no tar that can be read to its end: no client unpacks it.",
                where=layer.name,
                expected=f"a tar as {layer.descriptor.media_type}",
                found=layer.tar_problem or "a tar",
            )


def _is_legacy(layer: OtherLayerSeen) -> bool:
    """Legacy layers are reported and not judged as this revision (FOOTER-005)."""
    return ChunkedAnnotations.of(layer.descriptor.annotations).is_legacy


@decides("LAYER-014")
def nothing_of_overlayfs(seen: LayersSeen) -> Iterator[Judgement]:
    message = "Only overlayfs interprets this: the layer contains storage of a host."
    expected = "no xattrs of overlayfs, no character device 0:0; whiteouts are files .wh.NAME"

    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        entries = toc.entries
        marked = (
            (index, mark)
            for index in sorted({*toc.with_xattrs, *toc.zero_devices})
            for mark in overlay_marks_of_entry(entries[index])
        )
        found = list(islice(marked, _MAX))
        for index, mark in found:
            where = f"{layer.name}, entries[{index}] {shown(entries[index].name)}"
            yield failed(message, where=where, expected=expected, found=mark)
        if not found:
            yield passed(layer.name, found=f"{len(entries)} entries")

    yield from by_toc(seen, one)
    for layer in seen.others:
        if layer.is_foreign:
            continue
        for mark in layer.overlay:
            yield failed(message, where=layer.name, expected=expected, found=mark)
        if not seen.deep:
            yield needs_deep(layer)
        elif layer.tar_problem or layer.diff_id is None:
            reason = layer.tar_problem or layer.whole_problem or layer.stored_problem
            yield not_run(f"The tar could not be read to its end: {reason}.", where=layer.name)
        elif not layer.overlay:
            yield passed(layer.name)
