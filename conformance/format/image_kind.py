"""Whether a manifest is a runnable image, or another artifact.

Source: image-spec 1.1 manifest.md, "Guidelines for Artifact Usage"; BuildKit docs/attestations/attestation-storage.md:
the index entry of an attestation has the platform unknown/unknown.
"""

from conformance.format.media_types import CONFIG_TYPES, LAYER_TYPES, lenient_type
from conformance.format.oci import Descriptor, Manifest

_UNKNOWN = "unknown"


def is_unknown_platform(entry: Descriptor | None) -> bool:
    """Whether no client selects an index entry, because its platform is unknown/unknown."""
    platform = entry.platform if entry is not None else None
    return platform is not None and (platform.os, platform.architecture) == (_UNKNOWN, _UNKNOWN)


def is_layer_type(media_type: str) -> bool:
    """Whether a client treats this media type as that of an image layer, written exactly or not."""
    return media_type in LAYER_TYPES or lenient_type(media_type, LAYER_TYPES) is not None


def is_image(entry: Descriptor | None, manifest: Manifest) -> bool:
    """By the layers; for a manifest without layers by the type of its config."""
    if any(is_layer_type(layer.media_type) for layer in manifest.layers):
        return True
    config = manifest.config.media_type
    typed = config in CONFIG_TYPES or lenient_type(config, CONFIG_TYPES) is not None
    return typed and not is_unknown_platform(entry)
