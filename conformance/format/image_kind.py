"""Whether a manifest is an image that is run, or something else that is stored like one.

Source: image-spec 1.1 manifest.md, "Guidelines for Artifact Usage"; BuildKit docs/attestations/attestation-storage.md:
an attestation stands in the index under the platform unknown/unknown.
"""

from conformance.format.media_types import CONFIG_TYPES, LAYER_TYPES, meant
from conformance.format.oci import Descriptor, Manifest

_UNKNOWN = "unknown"


def is_unknown_platform(entry: Descriptor | None) -> bool:
    """Whether no client selects an index entry, because its platform is unknown/unknown."""
    platform = entry.platform if entry is not None else None
    return platform is not None and (platform.os, platform.architecture) == (_UNKNOWN, _UNKNOWN)


def is_layer_type(media_type: str) -> bool:
    """Whether a client takes it for a layer of an image: written exactly or not."""
    return media_type in LAYER_TYPES or meant(media_type, LAYER_TYPES) is not None


def is_image(entry: Descriptor | None, manifest: Manifest) -> bool:
    """By its layers; without one by the type of its config."""
    if any(is_layer_type(layer.media_type) for layer in manifest.layers):
        return True
    config = manifest.config.media_type
    typed = config in CONFIG_TYPES or meant(config, CONFIG_TYPES) is not None
    return typed and not is_unknown_platform(entry)
