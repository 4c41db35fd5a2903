"""Aware consumers with one defect each, in reading layers and in trusting the registry."""

# ruff: noqa: ARG002 - a defect inspects less than the step it replaces

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from conformance.cases.mutants.client_parts import SkipsDigests, consumer
from conformance.format.decompress import iterate
from conformance.format.digest import Digest
from conformance.format.entries import clean_name
from conformance.format.errors import FormatError
from conformance.format.footer import Footer
from conformance.format.frames import map_frames
from conformance.format.names import CHUNKED_PREFIX, LEGACY_PREFIX
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations, Position, Positions
from conformance.format.tarsplit import parse
from conformance.format.toc import Entry, Toc
from conformance.reference.agreement import disagreement
from conformance.reference.consumer import Consumer, PulledLayer
from conformance.reference.contents import ContentFetcher
from conformance.reference.plan import Chunk, Item, Planner
from conformance.reference.ranges import BlobRanges, Span
from conformance.reference.store import Writing
from conformance.reference.toc_loader import LoadedToc, TocLoader
from conformance.reference.toolkit import Toolkit
from conformance.reference.tree import Parts, TreeBuilder
from conformance.registry.client.client import RegistryClient, Response, TransportError
from conformance.registry.client.ranges import Part
from conformance.requirements import mutant


@mutant("LAYER-008")
def stops_at_the_first_frame() -> Toolkit:
    class First(ContentFetcher):
        def decompress(self, compressed: bytes, size: int) -> Iterator[bytes]:
            return super().decompress(compressed[: map_frames(compressed).frames[0].end], size)

    return consumer(contents=First)


@mutant("ANNOT-020")
def reads_positions_loosely() -> Toolkit:
    """Like readers that parse numbers by a library, which accepts a sign."""

    class Loose(TocLoader):
        def positions(self, annotations: ChunkedAnnotations) -> Positions:
            unsigned = (annotations.manifest_position or "").replace("+", "") or None
            return super().positions(msgspec.structs.replace(annotations, manifest_position=unsigned))

    return consumer(toc_loader=Loose)


@mutant("ANNOT-021")
def ignores_text_behind_a_position() -> Toolkit:
    class Ignores(TocLoader):
        def positions(self, annotations: ChunkedAnnotations) -> Positions:
            cut = re.sub(r"[a-z]+$", "", annotations.manifest_position or "") or None
            return super().positions(msgspec.structs.replace(annotations, manifest_position=cut))

    return consumer(toc_loader=Ignores)


@mutant("ANNOT-009")
def honours_legacy_keys() -> Toolkit:
    class Honours(Consumer):
        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            old = ChunkedAnnotations.of(layer.annotations)
            if old.is_legacy:
                keys = {key.replace(LEGACY_PREFIX, CHUNKED_PREFIX): text for key, text in old.legacy.items()}
                layer = msgspec.structs.replace(layer, annotations=keys)
            return super().layer(layer, diff_id, sentinel)

    return consumer(Honours)


@mutant("FOOTER-007")
def believes_the_footer() -> Toolkit:
    class Believes(TocLoader):
        disagrees = False

        def load(self, layer: Descriptor, ranges: BlobRanges) -> LoadedToc:
            self.footer = self.positions(ChunkedAnnotations.of(layer.annotations))
            span = Span(max(layer.size - 64, 0), layer.size)
            try:
                said = Footer.parse(ranges.fetch([span], merge=False)[span]).positions
            except FormatError:
                return super().load(layer, ranges)
            self.disagrees = self.footer.toc.end < said.toc.offset and said.toc.end <= layer.size
            self.footer = said if self.disagrees else self.footer
            return super().load(layer, ranges)

        def positions(self, annotations: ChunkedAnnotations) -> Positions:
            return self.footer if self.disagrees else super().positions(annotations)

        def check_toc_digest(self, payload: bytes, digest: Digest) -> None:
            if not self.disagrees:
                super().check_toc_digest(payload, digest)

    return consumer(toc_loader=Believes)


