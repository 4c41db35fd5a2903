"""What several defective producers share."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from conformance.format.assembled import describe, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.names import (
    CONFIG_TYPE,
    MANIFEST_TYPE,
    SENTINEL_TYPE,
)
from conformance.format.oci import Descriptor, read_manifest
from conformance.format.sentinel import canonical_sentinel
from conformance.format.variant import SentinelVariant
from conformance.reference.convert import Converter, Instance
from conformance.reference.transfer import Destination, ManifestStep
from conformance.reference.whole import WholeLayers


def variant_of_anything(plain: Instance) -> SentinelVariant:
    """A sentinel variant without inspecting the layers."""
    sentinel = canonical_sentinel()
    manifest, config = msgspec.json.decode(plain.raw), msgspec.json.decode(plain.config)
    config["rootfs"]["diff_ids"].insert(0, str(Digest.of(sentinel)))
    first = describe(sentinel, SENTINEL_TYPE)
    raw_config = encode(config)
    named = describe(raw_config, CONFIG_TYPE)
    raw = encode({**manifest, "config": named, "layers": [first, *manifest["layers"]]})
    return SentinelVariant(raw, raw_config, sentinel)


def ordinary_part(tar: bytes) -> bytes:
    """The regular files of a tar with UTF-8 names."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(tar)) as reader, tarfile.open(fileobj=out, mode="w") as writer:
        for member in reader:
            if member.type == tarfile.REGTYPE and member.name.isascii():
                member.pax_headers = {}
                writer.addfile(member, reader.extractfile(member))
    return out.getvalue()


def sign(manifest: ManifestStep, destination: Destination) -> None:
    """Push a referrer of the manifest."""
    note, config = b"signature of " + str(Digest.of(manifest.raw)).encode(), b"{}"
    for content in (note, config):
        if not destination.has_blob(str(Digest.of(content))):
            destination.put_blob(str(Digest.of(content)), content)

    referrer = {
        **manifest_of(
            describe(config, CONFIG_TYPE),
            [describe(note, "application/vnd.example.signature")],
            artifact_type="application/vnd.example.signature",
        ),
        "subject": describe(manifest.raw, manifest.media_type),
    }
    destination.put_manifest(ManifestStep(encode(referrer), MANIFEST_TYPE, "signature"))


def rewriting(change: Callable[[bytes], bytes]) -> type[Converter]:
    """A converter that writes tars of its own, and states their DiffIDs."""

    class Rewrites(WholeLayers):
        def tar(self, layer: Descriptor, diff_id: Digest) -> Path:
            raw = super().tar(layer, diff_id).read_bytes()
            return self._store.path(self._store.put(change(raw)))

    class Own(Converter):
        def __init__(self, source: Any, store: Any) -> None:
            super().__init__(source, store, Rewrites)

        def converted(self, instance: Instance, compression: str) -> Instance:
            new = super().converted(instance, compression)
            if new == instance:
                return instance
            config = decode_object(new.config, what="config")
            layers = read_manifest(instance.raw).view.layers
            pairs = zip(layers, config["rootfs"]["diff_ids"], strict=True)
            tars = [self._whole.tar(layer, Digest.parse(diff_id)).read_bytes() for layer, diff_id in pairs]
            config["rootfs"]["diff_ids"] = [str(Digest.of(tar)) for tar in tars]
            raw = self.add(encode(config))
            manifest = decode_object(new.raw, what="manifest")
            manifest["config"] = {**manifest["config"], "digest": str(Digest.of(raw)), "size": len(raw)}
            return Instance(encode(manifest), raw, new.sentinel)

    return Own
