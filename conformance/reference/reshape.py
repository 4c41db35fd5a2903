"""Converts a whole image, single or index, to one compression, for producer and copier.

Sentinel variants are created where every layer is zstd:chunked, and removed otherwise. Everything else stays byte for
byte, so that a repetition changes nothing (SENT-PUSH-023).
"""

import json
from typing import Any, Final

import msgspec

from conformance.format.document import MAX_DOCUMENT, decode_object
from conformance.format.media_types import ZSTD
from conformance.format.names import (
    DOCKER_LIST_TYPE,
    INDEX_TYPE,
    MANIFEST_TYPE,
    MANIFEST_TYPES,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor, Index, Platform, is_index, read_index, read_manifest
from conformance.format.sentinel import canonical_sentinel
from conformance.format.splice import with_member
from conformance.format.variant import (
    Addition,
    SentinelVariant,
    attach_to_index,
    ineligibility,
    make_sentinel_variant,
    wrap_single,
)
from conformance.reference.compression import CHUNKED, compression_of, is_tar_layer
from conformance.reference.convert import Converter, Instance
from conformance.reference.errors import NotSupportedError, RefusalError
from conformance.reference.reading import content_of
from conformance.reference.transfer import ManifestStep, Plan, Step, instance_steps
from conformance.sources.source import ImageSource

MAX_INSTANCES: Final = 512

Json = dict[str, Any]


class Member(msgspec.Struct, frozen=True):
    """An entry of an index and its manifest; ``fields`` are the JSON of the entry. ``instance`` is None for other
    documents.
    """

    fields: Json
    entry: Descriptor
    raw: bytes
    instance: Instance | None

    @property
    def platform(self) -> Platform:
        return self.entry.platform or Platform()

    @property
    def is_sentinel(self) -> bool:
        return self.instance is not None and self.instance.sentinel


class Reshaper:
    """Creates the plan for one image; a defect may override any step."""

    def __init__(self, source: ImageSource, converter: Converter) -> None:
        self._source, self._converter = source, converter

    def plan(self, compression: str, *, variants: bool) -> Plan:
        """The plan of the image in this compression; ``variants``: with sentinel variants of all eligible images."""
        stored = self._source.root()
        raw = content_of(stored, self._source.reference)
        fields = decode_object(raw, what="the root document")
        media_type = str(fields.get("mediaType") or stored.media_type or "")
        if not is_index(fields):
            return self.single(raw, media_type or MANIFEST_TYPE, compression, variants=variants)
        if media_type == DOCKER_LIST_TYPE:
            raise NotSupportedError("Docker manifest lists are copied as they are; their images are not converted")
        return self.index(raw, compression, variants=variants)

    def single(self, raw: bytes, media_type: str, compression: str, *, variants: bool) -> Plan:
        """The plan of one image. A sentinel variant stays unchanged, or is stripped; it gets no second one
        (SENT-PUSH-014).
        """
        instance = self._converter.read(raw)
        if instance.sentinel and compression == CHUNKED:
            new = instance
        else:
            new = self._converter.converted(self.stripped(instance), compression)
        steps = list(self.steps(new.raw, media_type))
        if not variants or new.sentinel or not self.is_eligible(new.raw):
            return Plan(tuple(steps[:-1]), ManifestStep(new.raw, media_type))
        made = self.make_variant(new)
        index = wrap_single(new.raw, new.config, made)
        return Plan((*steps, *self.variant_steps(made)), ManifestStep(index, INDEX_TYPE, "index"))

    def index(self, raw: bytes, compression: str, *, variants: bool) -> Plan:
        """The plan of an index: every image in it, with the entries in their order."""
        members = self.members(raw)
        kept = self.kept(members, compression)
        converted = [self.member(member, compression) for member in kept]
        if compression == CHUNKED and converted != kept:
            # The data layers have changed: variants of the old layers would have no plain image.
            converted = [
                member for member in converted if not (member.is_sentinel and self.has_plain_variant(member, kept))
            ]
        index = raw if converted == members else self.with_entries(raw, converted)
        steps = [step for member in converted for step in self.steps(member.raw, member.entry.media_type)]
        if variants:
            index, added = self.with_variants(index, converted)
            steps += added
        return Plan(tuple(steps), ManifestStep(index, INDEX_TYPE, "index"))

    def members(self, raw: bytes) -> list[Member]:
        """The entries with their manifests."""
        index: Index = read_index(raw).view
        if len(index.manifests) > MAX_INSTANCES:
            raise RefusalError(f"the index has {len(index.manifests)} entries; at most {MAX_INSTANCES} are read")
        found = []
        for fields, entry in zip(decode_object(raw, what="index")["manifests"], index.manifests, strict=True):
            content = content_of(self._source.manifest(entry, MAX_DOCUMENT), f"manifest {entry.digest}")
            if entry.media_type not in MANIFEST_TYPES or is_index(decode_object(content, what="manifest")):
                raise NotSupportedError(f"an index entry of the media type {entry.media_type[:120]!r}")
            instance = self._converter.read(content) if _is_image(content) else None
            found.append(Member(fields, entry, content, instance))
        return found

    def kept(self, members: list[Member], compression: str) -> list[Member]:
        """The members without sentinel variants that have a plain variant (SENT-STRIP-011)."""
        if compression == CHUNKED:
            return members
        return [member for member in members if not (member.is_sentinel and self.has_plain_variant(member, members))]

    def has_plain_variant(self, sentinel: Member, members: list[Member]) -> bool:
        """Whether the platform has a plain variant."""
        return any(
            member.instance is not None and not member.is_sentinel and member.platform == sentinel.platform
            for member in members
        )

    def member(self, member: Member, compression: str) -> Member:
        """The converted entry; the same object when nothing changes."""
        if member.instance is None or (member.is_sentinel and compression == CHUNKED):
            return member
        new = self._converter.converted(self.stripped(member.instance), compression)
        if new == member.instance:
            return member
        fields = {key: value for key, value in member.fields.items() if key != "data"}
        fields |= {"digest": new.digest, "size": len(new.raw)}
        annotations = self.entry_annotations(member.fields.get("annotations") or {}, new.raw)
        fields.pop("annotations", None)
        fields |= {"annotations": annotations} if annotations else {}
        return Member(fields, msgspec.convert(fields, Descriptor), new.raw, new)

    def entry_annotations(self, given: dict[str, str], raw: bytes) -> dict[str, str]:
        """The annotations of an entry, with those on zstd and sentinel updated (SENT-STRIP-005)."""
        kept = {key: value for key, value in given.items() if key not in (ZSTD_ANNOTATION, SENTINEL_ANNOTATION)}
        layers = read_manifest(raw).view.layers
        is_zstd = bool(layers) and all(compression_of(layer.media_type) == ZSTD for layer in layers)
        return kept | ({ZSTD_ANNOTATION: "true"} if is_zstd else {})

    def stripped(self, instance: Instance) -> Instance:
        """The plain image of a sentinel variant; any other image unchanged."""
        return self._converter.stripped(instance) if instance.sentinel else instance

    def with_entries(self, raw: bytes, members: list[Member]) -> bytes:
        """The index with these entries, and every other byte unchanged."""
        entries = [member.fields for member in members]
        value = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
        return with_member(raw.decode(), "manifests", value).encode()

    def with_variants(self, raw: bytes, members: list[Member]) -> tuple[bytes, list[Step]]:
        """The index with a variant for every eligible platform without one, and the steps for these."""
        additions = [
            Addition(member.entry.digest, self.make_variant(member.instance))
            for member in members
            if member.instance is not None and not member.is_sentinel and self.is_eligible(member.raw)
        ]
        index = attach_to_index(raw, additions)
        named = {entry.digest for entry in read_index(index).view.manifests}
        added = [addition.variant for addition in additions if addition.variant.descriptor.digest in named]
        return index, [step for made in added for step in self.variant_steps(made)]

    def is_eligible(self, raw: bytes) -> bool:
        """Whether every layer is zstd:chunked with a tar-split (SENT-PUSH-007, SENT-PUSH-016)."""
        return ineligibility(raw) is None

    def make_variant(self, plain: Instance) -> SentinelVariant:
        """The sentinel variant of a plain image."""
        return make_sentinel_variant(plain.raw, plain.config, canonical_sentinel())

    def steps(self, raw: bytes, media_type: str) -> tuple[Step, ...]:
        """The steps for the blobs of one manifest, and for the manifest."""
        return tuple(instance_steps(raw, media_type, self._converter.load))

    def variant_steps(self, made: SentinelVariant) -> tuple[Step, ...]:
        """The steps for a variant: sentinel, config and manifest; the data layers are already present."""
        for content in (made.sentinel, made.config):
            self._converter.add(content)
        return tuple(instance_steps(made.manifest, MANIFEST_TYPE, self._converter.load, "sentinel manifest"))


def _is_image(raw: bytes) -> bool:
    """Whether all layers except sentinels are tars: attestations and other artifacts are copied unchanged."""
    layers = read_manifest(raw).view.layers
    return bool(layers) and all(is_tar_layer(layer.media_type) or layer.media_type == SENTINEL_TYPE for layer in layers)
