"""DOC-007 to DOC-009: media types are compared as texts, and what they name is inspected."""

from collections.abc import Iterator

from conformance.checks.artifact.pairs import data_layers, is_sentinel_manifest
from conformance.format.client_platforms import as_clients_see
from conformance.format.image_kind import is_unknown_platform
from conformance.format.media_types import (
    CONFIG_TYPES,
    ENTRY_TYPES,
    INDEX_TYPES,
    LAYER_TYPES,
    lenient_type,
)
from conformance.format.positions import ChunkedAnnotations
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, passed

_Named = tuple[str, str]
"""A media type and its position."""


@decides("DOC-007")
def spelt_exactly(seen: ImageSeen) -> Iterator[Judgement]:
    for where, media_type in (*_of_entries(seen), *_of_manifests(seen)):
        known = lenient_type(media_type)
        yield judge(
            bool(media_type) and known is None,
            "Clients that fold case, trim blanks or remove parameters recognise this media type, others do not."
            if media_type
            else "There is no media type: clients guess one, ignore the entry, or fail.",
            where=where,
            expected=known or "a media type",
            found=repr(media_type[:120]) if media_type else "none",
        )
    yield from _selectable_by_platform(seen)


def _of_entries(seen: ImageSeen) -> Iterator[_Named]:
    if seen.index is not None and seen.index.view.media_type:
        yield "index.mediaType", seen.index.view.media_type
    for manifest in seen.manifests:
        if manifest.entry is not None:
            yield f"index.{manifest.name}.mediaType", manifest.entry.media_type


def _of_manifests(seen: ImageSeen) -> Iterator[_Named]:
    for manifest in seen.manifests:
        if manifest.document is None:
            continue
        view = manifest.document.view
        if view.media_type:
            yield f"{manifest.name}.mediaType", view.media_type
        if manifest.is_image:
            yield f"{manifest.name}.config.mediaType", view.config.media_type
            for position, layer in enumerate(view.layers):
                yield f"{manifest.name}.layers[{position}].mediaType", layer.media_type


def _selectable_by_platform(seen: ImageSeen) -> Iterator[Judgement]:
    """Entries of unknown type with the platform of an image: clients that select by platform alone select them."""
    images = [m for m in seen.manifests if m.is_image]
    platforms = {as_clients_see(m.platform) for m in images if m.platform is not None}
    first = seen.manifests.index(images[0]) if images else 0
    for place, manifest in enumerate(seen.manifests):
        entry = manifest.entry
        if entry is None or not _is_unknown_entry(manifest):
            continue
        taken = place < first if entry.platform is None else as_clients_see(entry.platform) in platforms
        if taken:
            yield failed(
                "An entry of an unknown media type has the platform of an image, or none and precedes the images: "
                "clients that select by platform alone (crane, containers/image) take it.",
                where=f"index.{manifest.name}",
                expected="a media type of image manifests, or another platform",
                found=f"{entry.media_type[:120]!r} for {entry.platform or 'no platform'}",
            )


def _is_unknown_entry(manifest: ManifestSeen) -> bool:
    entry = manifest.entry
    if entry is None or not entry.media_type or entry.media_type in ENTRY_TYPES:
        return False
    return lenient_type(entry.media_type, ENTRY_TYPES) is None


@decides("DOC-008")
def config_of_the_manifest(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in seen.manifests:
        if manifest.document is None or not (is_sentinel_manifest(manifest) or _has_toc(manifest)):
            continue
        view = manifest.document.view
        # OCI image-spec v1.1.1 manifest.md requires no particular type; SENT-CONFIG-008 warns of Docker's.
        yield judge(
            view.config.media_type in CONFIG_TYPES,
            "The config of an image with zstd:chunked layers does not have the media type of image configs.",
            where=f"{manifest.name}.config.mediaType",
            expected=" or ".join(sorted(CONFIG_TYPES)),
            found=repr(view.config.media_type[:120]),
        )


def _has_toc(manifest: ManifestSeen) -> bool:
    return any(ChunkedAnnotations.of(layer.annotations).is_chunked for layer in data_layers(manifest))


@decides("DOC-009")
def of_known_types(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in seen.manifests:
        if manifest.entry is not None and manifest.entry.media_type:
            yield judge(
                not _is_unknown_entry(manifest),
                "An entry of the index has an unknown media type: it was not inspected.",
                where=f"index.{manifest.name}.mediaType",
                expected=" or ".join(sorted(ENTRY_TYPES - INDEX_TYPES)),
                found=repr(manifest.entry.media_type[:120]),
            )
        if manifest.document is None or not manifest.is_image:
            continue
        unknown = [
            (position, layer.media_type)
            for position, layer in enumerate(manifest.document.view.layers)
            if layer.media_type and layer.media_type not in LAYER_TYPES and lenient_type(layer.media_type) is None
        ]
        for position, media_type in unknown:
            yield failed(
                "A layer has an unknown media type: it was not inspected.",
                where=f"{manifest.name}.layers[{position}].mediaType",
                expected="a layer type of image-spec, Docker or PR 681",
                found=repr(media_type[:120]),
            )
        if not unknown:
            yield passed(manifest.name)


def set_aside(seen: ImageSeen) -> Iterator[str]:
    """Notes on manifests that are not images: their layers are not judged."""
    for manifest in seen.manifests:
        if manifest.document is not None and not manifest.is_image:
            kind = "an attestation" if is_unknown_platform(manifest.entry) else "an artifact that is not an image"
            yield f"{manifest.name} is {kind}: its layers are not judged"
