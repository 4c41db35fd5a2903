"""Layers that no client pulls in parts, and why: explained, never judged (a gzip layer is not a fault)."""

from collections.abc import Iterator

import msgspec

from conformance.format.names import (
    CHUNKED_PREFIX,
    DOCKER_LIST_TYPE,
    DOCKER_MANIFEST_TYPE,
    LEGACY_PREFIX,
    SENTINEL_TYPE,
)
from conformance.format.oci import Descriptor
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.observed.layer import LayerSeen, OtherLayerSeen

_DOCKER = (DOCKER_MANIFEST_TYPE, DOCKER_LIST_TYPE)


class PulledWhole(msgspec.Struct, frozen=True):
    """A layer that clients pull whole. ``intended``: something in the image reports that it was meant to be chunked."""

    name: str
    reason: str
    intended: bool = True

    @property
    def line(self) -> str:
        return f"{self.name}: no client pulls it in parts: {self.reason}"


def pulled_whole(seen: ImageSeen) -> tuple[PulledWhole, ...]:
    """Every data layer of the image that cannot be pulled in parts, each blob once."""
    chunked = {layer.descriptor.digest: layer for layer in seen.layers.layers}
    others = {layer.descriptor.digest: layer for layer in seen.layers.others}
    found: dict[tuple[str, bool], PulledWhole] = {}
    for manifest in seen.every_manifest:
        for position, descriptor in enumerate(manifest.document.view.layers if manifest.document else ()):
            if descriptor.media_type == SENTINEL_TYPE:
                continue
            name = f"{manifest.name}.layers[{position}]"
            digest, is_docker = descriptor.digest, _is_docker(manifest)
            whole = _of_layer(name, descriptor, chunked.get(digest), others.get(digest), is_docker=is_docker)
            if whole is not None:
                found.setdefault((digest, is_docker), whole)
    return tuple(found.values())


def notes_on_pulls(seen: ImageSeen, *, each_layer: bool = False) -> Iterator[str]:
    """One line a layer where others of the image, or its own marks, report that it was meant to be zstd:chunked.

    ``each_layer``: also where nothing reports that.
    """
    whole = pulled_whole(seen)
    mixed = bool(seen.layers.layers) or any(layer.intended for layer in whole)
    if whole and not mixed:
        yield "no layer is zstd:chunked: clients pull every layer whole"
    if mixed or each_layer:
        yield from (layer.line for layer in whole)


def _of_layer(
    name: str,
    descriptor: Descriptor,
    chunked: LayerSeen | None,
    other: OtherLayerSeen | None,
    *,
    is_docker: bool,
) -> PulledWhole | None:
    keys = descriptor.annotations or {}
    has_keys = any(key.startswith(CHUNKED_PREFIX) for key in keys)
    legacy = sorted(key for key in keys if key.startswith(LEGACY_PREFIX))
    if is_docker and has_keys:
        # Docker image manifest v2 schema 2 has no annotations on layers and no media type for zstd.
        return PulledWhole(name, "it is in a Docker manifest, which supports neither zstd nor annotations of layers")
    if legacy and not has_keys:
        return PulledWhole(
            name, f"it has legacy annotations only ({', '.join(legacy)}), which current clients do not read"
        )
    if chunked is not None and chunked.is_current:
        return _of_chunked(name, chunked)
    if other is None or other.is_foreign:
        return None
    if other.has_footer:
        return PulledWhole(
            name,
            "it ends like a zstd:chunked layer, but its descriptor has none of the annotations with the position and "
            "the digest of its TOC",
        )
    if other.compression == "zstd":
        return PulledWhole(name, "it is zstd without a TOC", intended=False)
    return PulledWhole(name, f"it is {other.compression or 'not compressed'}, not zstd:chunked", intended=False)


def _of_chunked(name: str, layer: LayerSeen) -> PulledWhole | None:
    """What current clients require in addition to the TOC (docs/format.md: they refuse a TOC without tar-split)."""
    toc = layer.toc.toc
    if layer.annotations.tar_split_position is None:
        return PulledWhole(name, "it has no tar-split: the annotation tarsplit-position is missing")
    if toc is not None and not toc.tar_split_digest:
        return PulledWhole(name, "it has no tar-split: its TOC has no tarSplitDigest")
    return None


def _is_docker(manifest: ManifestSeen) -> bool:
    return manifest.stored.media_type in _DOCKER or (
        manifest.document is not None and manifest.document.view.media_type in _DOCKER
    )
