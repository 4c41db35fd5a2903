"""Copiers with one defect each: the reference with a step replaced."""

# ruff: noqa: ARG002 - a defect inspects less than the step it replaces

from collections.abc import Callable

import msgspec

from conformance.cases.mutants.copier_parts import CHANGING, Editor, Json, carry_signature, has_sentinel
from conformance.format.assembled import describe, index_of
from conformance.format.decompress import decompress
from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.media_types import GZIP, UNCOMPRESSED, ZSTD
from conformance.format.names import DOCKER_LIST_TYPE, INDEX_TYPE, SENTINEL_ANNOTATION
from conformance.format.oci import Descriptor, Platform, is_index, read_manifest
from conformance.format.selection import is_annotated_sentinel
from conformance.format.sentinel import canonical_sentinel
from conformance.reference.builder import Builder
from conformance.reference.compression import CHUNKED
from conformance.reference.convert import Converter, Instance
from conformance.reference.copier import Copier, CopierOptions
from conformance.reference.errors import RefusalError
from conformance.reference.reading import content_of
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import BlobStep, Destination, ManifestStep, Plan, RegistryDestination
from conformance.requirements import mutant

Edit = Callable[[Json, Json], None]
_MAX_TAR = 2**24


def _editing(change: Edit) -> Toolkit:
    class Edits(Editor):
        def edit(self, manifest: Json, config: Json, options: CopierOptions, source: Json) -> None:
            change(manifest, config)

    return Toolkit(copier=Edits, name="mutant")


def _keeps_sentinel(compression: str) -> Toolkit:
    """Like copiers that do not know sentinels: the sentinel is copied, the other layers are recompressed."""

    class Keeps(Editor):
        def edit(self, manifest: Json, config: Json, options: CopierOptions, source: Json) -> None:
            if options.compression == compression:
                first = source["layers"][0]
                manifest["layers"].insert(0, first)
                config["rootfs"]["diff_ids"].insert(0, first["digest"])

    return Toolkit(copier=Keeps, name="mutant")


@mutant("SENT-STRIP-001", implies=("SENT-STRIP-009", "SENT-STRIP-014"))
def keeps_the_sentinel_over_gzip() -> Toolkit:
    return _keeps_sentinel(GZIP)


@mutant("SENT-STRIP-002", implies=("SENT-STRIP-014",))
def keeps_the_sentinel_over_tar() -> Toolkit:
    return _keeps_sentinel(UNCOMPRESSED)


@mutant("SENT-STRIP-025", implies=("SENT-STRIP-014",))
def keeps_the_sentinel_over_zstd() -> Toolkit:
    return _keeps_sentinel(ZSTD)


@mutant("SENT-STRIP-004", implies=("SENT-STRIP-010",))
def strips_the_layer_and_not_its_diff_id() -> Toolkit:
    digest = str(Digest.of(canonical_sentinel()))
    return _editing(lambda _, config: config["rootfs"]["diff_ids"].insert(0, digest))


@mutant("SENT-STRIP-005")
def keeps_stale_annotations() -> Toolkit:
    class Keeps(Converter):
        def kept_annotations(self, layer: Descriptor) -> dict[str, str]:
            return layer.annotations or {}

    return Toolkit(copier=type("KeepsAnnotations", (Copier,), {"converter": Keeps}))


@mutant("SENT-STRIP-006", implies=("SENT-STRIP-010",))
def loses_a_data_layer() -> Toolkit:
    return _editing(lambda manifest, _: manifest["layers"].pop())


@mutant("SENT-STRIP-027")
def changes_what_must_be_preserved() -> Toolkit:
    class Changes(Copier):
        def refuse_changes(self, plan: Plan) -> None:
            pass

    return Toolkit(copier=Changes)


