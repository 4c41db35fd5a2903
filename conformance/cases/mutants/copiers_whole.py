"""Copiers that leave something out of a copy, with one defect each: the reference with a step replaced."""

from collections.abc import Callable

import msgspec

from conformance.cases.mutants.copier_parts import Editor, Json, has_sentinel
from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.media_types import GZIP
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE, SENTINEL_ANNOTATION
from conformance.format.oci import Descriptor, Platform
from conformance.reference.convert import Converter, Instance
from conformance.reference.copier import Copier, CopierOptions
from conformance.reference.reshape import Member, Reshaper
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import BlobStep, Destination, LayoutDestination, ManifestStep, Plan, instance_steps
from conformance.requirements import mutant


def _without_layers(plan: Plan) -> Plan:
    """The plan without the data layers, which are then named and not there."""
    kept = (step for step in plan.steps if not (isinstance(step, BlobStep) and step.blob.media_type.endswith("zstd")))
    return Plan(tuple(kept), plan.root)


def _with_entries(plan: Plan, choose: Callable[[list[Json]], list[Json]]) -> Plan:
    """The plan with other entries in its index."""
    fields = decode_object(plan.root.raw, what="index")
    raw = encode({**fields, "manifests": choose(fields["manifests"])})
    return Plan(plan.steps, ManifestStep(raw, INDEX_TYPE, "index"))


@mutant("SENT-STRIP-015")
def writes_layouts_without_layers() -> Toolkit:
    """As a mirror that expects the layers in a store of blobs of its own."""

    class Leaves(Copier):
        def copy(self, destination: Destination, options: CopierOptions) -> Digest:
            if not isinstance(destination, LayoutDestination):
                return super().copy(destination, options)
            plan = _without_layers(self.plan(options))
            self.transfer().send(plan, destination)
            return plan.digest

    return Toolkit(copier=Leaves)


@mutant("SENT-STRIP-015")
def copies_documents_only_where_digests_are_preserved() -> Toolkit:
    class Leaves(Copier):
        def plan(self, options: CopierOptions) -> Plan:
            plan = super().plan(options)
            return _without_layers(plan) if options.preserve_digests and not options.compression else plan

    return Toolkit(copier=Leaves)


@mutant("SENT-STRIP-011", implies=("SENT-STRIP-021",))
def drops_every_entry_of_a_pair() -> Toolkit:
    """It drops what has a sentinel, and the plain entry of the same platform with it."""

    class Drops(Copier):
        def plan(self, options: CopierOptions) -> Plan:
            self.preserves = options.preserve_digests
            return super().plan(options)

        def copy_plan(self) -> Plan:
            plan = super().copy_plan()
            is_pair = SENTINEL_ANNOTATION.encode() in plan.root.raw
            return _with_entries(plan, lambda _: []) if is_pair and not self.preserves else plan

    class DropsOfPulls(Drops):
        preserves = False

    return Toolkit(copier=DropsOfPulls)


@mutant("SENT-STRIP-021")
def copies_a_part_without_its_layers() -> Toolkit:
    class Leaves(Copier):
        def part(self, plan: Plan, platform: Platform) -> Plan:
            return _without_layers(super().part(plan, platform))

    return Toolkit(copier=Leaves)


@mutant("SENT-STRIP-021")
def copies_the_sentinel_manifest_of_a_platform_alone() -> Toolkit:
    """As a client that selects one manifest of an index, and copies what it would pull."""

    class Selects(Copier):
        def part(self, plan: Plan, platform: Platform) -> Plan:
            part = super().part(plan, platform)
            entries = decode_object(part.root.raw, what="index")["manifests"]
            chosen = next(entry for entry in entries if SENTINEL_ANNOTATION in entry.get("annotations", {}))
            documents = {str(Digest.of(step.raw)): step for step in part.steps if isinstance(step, ManifestStep)}
            return Plan(part.steps, documents[chosen["digest"]])

    return Toolkit(copier=Selects)


@mutant("SENT-STRIP-021")
def copies_another_platform() -> Toolkit:
    class Other(Copier):
        def part(self, plan: Plan, platform: Platform) -> Plan:
            return super().part(plan, msgspec.structs.replace(platform, architecture="arm64"))

    return Toolkit(copier=Other)


@mutant("SENT-STRIP-004", implies=("SENT-STRIP-006",))
def strips_a_data_layer_too() -> Toolkit:
    """Where nothing is asked for: of a sentinel image the first two layers and DiffIDs go."""

    class Strips(Editor):
        def plan(self, options: CopierOptions) -> Plan:
            plan = Copier.plan(self, options)
            if options != CopierOptions() or self.pulls or not has_sentinel(self.source()):
                return plan
            converter = self.converter(self._source, self._store)
            new = converter.stripped(converter.read(plan.root.raw))
            manifest, config = (decode_object(raw, what="document") for raw in (new.raw, new.config))
            del manifest["layers"][0], config["rootfs"]["diff_ids"][0]
            raw = converter.add(encode(config))
            manifest["config"] |= {"digest": str(Digest.of(raw)), "size": len(raw)}
            steps = tuple(instance_steps(encode(manifest), MANIFEST_TYPE, converter.load))
            return Plan(steps[:-1], ManifestStep(encode(manifest), MANIFEST_TYPE))

        def copy(self, destination: Destination, options: CopierOptions) -> Digest:
            self.pulls = isinstance(destination, LayoutDestination)
            return super().copy(destination, options)

    return Toolkit(copier=Strips)


@mutant("SENT-STRIP-006")
def loses_a_layer_of_a_list() -> Toolkit:
    class Loses(Reshaper):
        def member(self, member: Member, compression: str) -> Member:
            new = super().member(member, compression)
            if compression != GZIP or new is member or new.instance is None:
                return new
            manifest = decode_object(new.raw, what="manifest")
            manifest["layers"][-1] = manifest["layers"][0]
            raw = encode(manifest)
            fields = {**new.fields, "digest": str(Digest.of(raw)), "size": len(raw)}
            return Member(fields, msgspec.convert(fields, Descriptor), raw, Instance(raw, new.instance.config))

    return Toolkit(copier=type("LosesLayer", (Copier,), {"reshaper": Loses}))


@mutant("SENT-STRIP-006")
def loses_a_layer_of_docker_images() -> Toolkit:
    class Loses(Converter):
        def docker(self, instance: Instance) -> bytes:
            manifest = decode_object(super().docker(instance), what="manifest")
            del manifest["layers"][0]
            return encode(manifest)

    return Toolkit(copier=type("LosesDockerLayer", (Copier,), {"converter": Loses}))
