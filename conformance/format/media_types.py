"""Media types that the suite knows, and which of them a lenient client reads in other texts.

RFC 6838 has media types without case and RFC 9110 with parameters, but a descriptor's mediaType is compared as a text
(image-spec descriptor.md). Clients that fold, trim or cut it select another entry than those that do not.
"""

from collections.abc import Iterable
from typing import Final

from conformance.format.key_folds import foldings
from conformance.format.names import (
    CONFIG_TYPE,
    DOCKER_CONFIG_TYPE,
    DOCKER_GZIP_TYPE,
    DOCKER_LIST_TYPE,
    DOCKER_MANIFEST_TYPE,
    INDEX_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_TAR_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_TYPE,
    MANIFEST_TYPES,
    SENTINEL_TYPE,
)

GZIP, ZSTD, UNCOMPRESSED = "gzip", "zstd", "uncompressed"
_DOCKER_TAR: Final = DOCKER_GZIP_TYPE.removesuffix(".gzip")
_DISTRIBUTED: Final = {
    LAYER_GZIP_TYPE: GZIP,
    LAYER_ZSTD_TYPE: ZSTD,
    LAYER_TAR_TYPE: UNCOMPRESSED,
    _DOCKER_TAR: UNCOMPRESSED,
    DOCKER_GZIP_TYPE: GZIP,
    f"{_DOCKER_TAR}.zstd": ZSTD,
}
_FOREIGN_TAR: Final = "application/vnd.docker.image.rootfs.foreign.diff.tar"
_NONDISTRIBUTABLE: Final = LAYER_TAR_TYPE.replace("layer.", "layer.nondistributable.")
FOREIGN_TYPES: Final = frozenset(
    (
        _NONDISTRIBUTABLE,
        f"{_NONDISTRIBUTABLE}+gzip",
        f"{_NONDISTRIBUTABLE}+zstd",
        _FOREIGN_TAR,
        f"{_FOREIGN_TAR}.gzip",
    )
)
"""Layers that need not be stored with the image (image-spec layer.md, "Non-Distributable Layers")."""
COMPRESSION_OF: Final = dict(_DISTRIBUTED)
"""The compression of each type of tar layer."""
LAYER_TYPES: Final = frozenset((*_DISTRIBUTED, *FOREIGN_TYPES, SENTINEL_TYPE))
CONFIG_OF_MANIFEST: Final = {MANIFEST_TYPE: CONFIG_TYPE, DOCKER_MANIFEST_TYPE: DOCKER_CONFIG_TYPE}
CONFIG_TYPES: Final = frozenset(CONFIG_OF_MANIFEST.values())
INDEX_TYPES: Final = frozenset((INDEX_TYPE, DOCKER_LIST_TYPE))
ENTRY_TYPES: Final = frozenset(MANIFEST_TYPES)
_KNOWN: Final = frozenset((*ENTRY_TYPES, *CONFIG_TYPES, *LAYER_TYPES))


def lenient_type(media_type: str, known: Iterable[str] = _KNOWN) -> str | None:
    """The known type that a client reads in this one when it cuts parameters, drops blanks or folds case.

    None for a type that is written exactly, and for one that resembles no known type.
    """
    known = frozenset(known)
    if media_type in known:
        return None
    bare = "".join(media_type.partition(";")[0].split()).replace("\0", "")
    return next((folding for folding in (bare, *foldings(bare)) if folding in known), None)