@mutant("TOC-013")
def follows_names_outside() -> Toolkit:
    class Plans(Planner):
        def check_names(self, entry: Entry) -> None:
            pass

    class Climbs(TreeBuilder):
        def parts(self, name: str) -> Parts:
            return tuple(part for part in name.encode().split(b"/") if part)

        def resolve(self, parts: Parts, *, create: bool = True) -> Parts | None:
            return parts

    return consumer(planner=Plans, tree=Climbs)


@mutant("TOC-014")
def integers_wrap() -> Toolkit:
    class Wraps(TocLoader):
        def decode(self, payload: bytes, declared: int) -> Toc:
            document = b"".join(iterate(payload, limit=declared))
            wrapped = re.sub(rb":(\d{19,40})\b", lambda number: b":%d" % (int(number[1]) % 2**64), document)
            return msgspec.json.decode(wrapped, type=Toc) if wrapped != document else super().decode(payload, declared)

    return consumer(toc_loader=Wraps)


@mutant("TOC-014")
def breaks_on_deep_nesting() -> Toolkit:
    class Breaks(TocLoader):
        def decode(self, payload: bytes, declared: int) -> Toc:
            document = b"".join(iterate(payload, limit=declared))
            if document.count(b"[") > 1000:
                json.loads(document)  # RecursionError
            return super().decode(payload, declared)

    return consumer(toc_loader=Breaks)


@mutant("TOC-017")
def takes_any_version() -> Toolkit:
    class Takes(TocLoader):
        def check_version(self, toc: Toc) -> None:
            pass

    return consumer(toc_loader=Takes)


@mutant("CHUNK-006")
def believes_files_with_holes() -> Toolkit:
    class Believes(ContentFetcher):
        def verify_file(self, item: Item, writing: Writing) -> None:
            if not any(chunk.zeros for chunk in item.chunks):
                super().verify_file(item, writing)

    return consumer(contents=Believes)


class _Agrees(TocLoader):
    """Ignores some differences between TOC and tar-split."""

    def overlooks(self, problem: str) -> bool:
        raise NotImplementedError

    def check_agreement(self, loaded: LoadedToc) -> None:
        problem = disagreement(loaded.toc, loaded.records())
        if problem is not None and not self.overlooks(problem):
            raise FormatError(f"TOC and tar-split disagree: {problem}")


@mutant("TARSPLIT-006")
def compares_names_only() -> Toolkit:
    class Names(_Agrees):
        def overlooks(self, problem: str) -> bool:
            return "in the TOC and" in problem

    return consumer(toc_loader=Names)


@mutant("TARSPLIT-008")
def takes_the_last_of_two_names() -> Toolkit:
    class Last(_Agrees):
        def overlooks(self, problem: str) -> bool:
            return problem.endswith("occurs twice in the TOC")

    class Replaces(TreeBuilder):
        def apply(self, items: Sequence[Item]) -> None:
            super().apply(list({clean_name(item.entry.name.encode()): item for item in items}.values()))

    return consumer(toc_loader=Last, tree=Replaces)


@mutant("TARSPLIT-009")
def tar_splits_may_be_of_any_size() -> Toolkit:
    class Unbounded(TocLoader):
        def check_bounds(self, positions: Positions, layer: Descriptor) -> Position:
            if positions.tar_split is None:
                return super().check_bounds(positions, layer)
            bounded = msgspec.structs.replace(positions.tar_split, uncompressed=1)
            super().check_bounds(msgspec.structs.replace(positions, tar_split=bounded), layer)
            return positions.tar_split

    return consumer(toc_loader=Unbounded)


@mutant("TARSPLIT-010")
def skips_unknown_records() -> Toolkit:
    class Skips(TocLoader):
        def check_agreement(self, loaded: LoadedToc) -> None:
            document = b"".join(iterate(loaded.tar_split, limit=loaded.tar_split_size))
            lines = document.splitlines(keepends=True)
            known = b"".join(line for line in lines if json.loads(line).get("type") in (1, 2))
            problem = disagreement(loaded.toc, parse(known))
            if problem is not None:
                raise FormatError(f"TOC and tar-split disagree: {problem}")

    return consumer(toc_loader=Skips)


