"""The fields of descriptors, manifests and indexes from their parts, in the order of image-spec v1.1.1."""

from collections.abc import Iterable

from conformance.format.digest import Digest
from conformance.format.document import JsonObject
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE


def describe(content: bytes, media_type: str) -> JsonObject:
    """The descriptor of these bytes, by sha256."""
    return {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content)}


def manifest_of(
    config: JsonObject, layers: Iterable[JsonObject], *, media_type: str = MANIFEST_TYPE, artifact_type: str = ""
) -> JsonObject:
    """An image manifest; ``artifact_type`` "" for an image."""
    artifact = {"artifactType": artifact_type} if artifact_type else {}
    return {"schemaVersion": 2, "mediaType": media_type, **artifact, "config": config, "layers": [*layers]}


def index_of(entries: Iterable[JsonObject], *, media_type: str = INDEX_TYPE) -> JsonObject:
    """An image index."""
    return {"schemaVersion": 2, "mediaType": media_type, "manifests": [*entries]}
