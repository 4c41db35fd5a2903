"""The contents of pushed images, compared with those of the images given (SENT-PUSH-026)."""

from collections.abc import Iterator
from typing import Final

from conformance.checks.artifact.pairs import data_layers, is_sentinel_manifest, plain_manifests
from conformance.images.inputs import Image
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.observed.producer import ContentsSeen
from conformance.sources.memory import MemorySource
from conformance.trials.contents import lost, returned
from conformance.trials.place import MAX_TAR, Place, tar_in

_NOT_THERE: Final = "there is no such image"


def contents_seen(name: str, given: Image, after: ImageSeen, place: Place, repository: str) -> Iterator[ContentsSeen]:
    """Each image of what was given, and what of it is not in the image that was pushed."""
    plain = plain_manifests(given.observe()) or given.observe().manifests
    for manifest in plain:
        found = _counterpart(manifest, after, alone=len(plain) == 1)
        problem = _NOT_THERE if found is None else _difference(given, manifest, found, place, repository)
        yield ContentsSeen(name, str(manifest.platform or "the image"), problem)


def _counterpart(manifest: ManifestSeen, after: ImageSeen, *, alone: bool) -> ManifestSeen | None:
    """The pushed image: of several the one for the same platform; a sentinel variant is none of a plain image."""
    pushed = after.manifests if is_sentinel_manifest(manifest) else plain_manifests(after)
    if alone:
        return pushed[0] if pushed else None
    return next((each for each in pushed if _platform(each) == _platform(manifest)), None)


def _platform(manifest: ManifestSeen) -> tuple[str, str]:
    """Without the variant, which tools leave out where it is the usual one."""
    known = manifest.platform or (manifest.config.view.platform if manifest.config is not None else None)
    return (known.os, known.architecture) if known is not None else ("", "")


def _difference(given: Image, manifest: ManifestSeen, found: ManifestSeen, place: Place, repository: str) -> str:
    """The first file that is lost, changed, or there again; "" where there is none. The tar may be the tool's own."""
    source = MemorySource(given.blobs, given.root)
    layers = data_layers(found)
    if manifest.config is not None:
        own = manifest.config.view.rootfs.diff_ids[-len(data_layers(manifest)) :]
        if place.diff_ids(repository, layers) == own:
            return ""
    read = [source.blob(layer, MAX_TAR).content or b"" for layer in data_layers(manifest)]
    tars = [tar_in(blob, layer.media_type)[0] for blob, layer in zip(read, data_layers(manifest), strict=True)]
    pushed = place.tars(repository, layers)
    absent = [layer.digest for layer, tar in zip(layers, pushed, strict=True) if not tar]
    if absent:
        return f"the layer {absent[0]} is not there, or cannot be read"
    return lost(tars, pushed) or returned(tars, pushed)
