"""Every name of the format, by revision: a later draft of PR 681 adds one entry here.

Source: docs/format.md sections 1 and 2 (storage/pkg/chunked/toc/toc.go at PR 681).
"""

from typing import Final

import msgspec

MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
LAYER_GZIP_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_ZSTD_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+zstd"
LAYER_ZSTD_FOREIGN_TYPE: Final = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
LAYER_TAR_TYPE: Final = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST_TYPE: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST_TYPE: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG_TYPE: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_GZIP_TYPE: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
REF_NAME: Final = "org.opencontainers.image.ref.name"
"""The annotation of an entry of a layout's index.json that has the tag (image-spec annotations.md)."""
MANIFEST_TYPES: Final = (MANIFEST_TYPE, INDEX_TYPE, DOCKER_MANIFEST_TYPE, DOCKER_LIST_TYPE)

WHITEOUT: Final = ".wh."
OPAQUE_WHITEOUT: Final = ".wh..wh..opq"
"""How the name of a whiteout begins, and that of the one that hides a whole directory (image-spec layer.md)."""

ESTARGZ_TOC: Final = "containerd.io/snapshot/stargz/toc.digest"
ZSTD_ANNOTATION: Final = "io.github.containers.compression.zstd"
CHUNKED_PREFIX: Final = "io.github.containers.zstd-chunked."
LEGACY_PREFIX: Final = "io.containers.zstd-chunked."
MANIFEST_CHECKSUM: Final = CHUNKED_PREFIX + "manifest-checksum"
MANIFEST_POSITION: Final = CHUNKED_PREFIX + "manifest-position"
TARSPLIT_POSITION: Final = CHUNKED_PREFIX + "tarsplit-position"
TARSPLIT_CHECKSUM: Final = CHUNKED_PREFIX + "tarsplit-checksum"
# A copier removes these from a layer that is no longer chunked (docs/format.md section 10).
CHUNK_KEYS: Final = (MANIFEST_CHECKSUM, MANIFEST_POSITION, TARSPLIT_POSITION, TARSPLIT_CHECKSUM, ESTARGZ_TOC)


def legacy_key(key: str) -> str:
    """The key of an annotation with the legacy prefix for the current one; any other key as it is."""
    return LEGACY_PREFIX + key.removeprefix(CHUNKED_PREFIX) if key.startswith(CHUNKED_PREFIX) else key


def current_key(key: str) -> str:
    """The key of an annotation with the current prefix for the legacy one; any other key as it is."""
    return CHUNKED_PREFIX + key.removeprefix(LEGACY_PREFIX) if key.startswith(LEGACY_PREFIX) else key


class Revision(msgspec.Struct, frozen=True):
    """The names and the known sentinel contents (by sha256 digest) of one format revision."""

    name: str
    sentinel_type: str
    sentinel_annotation: str
    sentinel_digests: tuple[str, ...]


PR681: Final = Revision(
    name="pr681",
    sentinel_type="application/vnd.containers.zstd-chunked-sentinel",
    sentinel_annotation=CHUNKED_PREFIX + "sentinel",
    sentinel_digests=("sha256:1ca86838d2e4c36907ef90fc2a01dcd9ac34301f21c5412927894c34f1bf79cc",),
)
REVISIONS: Final = {PR681.name: PR681}

SENTINEL_TYPE: Final = PR681.sentinel_type
SENTINEL_ANNOTATION: Final = PR681.sentinel_annotation
