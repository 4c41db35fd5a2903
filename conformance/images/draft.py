"""A conforming image in parts for mutants to edit, and the image assembled from them with right digests."""

import io
import tarfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec

from conformance.format.assembled import describe, index_of, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import (
    CONFIG_TYPE,
    INDEX_TYPE,
    MANIFEST_TYPE,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor
from conformance.format.sentinel import canonical_sentinel
from conformance.format.writer import layer_from_tar

Json = dict[str, Any]
PLATFORM: Json = {"architecture": "amd64", "os": "linux"}


@dataclass
class Draft:
    """Two manifests, their configs, and the index entries (without digest and size, which are computed).

    ``spelling`` edits the encoded documents, by name ("plain", "plain.config", "index", "inner"), for mutants of the
    JSON text.
    ``lost`` names manifests, configs or blobs that are not stored.
    """

    plain: Json
    sentinel: Json
    plain_config: Json
    sentinel_config: Json
    entries: list[Json]
    index: Json
    blobs: dict[str, bytes]
    extra: dict[str, tuple[Json, Json]] = field(default_factory=dict)  # more manifests and configs, by name
    config_size_off: int = 0
    entry_size_off: int = 0
    lost: set[str] = field(default_factory=set)
    inner: list[Json] = field(default_factory=list)  # entries of an index that the index lists first
    spelling: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)

    def entry(self, name: str) -> Json:
        """The first index entry of this manifest."""
        return next(entry for entry in self.entries if entry["of"] == name)

    def spelt(self, name: str, value: Json) -> bytes:
        """The bytes of a document."""
        raw = encode(value)
        return self.spelling[name](raw) if name in self.spelling else raw

    def add_blob(self, content: bytes) -> str:
        """Store a blob; its digest."""
        digest = str(Digest.of(content))
        self.blobs[digest] = content
        return digest


class Drafted(msgspec.Struct, frozen=True):
    """The image of a draft: blobs by digest, and the bytes of the root document (an index)."""

    blobs: dict[str, bytes]
    root: bytes


def conforming_draft() -> Draft:
    """A pair that meets all requirements; every call returns a new copy."""
    return deepcopy(_draft())


def finish(draft: Draft) -> Drafted:
    """Compute digests and sizes from the configs up to the index."""
    blobs = dict(draft.blobs)
    digests: dict[str, tuple[str, int]] = {}
    parts = {
        "plain": (draft.plain, draft.plain_config),
        "sentinel": (draft.sentinel, draft.sentinel_config),
        **draft.extra,
    }
    for name, (manifest, config) in parts.items():
        raw = draft.spelt(f"{name}.config", config)
        digests[f"{name}.config"] = (str(Digest.of(raw)), len(raw))
        blobs[str(Digest.of(raw))] = raw
        size = len(raw) + (draft.config_size_off if name == "sentinel" else 0)
        described = {**manifest, "config": {**manifest["config"], "digest": str(Digest.of(raw)), "size": size}}
        document = draft.spelt(name, described)
        digests[name] = (str(Digest.of(document)), len(document))
        blobs[digests[name][0]] = document
    entries = [_entry(draft, entry, digests) for entry in draft.entries]
    if draft.inner:
        listed = [_entry(draft, entry, digests) for entry in draft.inner]
        inner = draft.spelt("inner", index_of(listed))
        blobs[str(Digest.of(inner))] = inner
        entries.insert(0, describe(inner, INDEX_TYPE))
    for lost in draft.lost:
        del blobs[digests[lost][0] if lost in digests else lost]
    return Drafted(blobs, draft.spelt("index", {**draft.index, "manifests": entries}))


def _entry(draft: Draft, entry: Json, digests: dict[str, tuple[str, int]]) -> Json:
    rest = {key: value for key, value in entry.items() if key != "of"}
    digest, size = digests[entry["of"]]
    off = draft.entry_size_off if entry["of"] == "sentinel" else 0
    return {"mediaType": MANIFEST_TYPE, "digest": digest, "size": size + off, **rest}


@cache
def _draft() -> Draft:
    layers, diff_ids, blobs = [], [], {}
    for name in ("base", "app"):
        blob, written = layer_from_tar(_tar(name))
        blobs[str(written.digest)] = blob
        layers.append(_descriptor(written.descriptor))
        diff_ids.append(str(written.diff_id))
    sentinel = canonical_sentinel()
    digest = str(Digest.of(sentinel))
    blobs[digest] = sentinel
    config: Json = {
        **PLATFORM,
        "config": {"Env": ["A=b"], "Healthcheck": {"Test": ["NONE"]}},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created_by": "base"}, {"created_by": "app"}],
        "x-unknown": {"keep": "me"},
    }
    manifest: Json = {**manifest_of({"mediaType": CONFIG_TYPE}, layers), "annotations": {"org.example": "kept"}}
    first = {"mediaType": SENTINEL_TYPE, "digest": digest, "size": len(sentinel)}
    return Draft(
        manifest,
        {**deepcopy(manifest), "layers": [first, *deepcopy(layers)]},
        config,
        {**deepcopy(config), "rootfs": {"type": "layers", "diff_ids": [digest, *diff_ids]}},
        [
            {"of": "plain", "platform": PLATFORM, "annotations": {ZSTD_ANNOTATION: "true"}},
            {
                "of": "sentinel",
                "platform": PLATFORM,
                "annotations": {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"},
            },
        ],
        {"schemaVersion": 2, "mediaType": INDEX_TYPE},
        blobs,
    )


def _descriptor(descriptor: Descriptor) -> Json:
    fields = {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}
    return {**fields, "annotations": dict(descriptor.annotations or {})}


def _tar(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(3):
            content = f"{name} {number}\n".encode() * 100
            member = tarfile.TarInfo(f"{name}/{number}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()
