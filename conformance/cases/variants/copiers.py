"""Conforming copiers: the reference with another choice, each a ``Toolkit``."""

import itertools
import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from conformance.cases.variants.bare_twins import PairsWithoutToc
from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.media_types import GZIP
from conformance.format.names import LAYER_ZSTD_TYPE, SENTINEL_ANNOTATION, SENTINEL_TYPE
from conformance.format.oci import Descriptor, Platform
from conformance.format.selection import is_annotated_sentinel
from conformance.format.splice import with_member
from conformance.format.writer import layer_from_tar
from conformance.reference.builder import Builder
from conformance.reference.compression import is_tar_layer
from conformance.reference.convert import Converter, Instance
from conformance.reference.copier import Copier, CopierOptions
from conformance.reference.errors import NotSupportedError, RefusalError
from conformance.reference.reading import content_of
from conformance.reference.reshape import Member, Reshaper
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import BlobStep, Destination, ManifestStep, Plan
from conformance.requirements import variant

Json = dict[str, Any]


@variant("SENT-STRIP-025", "SENT-STRIP-010", "SENT-STRIP-014")
def leaves_chunked_layers_where_zstd_is_asked_for() -> Toolkit:
    """zstd:chunked is zstd (RFC 8878): with the layers the sentinel stays as well, byte for byte."""

    class Leaves(Copier):
        def plan(self, options: CopierOptions) -> Plan:
            fields = decode_object(content_of(self._source.root(), "source"), what="source")
            layers = fields.get("layers") or [{}]
            left = options.compression == "zstd" and layers[0].get("mediaType") == SENTINEL_TYPE
            return self.copy_plan() if left else super().plan(options)

    return Toolkit(copier=Leaves, name="variant")


@variant("SENT-STRIP-026", "SENT-STRIP-017")
def refuses_docker_schema_2_for_sentinels() -> Toolkit:
    """The newest head of the pull request states "layer addition/removal is not supported" (docker_schema2.go)."""

    class Refuses(Copier):
        def docker_plan(self, converter: Converter) -> Plan:
            fields = decode_object(content_of(self._source.root(), "source"), what="source")
            if any(layer.get("mediaType") == SENTINEL_TYPE for layer in fields.get("layers", ())):
                raise RefusalError("layer removal is not supported for Docker schema 2")
            return super().docker_plan(converter)

    return Toolkit(copier=Refuses, name="variant")


@variant("SENT-STRIP-027")
def sends_blobs_before_it_refuses() -> Toolkit:
    """Blobs that no manifest names are garbage that registries collect (OCI distribution-spec, "Pushing blobs")."""

    class Streams(Copier):
        def copy(self, destination: Destination, options: CopierOptions) -> Digest:
            if options.preserve_digests and options.compression:
                for step in self.plan(msgspec.structs.replace(options, preserve_digests=False)).steps:
                    if isinstance(step, BlobStep) and not destination.has_blob(step.blob.digest):
                        destination.put_blob(step.blob.digest, step.load(step.blob))
            return super().copy(destination, options)

    return Toolkit(copier=Streams, name="variant")


@variant("SENT-STRIP-027", "SENT-STRIP-015")
def preserves_digests_before_it_compresses() -> Toolkit:
    """Where the manifest may not change it compresses nothing again, and nothing has to be stripped (skopeo 1.9.3)."""

    class Preserves(Copier):
        def plan(self, options: CopierOptions) -> Plan:
            if options.preserve_digests and not options.to_docker:
                options = msgspec.structs.replace(options, compression="")
            return super().plan(options)

    return Toolkit(copier=Preserves, name="variant")


@variant("SENT-STRIP-008", "SENT-STRIP-011")
def drops_every_sentinel_entry() -> Toolkit:
    """A copy of an index may leave out its sentinel variants, all of them (docs/format.md section 19)."""

    class Drops(Copier):
        def copy_plan(self) -> Plan:
            plan = super().copy_plan()
            fields = decode_object(plan.root.raw, what="root")
            entries = fields.get("manifests", [])
            kept = [entry for entry in entries if SENTINEL_ANNOTATION not in (entry.get("annotations") or {})]
            preserved = getattr(self, "preserve", False)
            if preserved or len(kept) == len(entries):
                return plan
            raw = with_member(plan.root.raw.decode(), "manifests", json.dumps(kept, separators=(",", ":"))).encode()
            return Plan(plan.steps, ManifestStep(raw, plan.root.media_type, "index"))

        def plan(self, options: CopierOptions) -> Plan:
            self.preserve = options.preserve_digests
            return super().plan(options)

    return Toolkit(copier=Drops, name="variant")


@variant("SENT-STRIP-001", "SENT-STRIP-027")
def recompresses_nothing() -> Toolkit:
    """Copying verbatim is a separate tool (crane, oras): what it cannot do is unsupported."""

    class Verbatim(Copier):
        def plan(self, options: CopierOptions) -> Plan:
            if options.compression or options.to_docker:
                raise NotSupportedError("layers are copied as they are")
            return super().plan(options)

    return Toolkit(copier=Verbatim, name="variant")


