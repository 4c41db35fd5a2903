"""Creates the sentinel variant of an image, adds it to an index, and removes it again (docs/format.md 16, 19).

Documents are edited as text, so annotations, subject, artifactType and unknown fields are retained byte for byte, and
stripping an attached variant restores the original bytes. There is no I/O: the caller stores the result.
"""

import base64
import json
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from conformance.format.assembled import describe, index_of
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.errors import FormatError
from conformance.format.names import (
    DOCKER_MANIFEST_TYPE,
    INDEX_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_TYPE,
    PR681,
    TARSPLIT_POSITION,
    ZSTD_ANNOTATION,
    Revision,
)
from conformance.format.oci import Config, Descriptor, Document, Index, Manifest, Platform
from conformance.format.oci import read_config as _read_config
from conformance.format.oci import read_index as _read_index
from conformance.format.oci import read_manifest as _read_manifest
from conformance.format.splice import elements, find, replaced, with_first, with_member, without_first

TRUE = "true"


class SentinelVariant(msgspec.Struct, frozen=True):
    """The documents of a sentinel variant, to be stored in this order: ``sentinel``, ``config``, ``manifest``."""

    manifest: bytes
    config: bytes
    sentinel: bytes

    @property
    def descriptor(self) -> Descriptor:
        """The descriptor of the manifest, without platform and annotations."""
        return Descriptor(MANIFEST_TYPE, str(Digest.of(self.manifest)), len(self.manifest))


class Addition(msgspec.Struct, frozen=True):
    """A variant to add to an index, and the digest of its plain entry."""

    plain: str
    variant: SentinelVariant


def ineligibility(manifest_raw: bytes, revision: Revision = PR681) -> str | None:
    """Why this manifest must not get a sentinel variant, in one sentence; None when it may.

    Stricter than the reference, which requires one TOC of either kind only (docs/format.md section 16.2): every layer
    must be zstd:chunked with a tar-split, or no client can pull the variant. Raise FormatError if it is not a manifest.
    """
    manifest = _read_manifest(manifest_raw).view
    if manifest.media_type == DOCKER_MANIFEST_TYPE:
        return "a Docker manifest cannot hold zstd layers"
    if manifest.media_type not in ("", MANIFEST_TYPE):
        return f"{manifest.media_type!r} is not an OCI image manifest"
    if any(layer.media_type == revision.sentinel_type for layer in manifest.layers):
        return "it is a sentinel variant itself"
    if not manifest.layers:
        return "it has no layers"
    for position, layer in enumerate(manifest.layers):
        if not layer.annotation(MANIFEST_CHECKSUM):
            return f"layer {position} is not zstd:chunked"
        if not layer.annotation(TARSPLIT_POSITION):
            return f"layer {position} has no tar-split"
    return None


def make_sentinel_variant(
    manifest_raw: bytes, config_raw: bytes, sentinel: bytes, revision: Revision = PR681
) -> SentinelVariant:
    """The variant of a plain image; it uses the data layers of the plain image.

    Raise FormatError if the image is not eligible, or its manifest and config do not belong together.
    """
    if (reason := ineligibility(manifest_raw, revision)) is not None:
        raise FormatError(f"no sentinel variant can be created: {reason}")
    manifest, _ = _read_pair(manifest_raw, config_raw)
    digest = str(Digest.of(sentinel))
    config_text = config_raw.decode()
    config = with_first(config_text, _array(config_text, ("rootfs", "diff_ids")), json.dumps(digest)).encode()
    layer = {"mediaType": revision.sentinel_type, "digest": digest, "size": len(sentinel)}
    text = manifest_raw.decode()
    text = with_first(text, _array(text, ("layers",)), encode(layer).decode())
    return SentinelVariant(_with_config(text, manifest.view.config, config), config, sentinel)


def strip_manifest(manifest_raw: bytes, config_raw: bytes, revision: Revision = PR681) -> tuple[bytes, bytes]:
    """Manifest and config without the sentinel, whatever its content; both as given when there is none.

    The history is unchanged. Raise FormatError when the sentinel is not layer 0, occurs twice, or is not the first
    DiffID: the rest would not be a valid image.
    """
    manifest, config = _read_pair(manifest_raw, config_raw)
    layers = manifest.view.layers
    positions = [index for index, layer in enumerate(layers) if layer.media_type == revision.sentinel_type]
    if not positions:
        return manifest_raw, config_raw
    if positions != [0]:
        raise FormatError(f"the sentinel must be layer 0 alone; it is at {positions}", where="layers")
    first = config.view.rootfs.diff_ids[0]
    if first != layers[0].digest:
        raise FormatError(f"the first DiffID {first!r} is not the sentinel's digest", where="rootfs.diff_ids")
    text = config_raw.decode()
    stripped = without_first(text, _array(text, ("rootfs", "diff_ids"))).encode()
    text = manifest_raw.decode()
    text = without_first(text, _array(text, ("layers",)))
    return _with_config(text, manifest.view.config, stripped), stripped


def attach_to_index(index_raw: bytes, additions: Sequence[Addition], revision: Revision = PR681) -> bytes:
    """The index with an entry for every variant, its plain entries marked zstd, sorted by score (stable).

    A sentinel entry has the platform, annotations and unknown fields of its plain entry. A platform that has a sentinel
    entry gets no second one; when nothing is added the index is returned unchanged. Raise FormatError if this is not an
    OCI index, or does not have a plain entry that an addition names.
    """
    index = _oci_index(index_raw)
    text = index_raw.decode()
    array = _array(text, ("manifests",))
    entries = [text[span.start : span.end] for span in elements(text, array.start)]
    taken = {_platform(entry) for entry in index.view.manifests if _is_true(entry, revision.sentinel_annotation)}
    added = []
    for addition in additions:
        position = _position(index.view, addition.plain)
        plain = index.view.manifests[position]
        if _platform(plain) in taken:
            continue
        taken.add(_platform(plain))
        entries[position] = _annotated(entries[position], (ZSTD_ANNOTATION,))
        added.append(_sentinel_entry(entries[position], addition.variant, revision))
    if not added:
        return index_raw
    entries = sorted(entries + added, key=lambda entry: _score_text(entry, revision))
    return replaced(text, array, "[" + ",".join(entries) + "]").encode()


