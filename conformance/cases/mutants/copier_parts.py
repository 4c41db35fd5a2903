"""What several defective copiers share."""

from typing import Any, Final

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.media_types import GZIP, UNCOMPRESSED, ZSTD
from conformance.format.names import (
    MANIFEST_TYPE,
    MANIFEST_TYPES,
    SENTINEL_TYPE,
)
from conformance.format.oci import Descriptor, read_manifest
from conformance.reference.copier import Copier, CopierOptions
from conformance.reference.reading import content_of
from conformance.reference.transfer import BlobStep, ManifestStep, Plan

Json = dict[str, Any]
CHANGING: Final = (GZIP, ZSTD, UNCOMPRESSED)


class Editor(Copier):
    """Edits manifest and config of single images whose sentinel was stripped, and computes the digests again."""

    def plan(self, options: CopierOptions) -> Plan:
        plan, source = super().plan(options), self.source()
        if options.compression not in CHANGING or not has_sentinel(source):
            return plan
        return self.edited(plan, options, source)

    def source(self) -> Json:
        return decode_object(content_of(self._source.root(), "source"), what="the root document")

    def edited(self, plan: Plan, options: CopierOptions, source: Json) -> Plan:
        """The plan with another root and config."""
        manifest = msgspec.json.decode(plan.root.raw)
        named = manifest["config"]["digest"]
        steps = [step for step in plan.steps if not (isinstance(step, BlobStep) and step.blob.digest == named)]
        old = next(step for step in plan.steps if isinstance(step, BlobStep) and step.blob.digest == named)
        config = msgspec.json.decode(old.load(old.blob))
        self.edit(manifest, config, options, source)
        raw = encode(config)
        blob = Descriptor(old.blob.media_type, str(Digest.of(raw)), len(raw))
        manifest["config"] = {"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size}
        for layer in manifest["layers"]:
            if layer["mediaType"] == SENTINEL_TYPE:
                descriptor = msgspec.convert(layer, Descriptor)
                steps.append(BlobStep(descriptor, self.load))
        return Plan((*steps, BlobStep(blob, lambda _: raw)), ManifestStep(encode(manifest), plan.root.media_type))

    def edit(self, manifest: Json, config: Json, options: CopierOptions, source: Json) -> None:
        """The defect."""


def has_sentinel(manifest: Json) -> bool:
    """Whether a manifest has a sentinel layer, in any place."""
    return any(layer.get("mediaType") == SENTINEL_TYPE for layer in manifest.get("layers", ()))


def carry_signature(source: Any, destination: Any, digest: Digest) -> None:
    """Copy the signature with the tag of the source's digest to the tag of another digest."""
    given, name = source._client, source._reference.repository
    target, repository = destination._client, destination._reference.repository
    old = Digest.of(content_of(source.root(), "source"))
    raw = given.get_manifest_raw(name, _signature_tag(old), accept=MANIFEST_TYPES).content
    signature = read_manifest(raw).view
    for blob in (signature.config, *signature.layers):
        target.upload_blob(
            repository, given.get_blob(name, blob.digest, max_bytes=blob.size).content, digest=blob.digest
        )
    target.put_manifest_raw(repository, _signature_tag(digest), raw, MANIFEST_TYPE)


def _signature_tag(digest: Digest) -> str:
    return f"{str(digest).replace(':', '-')}.sig"
