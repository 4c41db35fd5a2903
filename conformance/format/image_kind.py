"""Whether a manifest is a runnable image, or another artifact.

Source: image-spec 1.1 manifest.md, "Guidelines for Artifact Usage"; BuildKit docs/attestations/attestation-storage.md:
the index entry of an attestation has the platform unknown/unknown. cosign writes a signature as a manifest with a layer
of its own type and the config of an empty image, which names no platform (pkg/oci/static, go-containerregistry
pkg/v1/empty); ``cosign save`` puts it into the layout of the image.
"""

from conformance.format.media_types import CONFIG_TYPES, LAYER_TYPES, lenient_type
from conformance.format.oci import Config, Descriptor, Manifest
from conformance.format.positions import ChunkedAnnotations

_UNKNOWN = "unknown"


def is_unknown_platform(entry: Descriptor | None) -> bool:
    """Whether no client selects an index entry, because its platform is unknown/unknown."""
    platform = entry.platform if entry is not None else None
    return platform is not None and (platform.os, platform.architecture) == (_UNKNOWN, _UNKNOWN)


def is_layer_type(media_type: str) -> bool:
    """Whether a client treats this media type as that of an image layer, written exactly or not."""
    return media_type in LAYER_TYPES or lenient_type(media_type, LAYER_TYPES) is not None


def is_image(entry: Descriptor | None, manifest: Manifest, image_config: Config | None = None) -> bool:
    """By the layers; for a manifest without a known one by its config."""
    if any(is_layer_type(layer.media_type) for layer in manifest.layers):
        return True
    if manifest.layers and image_config is not None and not (image_config.architecture or image_config.os):
        return any(ChunkedAnnotations.of(layer.annotations).is_chunked for layer in manifest.layers)
    config = manifest.config.media_type
    typed = config in CONFIG_TYPES or lenient_type(config, CONFIG_TYPES) is not None
    return typed and not is_unknown_platform(entry)
