"""The first request of a TOC pull: TOC and tar-split, each verified before it is read (docs/format.md 14.2)."""

from collections.abc import Iterator
from typing import Final

import msgspec

from conformance.format.decompress import iterate
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.frames import SKIPPABLE_HEADER
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations, Position, Positions
from conformance.format.tarsplit import Record, parse
from conformance.format.toc import MAX_TOC, Toc, decode_toc, decompress_toc
from conformance.format.toc_keys import key_problems
from conformance.reference.agreement import disagreement
from conformance.reference.errors import RefusalError
from conformance.reference.ranges import BlobRanges, Span

MAX_TAR_SPLIT: Final = 256 * 2**20
"""Maximum compressed bytes, which are held in memory (TARSPLIT-009)."""
MAX_TAR_SPLIT_DOCUMENT: Final = 2 * 2**30
"""Maximum decompressed bytes, which are read as a stream."""


class LoadedToc(msgspec.Struct, frozen=True):
    """A TOC and its compressed tar-split; ``data_end`` is the end of the data frames."""

    digest: Digest
    toc: Toc
    tar_split: bytes
    tar_split_size: int
    data_end: int

    def records(self) -> Iterator[Record]:
        """The lines of the tar-split."""
        return parse(iterate(self.tar_split, limit=self.tar_split_size, what="the tar-split"))


class TocLoader:
    """Loads the TOC of one layer; a defect may override any step."""

    def load(self, layer: Descriptor, ranges: BlobRanges) -> LoadedToc:
        """Fetch and verify. Raise FormatError or RefusalError for an invalid TOC or tar-split."""
        annotations = ChunkedAnnotations.of(layer.annotations)
        digest = self.toc_digest(annotations)
        positions = self.positions(annotations)
        split = self.check_bounds(positions, layer)
        toc_span, split_span = (Span(item.offset, item.end) for item in (positions.toc, split))
        got = ranges.fetch([toc_span, split_span], merge=False)
        self.check_toc_digest(got[toc_span], digest)
        toc = self.decode(got[toc_span], positions.toc.uncompressed)
        self.check_tar_split_digest(got[split_span], toc)
        data_end = min(positions.toc.offset, split.offset) - SKIPPABLE_HEADER
        loaded = LoadedToc(digest, toc, got[split_span], split.uncompressed, data_end)
        self.check_agreement(loaded)
        return loaded

    def toc_digest(self, annotations: ChunkedAnnotations) -> Digest:
        """The TOC digest in the manifest; a second, eStargz TOC is refused (SENT-PULL-016)."""
        return annotations.toc_digest()

    def positions(self, annotations: ChunkedAnnotations) -> Positions:
        """The positions by the strict grammar (ANNOT-020, ANNOT-021)."""
        return annotations.positions()

    def check_bounds(self, positions: Positions, layer: Descriptor) -> Position:
        """Require both positions within the blob and the limits; return the position of the tar-split."""
        toc, split = positions.toc, positions.tar_split
        if split is None:
            raise RefusalError(f"layer {layer.digest} has no tar-split")
        if max(toc.compressed, toc.uncompressed) > MAX_TOC:
            raise RefusalError(f"the TOC of layer {layer.digest} is larger than {MAX_TOC} bytes")
        if split.compressed > MAX_TAR_SPLIT or split.uncompressed > MAX_TAR_SPLIT_DOCUMENT:
            raise RefusalError(f"the tar-split of layer {layer.digest} is larger than this client reads")
        for name, item in (("TOC", toc), ("tar-split", split)):
            if item.offset < SKIPPABLE_HEADER or not item.compressed or item.end > layer.size:
                raise RefusalError(
                    f"the {name} of layer {layer.digest}, {item}, lies outside of its {layer.size} bytes"
                )
        return split

    def check_toc_digest(self, payload: bytes, digest: Digest) -> None:
        """Verify the TOC before decompression (SENT-PULL-008)."""
        if not digest.matches(payload):
            raise RefusalError(f"the TOC has the digest {Digest.of(payload)}; the manifest states {digest}")

    def decode(self, payload: bytes, declared: int) -> Toc:
        """Decompress within the declared size, and refuse keys that parsers read differently (TOC-002)."""
        document = decompress_toc(payload, declared_size=declared)
        toc = decode_toc(document)
        ambiguous = next((problem for problem in key_problems(document, toc) if problem.is_ambiguous), None)
        if ambiguous is not None:
            raise RefusalError(
                f"the TOC has an ambiguous key ({ambiguous.kind}) {ambiguous.key!r} at byte {ambiguous.offset}"
            )
        self.check_version(toc)
        return toc

    def check_version(self, toc: Toc) -> None:
        """Refuse versions other than 1 (TOC-017)."""
        if toc.version != 1:
            raise RefusalError(f"the TOC has the version {toc.version}; only version 1 is known")

    def check_tar_split_digest(self, payload: bytes, toc: Toc) -> None:
        """Verify the tar-split by its digest in the TOC (TARSPLIT-001)."""
        if not toc.tar_split_digest:
            raise RefusalError("the TOC does not name its tar-split")
        if not Digest.parse(toc.tar_split_digest).matches(payload):
            raise RefusalError(f"the tar-split does not have the digest {toc.tar_split_digest} that the TOC states")

    def check_agreement(self, loaded: LoadedToc) -> None:
        """Require the same entries in TOC and tar-split (TARSPLIT-006)."""
        problem = disagreement(loaded.toc, loaded.records())
        if problem is not None:
            raise FormatError(f"TOC and tar-split disagree: {problem}")
