"""Reads content from a source, or refuses it."""

from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import Manifest
from conformance.observed.image import Stored
from conformance.reference.errors import RefusalError


def content_of(stored: Stored, what: str) -> bytes:
    """The complete bytes with the requested digest and size; otherwise RefusalError."""
    if stored.content is None or stored.problem is not None:
        raise RefusalError(f"{what}: {stored.detail}")
    return stored.content


def begins_with_sentinel(manifest: Manifest) -> bool:
    """Whether this is a sentinel variant, by media type; RefusalError for a sentinel in another place, or twice."""
    positions = [place for place, layer in enumerate(manifest.layers) if layer.media_type == SENTINEL_TYPE]
    if positions not in ([], [0]):
        raise RefusalError(f"a sentinel must be layer 0 alone; this manifest has it at {positions}")
    return bool(positions)