@mutant("SENT-STRIP-008", implies=("SENT-STRIP-015",))
def edits_an_index_that_it_keeps() -> Toolkit:
    class Edits(Copier):
        def copy_plan(self) -> Plan:
            plan = super().copy_plan()
            index = msgspec.json.decode(plan.root.raw)
            if not any(SENTINEL_ANNOTATION in entry.get("annotations", {}) for entry in index.get("manifests", ())):
                return plan
            return Plan(plan.steps, ManifestStep(plan.root.raw + b"\n", plan.root.media_type, "index"))

    return Toolkit(copier=Edits)


@mutant("SENT-STRIP-009")
def strips_the_known_sentinel_only() -> Toolkit:
    class KnownOnly(Editor):
        def edited(self, plan: Plan, options: CopierOptions, source: Json) -> Plan:
            if source["layers"][0]["digest"] != str(Digest.of(canonical_sentinel())):
                raise RefusalError("internal error: the first DiffID is not the known one")
            return plan

    return Toolkit(copier=KnownOnly)


@mutant("SENT-STRIP-010")
def drops_a_field_of_the_config() -> Toolkit:
    return _editing(lambda _, config: config.pop("created"))


@mutant("SENT-STRIP-011", implies=("SENT-STRIP-008", "SENT-STRIP-015", "SENT-STRIP-021"))
def drops_the_plain_entry() -> Toolkit:
    class Drops(Copier):
        def copy_plan(self) -> Plan:
            plan = super().copy_plan()
            index = msgspec.json.decode(plan.root.raw)
            kept = [
                entry for entry in index.get("manifests", ()) if SENTINEL_ANNOTATION in entry.get("annotations", {})
            ]
            if not kept:
                return plan
            raw = encode({**index, "manifests": kept})
            return Plan(plan.steps, ManifestStep(raw, plan.root.media_type, "index"))

    return Toolkit(copier=Drops)


@mutant("SENT-STRIP-026")
def keeps_the_sentinel_in_docker_images() -> Toolkit:
    class Keeps(Copier):
        def docker_plan(self, converter: Converter) -> Plan:
            plan = super().docker_plan(converter)
            source = decode_object(content_of(self._source.root(), "source"), what="source")
            if not has_sentinel(source):
                return plan
            manifest = msgspec.json.decode(plan.root.raw)
            first = source["layers"][0]
            manifest["layers"].insert(0, first)
            steps = (*plan.steps, BlobStep(msgspec.convert(first, Descriptor), self.load))
            return Plan(steps, ManifestStep(encode(manifest), plan.root.media_type))

    return Toolkit(copier=Keeps)


@mutant("SENT-STRIP-014", implies=("SENT-STRIP-008", "SENT-STRIP-015"))
def recompresses_in_a_plain_copy() -> Toolkit:
    class Recompresses(Editor):
        def plan(self, options: CopierOptions) -> Plan:
            source = self.source()
            if options.compression or options.preserve_digests or options.to_docker or not has_sentinel(source):
                return Copier.plan(self, options)
            changed = CopierOptions(GZIP, options.preserve_digests, options.digest)
            return self.edited(Copier.plan(self, changed), changed, source)

        def edit(self, manifest: Json, config: Json, options: CopierOptions, source: Json) -> None:
            first = source["layers"][0]
            manifest["layers"].insert(0, first)
            config["rootfs"]["diff_ids"].insert(0, first["digest"])

    return Toolkit(copier=Recompresses)


@mutant("SENT-STRIP-015")
def refuses_to_preserve_digests() -> Toolkit:
    class Refuses(Copier):
        def plan(self, options: CopierOptions) -> Plan:
            if options.preserve_digests:
                raise RefusalError("the sentinel would have to be stripped")
            return super().plan(options)

    return Toolkit(copier=Refuses)


@mutant("SENT-STRIP-016")
def re_encodes_plain_images() -> Toolkit:
    class Reencodes(Copier):
        def copy_plan(self) -> Plan:
            plan = super().copy_plan()
            fields = decode_object(plan.root.raw, what="root")
            if is_index(fields) or has_sentinel(fields):
                return plan
            return Plan(plan.steps, ManifestStep(plan.root.raw + b"\n", plan.root.media_type))

    return Toolkit(copier=Reencodes)


