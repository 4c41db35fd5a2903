"""Which manifest is the plain variant of which sentinel manifest."""

from collections.abc import Iterator

import msgspec

from conformance.format.client_platforms import as_clients_see
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import Descriptor, Platform
from conformance.observed.image import ImageSeen, ManifestSeen


class Pair(msgspec.Struct, frozen=True):
    """A sentinel manifest and its plain variant; ``plain`` is None when the image has none for it."""

    sentinel: ManifestSeen
    plain: ManifestSeen | None


def layers_of(manifest: ManifestSeen) -> tuple[Descriptor, ...]:
    """The layers of a manifest that could be read, else none."""
    return manifest.document.view.layers if manifest.document else ()


def data_layers(manifest: ManifestSeen) -> tuple[Descriptor, ...]:
    """The data layers, in order."""
    return tuple(layer for layer in layers_of(manifest) if layer.media_type != SENTINEL_TYPE)


def is_sentinel_manifest(manifest: ManifestSeen) -> bool:
    """Whether any layer has the sentinel media type, in any position."""
    return any(layer.media_type == SENTINEL_TYPE for layer in layers_of(manifest))


def sentinel_manifests(seen: ImageSeen) -> tuple[ManifestSeen, ...]:
    """All sentinel manifests of an image, in index order."""
    return tuple(manifest for manifest in seen.manifests if is_sentinel_manifest(manifest))


def plain_manifests(seen: ImageSeen) -> tuple[ManifestSeen, ...]:
    """All manifests that were read and have no sentinel."""
    return tuple(m for m in seen.manifests if m.document is not None and not is_sentinel_manifest(m))


def copy_of_one(seen: ImageSeen) -> ManifestSeen | None:
    """The manifest of one image: the only one, or the plain one of an index."""
    if len(seen.manifests) == 1:
        return seen.manifests[0]
    plain = plain_manifests(seen)
    return plain[0] if len(plain) == 1 else None


def pairs(seen: ImageSeen) -> Iterator[Pair]:
    """Each sentinel manifest with its plain variant.

    Of the plain manifests of the same platform, the one that shares most layer digests (so a gzip counterpart
    is not selected); when none shares any, the last one with zstd layers, so that the checks on
    reuse can report what differs.
    """
    for sentinel in sentinel_manifests(seen):
        wanted = {layer.digest for layer in data_layers(sentinel)}
        same = [plain for plain in plain_manifests(seen) if plain.platform == sentinel.platform]
        anywhere = [plain for plain in plain_manifests(seen) if wanted & _digests(plain)]
        candidates = same or anywhere
        best = max(candidates, key=lambda plain: (len(wanted & _digests(plain)), _zstd(plain)), default=None)
        if best is not None and not wanted & _digests(best) and not _zstd(best):
            best = None
        yield Pair(sentinel, best)


def selected_for(manifest: ManifestSeen) -> Platform | None:
    """The platform for which clients select a manifest, as they compare it; of an entry without one, its config's."""
    platform = manifest.platform
    if (platform is None or not platform.os) and manifest.config is not None:
        platform = manifest.config.view.platform
    return as_clients_see(platform) if platform is not None else None


def platform_text(platform: Platform | None) -> str:
    """The platform as text."""
    return str(platform) if platform else "no platform"


def _digests(manifest: ManifestSeen) -> set[str]:
    return {layer.digest for layer in data_layers(manifest)}


def _zstd(manifest: ManifestSeen) -> bool:
    return any(layer.media_type.endswith("+zstd") for layer in data_layers(manifest))