@mutant("SEC-003")
def expects_as_many_parts_as_asked() -> Toolkit:
    class Expects(BlobRanges):
        def check_parts(self, response: Response) -> list[Part]:
            parts = super().check_parts(response)
            assert len(parts) == self.asked
            return parts

        def ask(self, batch: Sequence[Span]) -> Response:
            self.asked = len(batch)
            return super().ask(batch)

    return Toolkit(ranges=Expects)


class _Places(BlobRanges):
    """Uses the parts as those that were requested, in order, whatever their Content-Range."""

    batch: Sequence[Span] = ()

    def ask(self, batch: Sequence[Span]) -> Response:
        self.batch = batch
        return super().ask(batch)

    def check_parts(self, response: Response) -> list[Part]:
        parts = super().check_parts(response)
        return [
            Part(span.start, span.start + len(part.content) - 1, part.total, part.content)
            for span, part in zip(self.batch, parts, strict=False)
        ]


@mutant(
    "SEC-003",
    implies=(
        "SENT-PULL-009",
        "CHUNK-006",
        "SEC-005",
        "SENT-PULL-024",
    ),
)
def ignores_content_range() -> Toolkit:
    """It also does not verify the digests of contents, which would detect the error."""
    return msgspec.structs.replace(consumer(contents=SkipsDigests), ranges=_Places)


@mutant("SEC-004", implies=("TOC-014", "TARSPLIT-009"))
def breaks_on_bombs() -> Toolkit:
    class Breaks(Consumer):
        def by_toc(self, *arguments: Any) -> PulledLayer | None:
            try:
                return super().by_toc(*arguments)
            except FormatError as error:
                if "decompresses to more than" in str(error):
                    raise MemoryError from None
                raise

    return consumer(Breaks)


@mutant("SEC-004", implies=("TOC-014",))
def expands_bombs_in_memory() -> Toolkit:
    """Only the memory of its process shows this: it refuses the expanded bomb."""

    class Expands(Consumer):
        class toc_loader(TocLoader):  # noqa: N801 (the name of the step)
            def decode(self, payload: bytes, declared: int) -> Toc:
                pieces = list(iterate(payload, limit=2**32))
                if sum(map(len, pieces)) != declared:
                    raise FormatError("the TOC does not have the size that its position states")
                return super().decode(payload, declared)

    return consumer(Expands)


@mutant("SEC-005", implies=("SENT-PULL-009",))
def believes_all_but_the_first_content() -> Toolkit:
    class Believes(ContentFetcher):
        first: Item | None = None

        def verify_chunk(self, item: Item, chunk: Chunk, found: str) -> None:
            self.first = self.first or item
            if item is self.first:
                super().verify_chunk(item, chunk, found)

        def verify_file(self, item: Item, writing: Writing) -> None:
            if item is self.first:
                super().verify_file(item, writing)

    return consumer(contents=Believes)


class LeakyClient(RegistryClient):
    """Sends the credentials to every redirect target."""

    def _redirected(self, *arguments: Any) -> Response:
        *rest, login = arguments
        method, url, headers, body, limit, follow = rest
        sent = {**headers, "Authorization": login} if login else headers
        return super()._redirected(method, url, sent, body, limit, follow, login)


@mutant("SEC-006")
def sends_credentials_on_redirect() -> Toolkit:
    return Toolkit(client=LeakyClient)


@mutant("SEC-007", implies=("SEC-003",))
def breaks_when_interrupted() -> Toolkit:
    class Breaks(RegistryClient):
        def get_blob(self, *arguments: Any, **more: Any) -> Response:
            try:
                return super().get_blob(*arguments, **more)
            except TransportError as error:
                raise RuntimeError("unreachable") from error

    return Toolkit(client=Breaks)


SHOWN_BY_MEMORY: Final = (expands_bombs_in_memory,)
"""Their defect shows in the memory of a process: the kill matrix runs them as programs, for their own requirements."""