@mutant("SENT-STRIP-016")
def wraps_plain_images_into_an_index() -> Toolkit:
    class Wraps(Copier):
        def copy_plan(self) -> Plan:
            plan = super().copy_plan()
            if is_index(fields := decode_object(plan.root.raw, what="root")) or has_sentinel(fields):
                return plan
            index = encode(index_of([describe(plan.root.raw, plan.root.media_type)]))
            return Plan((*plan.steps, plan.root), ManifestStep(index, INDEX_TYPE, "index"))

    return Toolkit(copier=Wraps)


@mutant("SENT-STRIP-017")
def makes_a_docker_list_of_both() -> Toolkit:
    class Lists(Copier):
        def docker_plan(self, converter: Converter) -> Plan:
            raw = content_of(self._source.root(), "source")
            fields = decode_object(raw, what="source")
            if not is_index(fields):
                return super().docker_plan(converter)
            bare = (
                {key: value for key, value in entry.items() if key != "annotations"} for entry in fields["manifests"]
            )
            listed = encode(index_of(list(bare), media_type=DOCKER_LIST_TYPE))
            return Plan(self.copy_plan().steps, ManifestStep(listed, DOCKER_LIST_TYPE, "list"))

    return Toolkit(copier=Lists)


@mutant("SENT-STRIP-018")
def drops_annotations_of_the_manifest() -> Toolkit:
    return _editing(lambda manifest, _: manifest.pop("annotations"))


@mutant("SENT-STRIP-019", implies=("SENT-STRIP-010",))
def drops_history() -> Toolkit:
    return _editing(lambda _, config: config["history"].pop(0))


@mutant("SENT-PUSH-014")
def adds_a_sentinel_to_a_sentinel_variant() -> Toolkit:
    class Doubles(Editor):
        def plan(self, options: CopierOptions) -> Plan:
            plan = Copier.plan(self, options)
            manifest = msgspec.json.decode(plan.root.raw)
            if options.compression != CHUNKED or not has_sentinel(manifest):
                return plan
            manifest["layers"].insert(0, manifest["layers"][0])
            return Plan(plan.steps, ManifestStep(encode(manifest), plan.root.media_type))

    return Toolkit(copier=Doubles)


@mutant("SENT-PUSH-001")
def puts_the_root_first() -> Toolkit:
    class RootFirst(Copier):
        def copy(self, destination: Destination, options: CopierOptions) -> Digest:
            if isinstance(destination, RegistryDestination):
                destination.put_root(self.plan(options).root)
            return super().copy(destination, options)

    return Toolkit(copier=RootFirst)


@mutant("SENT-STRIP-013")
def carries_signatures_to_a_changed_manifest() -> Toolkit:
    class Carries(Editor):
        def copy(self, destination: Destination, options: CopierOptions) -> Digest:
            if options.compression in CHANGING and has_sentinel(self.source()):
                carry_signature(self._source, destination, self.plan(options).digest)
            return super().copy(destination, options)

    return Toolkit(copier=Carries)


@mutant("SENT-PUSH-018")
def carries_signatures_to_an_added_variant() -> Toolkit:
    class Carries(Editor):
        def copy(self, destination: Destination, options: CopierOptions) -> Digest:
            source = self.source()
            if options.compression == CHUNKED and not is_index(source) and not has_sentinel(source):
                carry_signature(self._source, destination, self.plan(options).digest)
            return super().copy(destination, options)

    return Toolkit(copier=Carries)


@mutant("SENT-STRIP-023")
def makes_up_a_missing_diff_id() -> Toolkit:
    class Pads(Converter):
        def stripped(self, instance: Instance) -> Instance:
            layers, config = read_manifest(instance.raw).view.layers, msgspec.json.decode(instance.config)
            for layer in layers[len(config["rootfs"]["diff_ids"]) :]:
                tar = decompress(self.load(layer), limit=_MAX_TAR)
                config["rootfs"]["diff_ids"].append(str(Digest.of(tar)))
            manifest, raw = msgspec.json.decode(instance.raw), encode(config)
            manifest["config"] |= {"digest": str(Digest.of(raw)), "size": len(raw)}
            return super().stripped(msgspec.structs.replace(instance, raw=encode(manifest), config=raw))

    return Toolkit(copier=type("PadsDiffIDs", (Copier,), {"converter": Pads}))


