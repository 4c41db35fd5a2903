"""Pairs whose plain counterpart has no TOC annotations, as the review of PR 681 proposes it."""

import json

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.names import CHUNK_KEYS
from conformance.format.oci import read_manifest
from conformance.format.splice import with_member
from conformance.reference.reshape import Reshaper
from conformance.reference.transfer import ManifestStep, Plan


class PairsWithoutToc(Reshaper):
    """Writes plain manifests of pairs without chunk keys."""

    def single(self, raw: bytes, media_type: str, compression: str, *, variants: bool) -> Plan:
        return self.bared(super().single(raw, media_type, compression, variants=variants))

    def index(self, raw: bytes, compression: str, *, variants: bool) -> Plan:
        return self.bared(super().index(raw, compression, variants=variants))

    def bared(self, plan: Plan) -> Plan:
        """The plain manifests of pairs, without chunk keys."""
        root = decode_object(plan.root.raw, what="root")
        if "manifests" not in root:
            return plan
        new: dict[str, bytes] = {}
        for step in plan.steps:
            if isinstance(step, ManifestStep) and not _has_sentinel(step.raw):
                new[str(Digest.of(step.raw))] = _without_chunk_keys(step.raw)
        steps = tuple(
            msgspec.structs.replace(step, raw=new.get(str(Digest.of(step.raw)), step.raw))
            if isinstance(step, ManifestStep)
            else step
            for step in plan.steps
        )
        for entry in root["manifests"]:
            if entry["digest"] in new:
                raw = new[entry["digest"]]
                entry.update(digest=str(Digest.of(raw)), size=len(raw))
        index = with_member(plan.root.raw.decode(), "manifests", json.dumps(root["manifests"])).encode()
        return Plan(steps, ManifestStep(index, plan.root.media_type, "index"))


def _has_sentinel(raw: bytes) -> bool:
    return any("sentinel" in layer.media_type for layer in read_manifest(raw).view.layers)


def _without_chunk_keys(raw: bytes) -> bytes:
    manifest = decode_object(raw, what="manifest")
    for layer in manifest["layers"]:
        kept = {key: value for key, value in (layer.get("annotations") or {}).items() if key not in CHUNK_KEYS}
        layer.pop("annotations", None)
        layer.update({"annotations": kept} if kept else {})
    return encode(manifest)