@variant("SENT-STRIP-001", "SENT-STRIP-002", "SENT-STRIP-025")
def writes_gzip_only() -> Toolkit:
    """No source requires every compression: a refusal to write tar or zstd keeps no sentinel."""

    class Gzip(Copier):
        def plan(self, options: CopierOptions) -> Plan:
            if options.compression not in ("", "gzip", "zstd:chunked"):
                raise RefusalError(f"{options.compression} is not written")
            return super().plan(options)

    return Toolkit(copier=Gzip, name="variant")


@variant("SENT-STRIP-019", "SENT-STRIP-010")
def keeps_the_history_as_it_is() -> Toolkit:
    """History is OPTIONAL and free (OCI image-spec config.md): the entry of the sentinel may stay or go."""

    class Keeps(Converter):
        def stripped(self, instance: Instance) -> Instance:
            history = decode_object(instance.config, what="config").get("history")
            new = super().stripped(instance)
            config = {**decode_object(new.config, what="config"), "history": history}
            raw = new.config if decode_object(new.config, what="config") == config else self.add(encode(config))
            if raw == new.config:
                return new
            manifest = decode_object(new.raw, what="manifest")
            manifest["config"] = {**manifest["config"], **_named(raw)}
            return Instance(encode(manifest), raw)

    return Toolkit(copier=type("KeepsHistory", (Copier,), {"converter": Keeps}), name="variant")


@variant(warns=("SENT-STRIP-018",))
def adds_an_annotation_when_it_strips() -> Toolkit:
    """A manifest that changes anyway may record what changed it (SENT-STRIP-018 is a SHOULD)."""

    class Adds(Converter):
        def stripped(self, instance: Instance) -> Instance:
            new = super().stripped(instance)
            manifest = decode_object(new.raw, what="manifest")
            manifest["annotations"] = {**(manifest.get("annotations") or {}), "org.example.stripped": "true"}
            return msgspec.structs.replace(new, raw=encode(manifest))

    return Toolkit(copier=type("AddsAnnotation", (Copier,), {"converter": Adds}), name="variant")


@variant(warns=("SENT-STRIP-018",))
def writes_a_manifest_anew_when_it_strips() -> Toolkit:
    """A tool that knows the type of the manifest adds its members, here ``artifactType`` (a SHOULD)."""

    class Normalises(Converter):
        def stripped(self, instance: Instance) -> Instance:
            new = super().stripped(instance)
            manifest = decode_object(new.raw, what="manifest")
            manifest.setdefault("artifactType", "application/vnd.oci.image.config.v1+json")
            return msgspec.structs.replace(new, raw=encode(dict(sorted(manifest.items()))))

    return Toolkit(copier=type("Normalises", (Copier,), {"converter": Normalises}), name="variant")


@variant("SENT-STRIP-005", "SENT-PUSH-014", "SENT-STRIP-011")
def leaves_the_plain_entry_of_a_pair_without_a_toc() -> Toolkit:
    """A pair as the review of PR 681 proposes it: the plain counterpart has no TOC annotations."""
    return Toolkit(copier=type("Bare", (Copier,), {"reshaper": PairsWithoutToc}), name="variant")


@variant("SENT-STRIP-014", "SENT-STRIP-028")
def builds_with_a_chunked_layer_on_the_sentinel_variant() -> Toolkit:
    """Where every layer has a TOC the sentinel may stay: it states no more than that."""

    class Chunks(Builder):
        def is_base(self, entry: Descriptor) -> bool:
            return is_annotated_sentinel(entry)

        def base(self, instance: Instance, converter: Converter) -> Instance:  # noqa: ARG002
            return instance

        def layer(self, tar: bytes) -> Json:
            content, written = layer_from_tar(tar)
            described = {"mediaType": LAYER_ZSTD_TYPE, "digest": str(self._store.put(content)), "size": len(content)}
            return {**described, "annotations": written.annotations}

    return Toolkit(builder=Chunks, name="variant")


@variant("SENT-STRIP-014", "SENT-STRIP-028")
def refuses_to_build_on_a_sentinel_manifest() -> Toolkit:
    """Named by its digest it is refused, as clients that do not know sentinels refuse it (SENT-PULL-031)."""

    class Refuses(Builder):
        def base(self, instance: Instance, converter: Converter) -> Instance:
            if instance.sentinel:
                raise RefusalError("a layer that is not a tar archive")
            return super().base(instance, converter)

    return Toolkit(builder=Refuses, name="variant")