@mutant("SENT-STRIP-021")
def takes_the_sentinel_entry_alone() -> Toolkit:
    class Takes(Copier):
        def part(self, plan: Plan, platform: Platform) -> Plan:
            part = super().part(plan, platform)
            index = msgspec.json.decode(part.root.raw)
            alone = [each for each in index["manifests"] if SENTINEL_ANNOTATION in each.get("annotations", {})]
            return Plan(part.steps, ManifestStep(encode({**index, "manifests": alone}), part.root.media_type, "index"))

    return Toolkit(copier=Takes)


@mutant("SENT-STRIP-024")
def drops_annotations_of_layers() -> Toolkit:
    class Drops(Converter):
        def kept_annotations(self, layer: Descriptor) -> dict[str, str]:
            return {}

    return Toolkit(copier=type("DropsAnnotations", (Copier,), {"converter": Drops}))


@mutant("SENT-PULL-025")
def refuses_to_copy_sentinel_manifests() -> Toolkit:
    class Refuses(Editor):
        def copy(self, destination: Destination, options: CopierOptions) -> Digest:
            changed = options.compression or options.preserve_digests or options.to_docker
            if isinstance(destination, RegistryDestination) and not changed and has_sentinel(self.source()):
                raise RefusalError("a layer of a media type that is not known")
            return super().copy(destination, options)

    return Toolkit(copier=Refuses)


@mutant("SENT-STRIP-014")
def builds_on_a_sentinel_variant_as_it_is() -> Toolkit:
    """Like builders that do not know sentinels: the layers of the base are kept, and one of gzip is added."""

    class Keeps(Builder):
        def base(self, instance: Instance, converter: Converter) -> Instance:
            return instance

    return Toolkit(builder=Keeps)


@mutant("SENT-STRIP-028")
def builds_on_the_sentinel_variant_of_a_pair() -> Toolkit:
    """Like buildah at PR 681: it selects the sentinel variant, and then cannot change its manifest."""

    class Selects(Builder):
        def is_base(self, entry: Descriptor) -> bool:
            return is_annotated_sentinel(entry)

        def base(self, instance: Instance, converter: Converter) -> Instance:
            if instance.sentinel:
                raise RefusalError("a layer of a media type that cannot be compressed")
            return instance

    return Toolkit(builder=Selects)


@mutant("SENT-STRIP-020", implies=("SENT-PUSH-001", "SENT-STRIP-008", "SENT-STRIP-015"))
def leaves_the_sentinel_blob_behind() -> Toolkit:
    """Like an export from a storage without sentinel blobs."""

    class Leaves(Editor):
        def copy_plan(self) -> Plan:
            plan, source = super().copy_plan(), self.source()
            if not has_sentinel(source):
                return plan
            left = source["layers"][0]["digest"]
            kept = (step for step in plan.steps if not (isinstance(step, BlobStep) and step.blob.digest == left))
            return Plan(tuple(kept), plan.root)

    return Toolkit(copier=Leaves)


@mutant("SENT-PULL-026", implies=("SENT-STRIP-008", "SENT-STRIP-015"))
def exports_layers_that_do_not_have_their_diff_ids() -> Toolkit:
    """Like an export that writes layers again and uses the DiffIDs of the config."""

    class Exports(Editor):
        def plan(self, options: CopierOptions) -> Plan:
            plan, source = Copier.plan(self, options), self.source()
            changed = options.compression or options.preserve_digests or options.to_docker
            if changed or not has_sentinel(source):
                return plan
            manifest = msgspec.json.decode(plan.root.raw)
            manifest["layers"][-1] = manifest["layers"][1]  # the lowest data layer again
            return Plan(plan.steps, ManifestStep(encode(manifest), plan.root.media_type))

    return Toolkit(copier=Exports)
