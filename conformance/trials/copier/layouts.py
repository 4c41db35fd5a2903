"""A copy that a tool wrote as an OCI layout: what it is, and the DiffIDs of its layers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conformance.checks.artifact.pairs import copy_of_one, data_layers
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor
from conformance.observed.image import ImageSeen
from conformance.reference.compression import compression_of, decompressed
from conformance.reference.errors import NotSupportedError
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference

_MAX_TAR: Final = 2**28


def observe_layout(layout: Path) -> ImageSeen | None:
    """The image in it; None where there is none, or more than one."""
    try:
        return observe_image(LayoutSource(LayoutReference(layout)))
    except SourceError:
        return None


def diff_ids_in(layout: Path, after: ImageSeen | None) -> tuple[str, ...]:
    """The digests of the layers decompressed; a layer that cannot be read gives its problem in their place."""
    made = copy_of_one(after) if after is not None else None
    return tuple(_diff_ids(layout, data_layers(made))) if made is not None else ()


def _diff_ids(layout: Path, layers: Sequence[Descriptor]) -> list[str]:
    source = LayoutSource(LayoutReference(layout))
    found = []
    for layer in layers:
        blob = source.blob(layer, _MAX_TAR)
        if blob.content is None:
            found.append(f"not readable: {blob.detail}")
            continue
        try:
            tar = b"".join(decompressed(blob.content, compression_of(layer.media_type), _MAX_TAR))
        except (FormatError, NotSupportedError) as error:
            found.append(f"not readable: {error}")
            continue
        found.append(str(Digest.of(tar)))
    return found
