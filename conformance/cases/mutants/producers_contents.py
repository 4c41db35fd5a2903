"""Producers of images with other contents than those given: every document agrees with what was written."""

import io
import tarfile
from collections.abc import Callable
from typing import Final

import msgspec

from conformance.cases.mutants.producer_parts import rewriting
from conformance.format.document import decode_object, encode
from conformance.format.names import INDEX_TYPE, SENTINEL_ANNOTATION
from conformance.reference.producer import Producer, ProducerOptions
from conformance.reference.reshape import Member, Reshaper
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import ManifestStep, Plan
from conformance.requirements import mutant

Change = Callable[[tarfile.TarInfo, bytes], bytes | None]
_HOLE: Final = bytes(60_000)


def _producer(**parts: type) -> Toolkit:
    return Toolkit(producer=type("OtherContents", (Producer,), parts))


def _writing(change: Change) -> Toolkit:
    """Writes each member with these contents; None leaves it out."""

    def changed(raw: bytes) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(raw)) as reader, tarfile.open(fileobj=out, mode="w") as writer:
            for member in reader:
                content = reader.extractfile(member) if member.isreg() else None
                new = change(member, content.read() if content else b"")
                if new is not None:
                    member.size = len(new)
                    writer.addfile(member, io.BytesIO(new))
        return out.getvalue()

    return _producer(converter=rewriting(changed))


@mutant("SENT-PUSH-026")
def leaves_out_whiteouts() -> Toolkit:
    return _writing(lambda member, content: None if "/.wh." in member.name else content)


@mutant("SENT-PUSH-026")
def leaves_out_holes() -> Toolkit:
    return _writing(lambda _, content: content.replace(_HOLE, b""))


@mutant("SENT-PUSH-026")
def pushes_one_platform_of_a_list() -> Toolkit:
    class First(Reshaper):
        def members(self, raw: bytes) -> list[Member]:
            return [member for member in super().members(raw) if member.platform.architecture == "amd64"]

    return _producer(reshaper=First)


@mutant("SENT-PUSH-026")
def pushes_one_image_for_every_platform() -> Toolkit:
    class Same(Reshaper):
        def members(self, raw: bytes) -> list[Member]:
            found = super().members(raw)
            first = found[0]
            own = {"digest": first.entry.digest, "size": first.entry.size}
            return [
                msgspec.structs.replace(each, fields={**each.fields, **own}, raw=first.raw, instance=first.instance)
                for each in found
            ]

    return _producer(reshaper=Same)


@mutant("SENT-PUSH-026")
def pushes_the_sentinel_entry_of_a_pair_alone() -> Toolkit:
    class Alone(Reshaper):
        def index(self, raw: bytes, compression: str, *, variants: bool) -> Plan:
            plan = super().index(raw, compression, variants=variants)
            if SENTINEL_ANNOTATION.encode() not in raw:
                return plan
            fields = decode_object(plan.root.raw, what="index")
            alone = [each for each in fields["manifests"] if SENTINEL_ANNOTATION in each.get("annotations", {})]
            return Plan(plan.steps, ManifestStep(encode({**fields, "manifests": alone}), INDEX_TYPE, "index"))

    return _producer(reshaper=Alone)


@mutant("SENT-PUSH-026")
def pushes_documents_only_where_digests_are_preserved() -> Toolkit:
    class Documents(Producer):
        def plan(self, options: ProducerOptions) -> Plan:
            plan = super().plan(options)
            return Plan((), plan.root) if options.preserve_digests else plan

    return Toolkit(producer=Documents)
