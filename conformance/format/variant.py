"""Attach and strip the sentinel variant, on parsed JSON: fields nobody knows are kept (SENT-MANIFEST-006, SENT-CONFIG-004).

Source: docs/format.md sections 2, 16 and 19. ``strip`` is the inverse of ``attach``.
"""

from typing import Any

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.errors import FormatError
from conformance.format.names import (
    CONFIG_TYPE,
    INDEX_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_TYPE,
    PR681,
    TARSPLIT_POSITION,
    ZSTD_ANNOTATION,
    Revision,
)
from conformance.format.oci import Config, Document, Manifest, is_index, read_config, read_index, read_manifest


class Variant(msgspec.Struct, frozen=True):
    """A manifest and its config, both as bytes to be stored."""

    manifest: bytes
    config: bytes


def is_eligible(manifest: Document[Manifest], revision: Revision = PR681) -> bool:
    """All data layers are zstd:chunked with a tar-split, and it is no sentinel variant itself (section 16.2)."""
    layers = manifest.view.layers
    return bool(layers) and all(
        layer.media_type != revision.sentinel_type
        and layer.annotation(MANIFEST_CHECKSUM)
        and layer.annotation(TARSPLIT_POSITION)
        for layer in layers
    )


def attach(manifest_raw: bytes, config_raw: bytes, sentinel: bytes, revision: Revision = PR681) -> Variant:
    """The sentinel variant of a plain manifest; FormatError when it is not eligible."""
    manifest, config = read_manifest(manifest_raw), read_config(config_raw)
    if not is_eligible(manifest, revision):
        raise FormatError("not every layer has a TOC with tar-split, or the manifest has a sentinel already")
    digest = str(Digest.of(sentinel))
    new_config = encode(_with_diff_ids(config, [digest, *config.view.rootfs.diff_ids]))
    descriptor = {"mediaType": revision.sentinel_type, "digest": digest, "size": len(sentinel)}
    fields = {
        **manifest.fields,
        "mediaType": MANIFEST_TYPE,
        "config": _config_descriptor(manifest.fields["config"], new_config),
        "layers": [descriptor, *manifest.fields["layers"]],
    }
    return Variant(encode(fields), new_config)


def strip(manifest_raw: bytes, config_raw: bytes, revision: Revision = PR681) -> Variant:
    """The plain variant of a sentinel manifest, whatever the sentinel's content; FormatError when layer 0 is none."""
    manifest, config = read_manifest(manifest_raw), read_config(config_raw)
    layers, diff_ids = manifest.view.layers, config.view.rootfs.diff_ids
    if not layers or layers[0].media_type != revision.sentinel_type:
        raise FormatError("layer 0 is no sentinel", where="layers[0].mediaType")
    if len(diff_ids) != len(layers):
        raise FormatError(f"{len(diff_ids)} DiffIDs for {len(layers)} layers", where="rootfs.diff_ids")
    new_config = encode(_with_diff_ids(config, list(diff_ids[1:])))
    fields = {
        **manifest.fields,
        "config": _config_descriptor(manifest.fields["config"], new_config),
        "layers": manifest.fields["layers"][1:],
    }
    return Variant(encode(fields), new_config)


def wrap(plain: bytes, sentinel: bytes, platform: JsonObject | None, revision: Revision = PR681) -> bytes:
    """The index of a single image: plain, then sentinel, both with the zstd annotation (section 16.3)."""
    entries = []
    for raw, annotations in ((plain, {}), (sentinel, {revision.sentinel_annotation: "true"})):
        entry = manifest_descriptor(raw, annotations={ZSTD_ANNOTATION: "true", **annotations})
        entries.append({**entry, **({"platform": platform} if platform else {})})
    return encode({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries})


def strip_index(index_raw: bytes, revision: Revision = PR681) -> bytes:
    """The index without its sentinel entries; unknown fields and order are kept."""
    index = read_index(index_raw)
    kept = [
        fields
        for fields, entry in zip(index.fields["manifests"], index.view.manifests, strict=True)
        if entry.annotation(revision.sentinel_annotation) != "true"
    ]
    return encode({**index.fields, "manifests": kept})


def manifest_descriptor(raw: bytes, *, annotations: dict[str, str] | None = None) -> JsonObject:
    """The descriptor of these manifest bytes, as JSON."""
    media_type = INDEX_TYPE if is_index(msgspec.json.decode(raw)) else MANIFEST_TYPE
    fields: JsonObject = {"mediaType": media_type, "digest": str(Digest.of(raw)), "size": len(raw)}
    return {**fields, "annotations": annotations} if annotations else fields


def _with_diff_ids(config: Document[Config], diff_ids: list[str]) -> JsonObject:
    rootfs: Any = config.fields.get("rootfs")
    return {**config.fields, "rootfs": {**(rootfs if isinstance(rootfs, dict) else {}), "diff_ids": diff_ids}}


def _config_descriptor(old: JsonObject, config: bytes) -> JsonObject:
    """The old config descriptor with its other fields, for new content."""
    return {
        **old,
        "mediaType": old.get("mediaType") or CONFIG_TYPE,
        "digest": str(Digest.of(config)),
        "size": len(config),
    }
