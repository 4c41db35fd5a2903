"""SENT-DESC: the descriptor of the sentinel layer."""

from collections.abc import Iterator

from conformance.checks.artifact.pairs import is_sentinel_manifest, layers_of, sentinel_manifests
from conformance.format.names import (
    CHUNK_KEYS,
    MANIFEST_CHECKSUM,
    PR681,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
)
from conformance.format.oci import Descriptor
from conformance.observed.image import ImageSeen
from conformance.requirements import decides
from conformance.results import Judgement, judge, not_run

_PROPER_KEYS = {"mediaType", "digest", "size"}


@decides("SENT-DESC-001")
def media_type(seen: ImageSeen) -> Iterator[Judgement]:
    """Layer 0 of what the index calls a sentinel manifest, or whose blob is the known content, has the type."""
    for manifest in seen.manifests:
        layers = layers_of(manifest)
        announced = manifest.entry is not None and manifest.entry.annotation(SENTINEL_ANNOTATION) == "true"
        announced = announced and not is_sentinel_manifest(manifest)
        for position, layer in enumerate(layers):
            known = layer.digest in PR681.sentinel_digests
            # An announced sentinel that is a data layer instead is SENT-INDEX-009.
            if layer.media_type == SENTINEL_TYPE or known or (announced and position == 0 and _may_be_sentinel(layer)):
                yield judge(
                    layer.media_type == SENTINEL_TYPE,
                    "The sentinel layer has another media type, so clients do not recognise it.",
                    where=f"{manifest.name}.layers[{position}].mediaType",
                    expected=SENTINEL_TYPE,
                    found=layer.media_type,
                )


@decides("SENT-DESC-002")
def digest_and_size(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        for position, stored in manifest.sentinels:
            layer = layers_of(manifest)[position]
            where = f"{manifest.name}.layers[{position}]"
            unread = stored.problem in ("unreadable", "not-fetched") and stored.actual_size is None
            if unread or (stored.problem == "too-large" and stored.actual_size in (None, layer.size)):
                yield not_run(
                    f"The sentinel blob could not be read: {stored.detail}.", where=where, evidence=stored.evidence
                )
                continue
            yield judge(
                stored.problem is None,
                "The stored sentinel blob does not match its descriptor.",
                where=where,
                expected=f"{layer.digest}, {layer.size} bytes",
                found=stored.detail or f"{stored.actual_digest}, {stored.actual_size} bytes",
                evidence=stored.evidence,
            )


@decides("SENT-DESC-003")
def no_toc_annotation(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        for position, _ in manifest.sentinels:
            stray = sorted(set(layers_of(manifest)[position].annotations or {}) & set(CHUNK_KEYS))
            yield judge(
                not stray,
                "The sentinel descriptor carries TOC annotations, but the sentinel has no TOC.",
                where=f"{manifest.name}.layers[{position}].annotations",
                expected="no zstd:chunked or eStargz key",
                found=", ".join(stray) or "none",
            )


@decides("SENT-DESC-004")
def only_one(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        assert manifest.document is not None
        view = manifest.document.view
        typed = [position for position, _ in manifest.sentinels]
        sentinel_digests = {view.layers[position].digest for position in typed}
        data = [i for i, layer in enumerate(view.layers) if i not in typed and layer.digest in sentinel_digests]
        extra = [f"layers[{i}]" for i in typed[1:] + data]
        if view.config.media_type == SENTINEL_TYPE or view.config.digest in sentinel_digests:
            extra.append("config")
        yield judge(
            not extra,
            "The image has more than one sentinel.",
            where=manifest.name,
            expected=f"one descriptor of the sentinel, layers[{typed[0]}]",
            found=f"also {', '.join(extra)}" if extra else "one",
        )


@decides("SENT-DESC-005")
def nothing_more(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        assert manifest.document is not None
        for position, _ in manifest.sentinels:
            keys = set(manifest.document.fields["layers"][position])
            yield judge(
                keys == _PROPER_KEYS,
                "The sentinel descriptor has keys other than media type, digest and size.",
                where=f"{manifest.name}.layers[{position}]",
                expected="mediaType, digest, size",
                found=", ".join(sorted(keys)),
            )


def _may_be_sentinel(layer: Descriptor) -> bool:
    """A small layer without TOC (SENT-BLOB-012); anything else in its place is SENT-INDEX-009."""
    return layer.size <= 4096 and layer.annotation(MANIFEST_CHECKSUM) is None
