"""Plans the addition of sentinel variants to an existing image, and their removal; nothing is sent here.

Layers and plain manifests stay as they are, byte for byte (docs/format.md sections 16 and 19).
"""

from collections.abc import Mapping

import msgspec

from conformance.building.errors import BuildError
from conformance.format.document import decode_object
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE
from conformance.format.oci import is_index
from conformance.format.sentinel import canonical_sentinel
from conformance.format.variant import ineligibility, make_sentinel_variant, strip_index, wrap_single
from conformance.reference.compression import CHUNKED
from conformance.reference.convert import Converter, Instance
from conformance.reference.reading import content_of
from conformance.reference.reshape import Member, Reshaper
from conformance.reference.store import ContentStore
from conformance.reference.transfer import ManifestStep, Plan, instance_steps
from conformance.sources.source import ImageSource


class Change(msgspec.Struct, frozen=True):
    """A plan whose root replaces the one of the tag; ``made``: the new blobs, by digest.

    ``changed`` is False when the root is the same. ``left_out``: why an image gets no variant, one line each.
    """

    plan: Plan
    made: Mapping[str, bytes]
    changed: bool
    left_out: tuple[str, ...] = ()


def plan_addition(source: ImageSource, store: ContentStore) -> Change:
    """Plan a sentinel variant for every image that has none and may have one (SENT-PUSH-007).

    Raise BuildError where none can be created, RefusalError and FormatError for an image that cannot be read.
    """
    converter = _Keeping(source, store)
    adding = _Adding(source, converter)
    plan = adding.plan(CHUNKED, variants=True)
    changed = plan.root.raw != content_of(source.root(), source.reference)
    if not changed and adding.left_out and not adding.seen_variant:
        raise BuildError(f"{source.reference}: no sentinel variant can be created: {'; '.join(adding.left_out)}")
    return Change(plan, converter.made, changed, tuple(adding.left_out))


def plan_removal(source: ImageSource, store: ContentStore) -> Change:
    """Plan the same image without its sentinel variants.

    An index of only one plain manifest and its variant is removed as well: the tag then names the manifest. Raise
    BuildError where a platform would lose its only image.
    """
    converter = _Keeping(source, store)
    stored = source.root()
    raw = content_of(stored, source.reference)
    fields = decode_object(raw, what="the root document")
    if is_index(fields):
        plan = _without_variants(raw, Reshaper(source, converter), converter)
    else:
        instance = converter.read(raw)
        new = converter.stripped(instance) if instance.sentinel else instance
        media_type = str(fields.get("mediaType") or stored.media_type or MANIFEST_TYPE)
        steps = tuple(instance_steps(new.raw, media_type, converter.load))
        plan = Plan(steps[:-1], ManifestStep(new.raw, media_type))
    return Change(plan, converter.made, plan.root.raw != raw)


def _without_variants(raw: bytes, reshaper: Reshaper, converter: "_Keeping") -> Plan:
    members = reshaper.members(raw)
    kept = [member for member in members if not member.is_sentinel]
    for member in members:
        if member.is_sentinel and not reshaper.has_plain_variant(member, members):
            where = "/".join(filter(None, (member.platform.os, member.platform.architecture, member.platform.variant)))
            raise BuildError(f"the platform {where or '(none)'} has no plain variant: nothing of it would be left")
    steps = [step for member in kept for step in instance_steps(member.raw, member.entry.media_type, converter.load)]
    if len(kept) == 1 and (only := kept[0].instance) is not None and _is_wrapper(raw, only):
        return Plan(tuple(steps[:-1]), ManifestStep(only.raw, kept[0].entry.media_type))
    sentinels = [member.entry.digest for member in members if member.is_sentinel]
    return Plan(tuple(steps), ManifestStep(strip_index(raw, sentinels), INDEX_TYPE, "index"))


def _is_wrapper(index: bytes, plain: Instance) -> bool:
    """Whether ``plan_addition`` creates this index from that manifest alone."""
    if ineligibility(plain.raw) is not None:
        return False
    made = make_sentinel_variant(plain.raw, plain.config, canonical_sentinel())
    return index == wrap_single(plain.raw, plain.config, made)


class _Keeping(Converter):
    """Converts nothing, and stores created blobs."""

    def __init__(self, source: ImageSource, store: ContentStore) -> None:
        super().__init__(source, store)
        self.made: dict[str, bytes] = self._made

    def converted(self, instance: Instance, compression: str) -> Instance:  # noqa: ARG002 - the signature it replaces
        return instance


class _Adding(Reshaper):
    """Records which images get no variant, and why."""

    def __init__(self, source: ImageSource, converter: Converter) -> None:
        super().__init__(source, converter)
        self.left_out: list[str] = []
        self.seen_variant = False

    def is_eligible(self, raw: bytes) -> bool:
        reason = ineligibility(raw)
        if reason is not None:
            self.left_out.append(reason)
        return reason is None

    def members(self, raw: bytes) -> list[Member]:
        found = super().members(raw)
        self.seen_variant = any(member.is_sentinel for member in found)
        return found
