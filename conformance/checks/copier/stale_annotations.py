"""TOC annotations of a copied layer that belong to another blob."""

from collections.abc import Sequence

from conformance.format.names import CHUNK_KEYS, MANIFEST_CHECKSUM
from conformance.format.oci import Descriptor


def stale_keys(layer: Descriptor, old: Sequence[Descriptor], requested: str) -> list[str]:
    """The keys that belong to a layer of the source; none for a layer that was copied as it is.

    A new zstd:chunked blob has new annotations. The digest of the TOC identifies them: of two blobs
    with one TOC, which holds all positions, both have the same size (docs/format.md section 1).
    """
    if any(layer.digest == other.digest for other in old):
        return []
    keys = [key for key in CHUNK_KEYS if layer.annotation(key) is not None]
    if requested != "zstd:chunked":
        return keys
    checksum = layer.annotation(MANIFEST_CHECKSUM)
    kept = [other for other in old if other.annotation(MANIFEST_CHECKSUM) == checksum and other.size != layer.size]
    return keys if checksum is not None and kept else []
