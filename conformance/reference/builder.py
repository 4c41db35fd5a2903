"""The builder: an image on another one, with one layer more. A pair is built on by its plain variant (docs/format.md
section 19).
"""

import json

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT, JsonObject, decode_object
from conformance.format.media_types import GZIP
from conformance.format.names import MANIFEST_TYPE
from conformance.format.oci import Descriptor, Platform, is_index, read_index, read_manifest
from conformance.format.selection import Policy, is_annotated_sentinel, select
from conformance.format.splice import with_member
from conformance.reference.compression import MEDIA_TYPE, compressed
from conformance.reference.convert import Converter, Instance
from conformance.reference.copier import deliver
from conformance.reference.errors import RefusalError
from conformance.reference.reading import content_of
from conformance.reference.store import ContentStore
from conformance.reference.transfer import Destination, ManifestStep, Plan, Transfer, instance_steps
from conformance.sources.source import ImageSource

_CREATED_BY = "zstd-chunked-conformance reference builder"


class Builder:
    """Builds on one image; a defect may override any step."""

    converter: type[Converter] = Converter
    transfer: type[Transfer] = Transfer

    def __init__(self, source: ImageSource, store: ContentStore) -> None:
        self._source, self._store = source, store

    def build(self, destination: Destination, tar: bytes, platform: Platform, digest: Digest | None = None) -> Digest:
        """Push the layers of the base and this tar as one image, and return its digest."""
        return deliver(self.plan(tar, platform), destination, digest, self.transfer())

    def plan(self, tar: bytes, platform: Platform) -> Plan:
        """The plan of the image; RefusalError without a base for the platform, NotSupportedError for a Docker image."""
        converter = self.converter(self._source, self._store)
        base = self.base(converter.read(self.manifest(platform)), converter)
        made = self.with_layer(base, self.layer(tar), Digest.of(tar), converter)
        *steps, _ = instance_steps(made, MANIFEST_TYPE, converter.load)
        return Plan(tuple(steps), ManifestStep(made, MANIFEST_TYPE))

    def manifest(self, platform: Platform) -> bytes:
        """The manifest of the base: of an index the best entry for the platform that is no sentinel variant."""
        raw = content_of(self._source.root(), self._source.reference)
        if not is_index(decode_object(raw, what="the root document")):
            return raw
        index = read_index(raw).view
        plain = tuple(entry for entry in index.manifests if self.is_base(entry))
        position = select(msgspec.structs.replace(index, manifests=plain), Policy.AWARE, platform)
        if position is None:
            raise RefusalError(f"the index has no image for {platform} to build on")
        entry = plain[position]
        return content_of(self._source.manifest(entry, MAX_DOCUMENT), f"manifest {entry.digest}")

    def is_base(self, entry: Descriptor) -> bool:
        """Whether an entry may be built on."""
        return not is_annotated_sentinel(entry)

    def base(self, instance: Instance, converter: Converter) -> Instance:
        """The base without its sentinel: the layer that is added has no TOC (SENT-STRIP-014)."""
        return converter.stripped(instance) if instance.sentinel else instance

    def layer(self, tar: bytes) -> JsonObject:
        """The descriptor of the new layer."""
        content = b"".join(compressed([tar], GZIP))
        return {"mediaType": MEDIA_TYPE[GZIP], "digest": str(self._store.put(content)), "size": len(content)}

    def with_layer(self, base: Instance, layer: JsonObject, diff_id: Digest, converter: Converter) -> bytes:
        """The manifest of the base with one layer more, over a config with its DiffID; every other byte unchanged."""
        fields = decode_object(base.config, what="config")
        rootfs = fields["rootfs"]
        config = _with(base.config, "rootfs", {**rootfs, "diff_ids": [*rootfs["diff_ids"], str(diff_id)]})
        if fields.get("history"):
            config = _with(config, "history", [*fields["history"], {"created_by": _CREATED_BY}])
        document = read_manifest(base.raw)
        grown = converter.with_layers(document, [*document.fields["layers"], layer])
        described = {**document.fields["config"], "digest": str(Digest.of(config)), "size": len(config)}
        described.pop("data", None)
        converter.add(config)
        return _with(grown, "config", described)


def _with(raw: bytes, key: str, value: object) -> bytes:
    return with_member(raw.decode(), key, json.dumps(value, ensure_ascii=False, separators=(",", ":"))).encode()