def wrap_single(manifest_raw: bytes, config_raw: bytes, variant: SentinelVariant, revision: Revision = PR681) -> bytes:
    """An index of a single plain image and its variant, with the platform of the config, if it has one."""
    _, config = _read_pair(manifest_raw, config_raw)
    entry: dict[str, Any] = describe(manifest_raw, MANIFEST_TYPE)
    platform = config.view.platform
    if platform.os or platform.architecture:
        names = ("architecture", "os", "variant", "os.version", "os.features")
        values = (platform.architecture, platform.os, platform.variant, platform.os_version, platform.os_features)
        entry["platform"] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in zip(names, values, strict=True)
            if value or name in ("architecture", "os")
        }
    index = index_of([entry])
    return attach_to_index(encode(index), (Addition(entry["digest"], variant),), revision)


def strip_index(index_raw: bytes, sentinels: Collection[str] = (), revision: Revision = PR681) -> bytes:
    """The index without its sentinel entries: those with the annotation, and those whose digest is in ``sentinels``.

    Unchanged when it has none. Raise FormatError if it is not an OCI index, or if no entry would remain.
    """
    index = _oci_index(index_raw)
    text = index_raw.decode()
    array = _array(text, ("manifests",))
    kept = [
        text[span.start : span.end]
        for span, entry in zip(elements(text, array.start), index.view.manifests, strict=True)
        if not (_is_true(entry, revision.sentinel_annotation) or entry.digest in sentinels)
    ]
    if len(kept) == len(index.view.manifests):
        return index_raw
    if not kept:
        raise FormatError("the index has sentinel entries only; nothing would be left", where="manifests")
    return replaced(text, array, "[" + ",".join(kept) + "]").encode()


def score(entry: Descriptor, revision: Revision = PR681) -> int:
    """The sorting score of an index entry: 0 plain, 1 zstd, 2 sentinel (docs/format.md section 2)."""
    if _is_true(entry, revision.sentinel_annotation):
        return 2
    return 1 if _is_true(entry, ZSTD_ANNOTATION) else 0


def _read_pair(manifest_raw: bytes, config_raw: bytes) -> tuple[Document[Manifest], Document[Config]]:
    manifest, config = _read_manifest(manifest_raw), _read_config(config_raw)
    descriptor = manifest.view.config
    if not Digest.parse(descriptor.digest).matches(config_raw) or descriptor.size != len(config_raw):
        raise FormatError("the config is not the one that the manifest names", where="config")
    diff_ids, layers = len(config.view.rootfs.diff_ids), len(manifest.view.layers)
    if diff_ids != layers:
        raise FormatError(f"{diff_ids} DiffIDs for {layers} layers", where="rootfs.diff_ids")
    return manifest, config


def _oci_index(raw: bytes) -> Document[Index]:
    index = _read_index(raw)
    if index.view.media_type not in ("", INDEX_TYPE):
        raise FormatError(f"{index.view.media_type!r} is not an OCI index: its entries hold no annotations")
    return index


def _array(text: str, path: Sequence[str]) -> Any:
    span = find(text, path)
    if span is None:
        raise FormatError("there is no such array", where=".".join(path))
    return span


def _with_config(text: str, descriptor: Descriptor, config: bytes) -> bytes:
    """The manifest text with digest, size and, if present, embedded data of this config."""
    digest = Digest.of(config, Digest.parse(descriptor.digest).algorithm)
    values = {
        "digest": json.dumps(str(digest)),
        "size": str(len(config)),
        "data": json.dumps(base64.b64encode(config).decode()),
    }
    for key, value in values.items():
        span = find(text, ("config", key))
        if span is not None:
            text = replaced(text, span, value)
    return text.encode()


def _position(index: Index, digest: str) -> int:
    for position, entry in enumerate(index.manifests):
        if entry.digest == digest:
            return position
    raise FormatError(f"the index has no entry {digest}", where="manifests")


def _sentinel_entry(plain: str, variant: SentinelVariant, revision: Revision) -> str:
    entry = plain
    for key, value in (
        ("mediaType", MANIFEST_TYPE),
        ("digest", variant.descriptor.digest),
        ("size", variant.descriptor.size),
    ):
        entry = with_member(entry, key, json.dumps(value))
    if find(entry, ("data",)) is not None:
        entry = with_member(entry, "data", json.dumps(base64.b64encode(variant.manifest).decode()))
    return _annotated(entry, (revision.sentinel_annotation, ZSTD_ANNOTATION))


def _annotated(entry: str, keys: Sequence[str]) -> str:
    span = find(entry, ("annotations",))
    annotations = "{}" if span is None or entry[span.start] != "{" else entry[span.start : span.end]
    for key in keys:
        annotations = with_member(annotations, key, json.dumps(TRUE))
    return with_member(entry, "annotations", annotations)


def _score_text(entry: str, revision: Revision) -> int:
    return score(msgspec.json.decode(entry, type=Descriptor), revision)


def _platform(entry: Descriptor) -> Platform:
    return entry.platform or Platform()


def _is_true(entry: Descriptor, key: str) -> bool:
    return entry.annotation(key) == TRUE
