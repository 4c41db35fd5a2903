"""Observations of images that are built by hand, for what no source of images can bring about."""

from collections.abc import Mapping
from typing import Any

from conformance.format.document import encode
from conformance.format.names import (
    CONFIG_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_TAR_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_TYPE,
    SENTINEL_TYPE,
    TARSPLIT_POSITION,
)
from conformance.format.oci import Descriptor, Platform, read_config, read_manifest
from conformance.format.sentinel import canonical_sentinel
from conformance.observed.image import ManifestSeen, Stored

Json = dict[str, Any]
AMD64 = Platform("amd64", "linux")
SENTINEL = canonical_sentinel()


def digest(name: str) -> str:
    """A digest, as short as it may be here, where nothing is digested."""
    return f"sha256:{name}"


def layer(name: str, kind: str = "chunked", **annotations: str) -> Json:
    """A layer descriptor: chunked, zstd, gzip, tar or sentinel."""
    types = {"gzip": LAYER_GZIP_TYPE, "tar": LAYER_TAR_TYPE, "sentinel": SENTINEL_TYPE}
    if kind == "chunked":
        annotations = {MANIFEST_CHECKSUM: digest("toc" + name), TARSPLIT_POSITION: "1:2:3", **annotations}
    described = {"mediaType": types.get(kind, LAYER_ZSTD_TYPE), "digest": digest(name), "size": 100}
    return {**described, "annotations": annotations} if annotations else described


def first(name: str = "5") -> Json:
    """The descriptor of a sentinel."""
    return layer(name, "sentinel")


def entry(
    annotations: Mapping[str, str] | None = None, platform: Platform | None = AMD64, name: str = "e"
) -> Descriptor:
    """An index entry."""
    return Descriptor(MANIFEST_TYPE, digest(name), 10, annotations=dict(annotations or {}), platform=platform)


def manifest(
    name: str,
    *layers: Json,
    listed: Descriptor | None = None,
    config: Json | None = None,
    more: Json | None = None,
    sentinels: Mapping[int, Stored] | None = None,
    has_config: bool = True,
    **facts: Any,
) -> ManifestSeen:
    """What was seen of a manifest of these layers, with a DiffID for each unless ``config`` states others."""
    fields = {"rootfs": {"type": "layers", "diff_ids": [each["digest"] for each in layers]}, **(config or {})}
    raw_config = encode({"architecture": "amd64", "os": "linux", **fields})
    described = {"mediaType": CONFIG_TYPE, "digest": digest("c"), "size": len(raw_config)}
    head = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": described, "layers": list(layers)}
    raw = encode({**head, **(more or {})})
    places = [at for at, each in enumerate(layers) if each["mediaType"] == SENTINEL_TYPE]
    made: Json = {
        "stored": Stored(raw),
        "entry": listed,
        "document": read_manifest(raw),
        "config_stored": Stored(raw_config) if has_config else None,
        "config": read_config(raw_config) if has_config else None,
        "sentinels": tuple((at, (sentinels or {}).get(at, Stored(SENTINEL))) for at in places),
        **facts,
    }
    return ManifestSeen(name, **made)