@variant(warns=("SENT-STRIP-010",))
def writes_the_time_into_gzip() -> Toolkit:
    """MTIME of a gzip header (RFC 1952 section 2.3.1): no two compressions of one tar give the same bytes."""
    seconds = itertools.count(1_700_000_000)

    class Stamps(Converter):
        def _write(self, layer: Descriptor, diff_id: Digest, compression: str) -> Json:
            written = super()._write(layer, diff_id, compression)
            if compression != GZIP:
                return written
            content = self._store.path(Digest.parse(written["digest"])).read_bytes()
            stamped = content[:4] + next(seconds).to_bytes(4, "little") + content[8:]
            return {**written, "digest": str(self._store.put(stamped))}

    return Toolkit(copier=type("Stamps", (Copier,), {"converter": Stamps}), name="variant")


@variant("SENT-STRIP-005", "SENT-STRIP-006", "SENT-STRIP-011")
def carries_what_it_does_not_know() -> Toolkit:
    """It recompresses tars and copies unknown layers, as image-spec v1.1.1 manifest.md has it: a hazard, no failure."""

    class TarsOnly(Converter):
        def converted(self, instance: Instance, compression: str) -> Instance:
            manifest, config = (decode_object(raw, what="document") for raw in (instance.raw, instance.config))
            known = [is_tar_layer(layer["mediaType"]) for layer in manifest["layers"]]
            diff_ids = config["rootfs"]["diff_ids"]
            if all(known) or len(diff_ids) != len(known):
                return super().converted(instance, compression)
            tars = {**manifest, "layers": list(itertools.compress(manifest["layers"], known))}
            own = {**config, "rootfs": {**config["rootfs"], "diff_ids": list(itertools.compress(diff_ids, known))}}
            new = super().converted(Instance(encode(tars), encode(own)), compression)
            layers = iter(decode_object(new.raw, what="manifest")["layers"])
            kept = [next(layers) if is_tar else layer for is_tar, layer in zip(known, manifest["layers"], strict=True)]
            if kept == manifest["layers"]:
                return instance
            return msgspec.structs.replace(instance, raw=encode({**manifest, "layers": kept}))

    class Knows(Reshaper):
        """No sentinels: every manifest of an image is one like the others."""

        def kept(self, members: list[Member], compression: str) -> list[Member]:  # noqa: ARG002
            return members

        def stripped(self, instance: Instance) -> Instance:
            return msgspec.structs.replace(instance, sentinel=False)

    return Toolkit(copier=type("Carries", (Copier,), {"converter": TarsOnly, "reshaper": Knows}), name="variant")


@variant("SENT-STRIP-027", "SENT-STRIP-005", "SENT-STRIP-006")
def recompresses_only_what_it_knows() -> Toolkit:
    """It copies every image, and refuses to recompress one with a layer that is no tar: no source requires it to."""

    class Refuses(Copier):
        def plan(self, options: CopierOptions) -> Plan:
            if options.compression and b"sentinel" in content_of(self._source.root(), "source"):
                raise RefusalError("a layer of an unknown type cannot be compressed")
            return super().plan(options)

    return Toolkit(copier=Refuses, name="variant")


@variant("SENT-STRIP-021")
def takes_one_platform_as_one_manifest() -> Toolkit:
    """A part of an index may be copied as an image without index: the plain one (image/copy/copy.go)."""

    class Selects(Copier):
        def part(self, plan: Plan, platform: Platform) -> Plan:
            part = super().part(plan, platform)
            entries = decode_object(part.root.raw, what="index")["manifests"]
            chosen = next(entry for entry in entries if SENTINEL_ANNOTATION not in (entry.get("annotations") or {}))
            documents = {str(Digest.of(step.raw)): step for step in part.steps if isinstance(step, ManifestStep)}
            return Plan(part.steps, documents[chosen["digest"]])

    return Toolkit(copier=Selects, name="variant")


@variant("SENT-STRIP-021")
def leaves_the_index_of_a_part_as_it_is() -> Toolkit:
    """For its signature the index stays, and names manifests that were not asked for (a sparse index)."""

    class Leaves(Copier):
        def part(self, plan: Plan, platform: Platform) -> Plan:
            return Plan(super().part(plan, platform).steps, plan.root)

    return Toolkit(copier=Leaves, name="variant")


@variant("SENT-STRIP-021")
def drops_the_sentinel_entry_of_a_part() -> Toolkit:
    """Of a pair the plain entry alone is a whole image (docs/format.md section 5)."""

    class Drops(Copier):
        def part(self, plan: Plan, platform: Platform) -> Plan:
            part = super().part(plan, platform)
            fields = decode_object(part.root.raw, what="index")
            kept = [each for each in fields["manifests"] if SENTINEL_ANNOTATION not in (each.get("annotations") or {})]
            return Plan(part.steps, ManifestStep(encode({**fields, "manifests": kept}), part.root.media_type, "index"))

    return Toolkit(copier=Drops, name="variant")


KNOW_NO_SENTINELS: Final[tuple[Callable[[], Toolkit], ...]] = (
    carries_what_it_does_not_know,
    recompresses_only_what_it_knows,
)
"""These claim the profile recompressing-copier: the requirements on copiers that know sentinels do not bind them."""


def _named(raw: bytes) -> Json:
    return {"digest": str(Digest.of(raw)), "size": len(raw)}
