"""Manifests as registries store them."""

import msgspec


class StoredManifest(msgspec.Struct, frozen=True):
    """A stored manifest: exact bytes and the media type it was put with."""

    raw: bytes
    media_type: str
