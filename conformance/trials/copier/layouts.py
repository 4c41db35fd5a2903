"""A copy that a tool wrote as an OCI layout: what it is, and the DiffIDs of its layers."""

from pathlib import Path

from conformance.checks.artifact.pairs import copy_of_one, data_layers
from conformance.format.oci import Descriptor
from conformance.observed.image import ImageSeen
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from conformance.trials.place import MAX_TAR, diff_id_of, named_blobs, tar_in


def observe_layout(layout: Path) -> ImageSeen | None:
    """The image in it; None where there is none, or more than one."""
    try:
        return observe_image(LayoutSource(LayoutReference(layout)))
    except SourceError:
        return None


def diff_ids_in(layout: Path, after: ImageSeen | None) -> tuple[str, ...]:
    """The digests of the layers decompressed; a layer that cannot be read gives its problem in their place."""
    made = copy_of_one(after) if after is not None else None
    if made is None:
        return ()
    source = LayoutSource(LayoutReference(layout))
    return tuple(_diff_id(source, layer) for layer in data_layers(made))


def missing_in(layout: Path, after: ImageSeen) -> tuple[str, ...]:
    """The digests of blobs that the manifests of an image name, and the layout lacks, or has with other bytes."""
    source = LayoutSource(LayoutReference(layout))
    blobs = {blob.digest: blob for blob in named_blobs(after)}
    return tuple(digest for digest, blob in sorted(blobs.items()) if source.blob(blob, MAX_TAR).content is None)


def _diff_id(source: LayoutSource, layer: Descriptor) -> str:
    blob = source.blob(layer, MAX_TAR)
    if blob.content is None:
        return f"not readable: {blob.detail}"
    return diff_id_of(*tar_in(blob.content, layer.media_type))
