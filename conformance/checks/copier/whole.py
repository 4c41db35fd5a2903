"""Whether a copy has all that it must have: the blobs that it names, and the plain variants of its source."""

from collections.abc import Iterator, Sequence
from typing import Final

from conformance.checks.artifact.pairs import plain_manifests
from conformance.observed.image import CopySeen, ImageSeen, ManifestSeen
from conformance.results import Judgement, judge

PLATFORM: Final = "linux/amd64"
"""The platform that a copy of a part of an index is requested for."""


def content_is_there(seen: CopySeen) -> Iterator[Judgement]:
    """Nothing that the manifests of the copy name is missing; no statement where the copy has no manifest."""
    if seen.after is not None and any(manifest.document for manifest in seen.after.manifests):
        yield judge(not seen.missing, "Content that a manifest of the copy names was not copied.", where=seen.name,
                    expected="every config and layer", found=f"missing: {', '.join(seen.missing)}")  # fmt: skip


def plain_variants_are_there(seen: CopySeen, wanted: Sequence[ManifestSeen], after: ImageSeen) -> Iterator[Judgement]:
    """Each of these plain manifests has a counterpart in the copy; its config shows it, whatever its compression."""
    copied = [_image_of(manifest) for manifest in plain_manifests(after)]
    for manifest in wanted:
        if manifest.config is not None:
            yield judge(_image_of(manifest) in copied, "A plain variant of the source is not in the copy.",
                        where=f"{seen.name}: {manifest.name}", expected="one of its platform, with its DiffIDs",
                        found=f"{len(copied)} plain manifests")  # fmt: skip


def of_wanted_platform(manifests: Sequence[ManifestSeen]) -> tuple[ManifestSeen, ...]:
    """Those for PLATFORM, or for none."""
    system, architecture = PLATFORM.split("/")
    return tuple(
        manifest
        for manifest in manifests
        if manifest.platform is None or (manifest.platform.os, manifest.platform.architecture) == (system, architecture)
    )


def _image_of(manifest: ManifestSeen) -> tuple[object, ...]:
    """What a copy leaves as it is: platform and DiffIDs."""
    if manifest.config is None:
        return ()
    config = manifest.config.view
    return (config.platform.os, config.platform.architecture, *config.rootfs.diff_ids)
