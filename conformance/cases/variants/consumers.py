"""Conforming consumers: the reference with another choice, each a ``Toolkit``.

Those in ``BY_TOC`` and ``BY_TAR`` know no sentinels and pull plain images by TOC, or as tar.
"""

# ruff: noqa: ARG002 - a choice may inspect less than the step it replaces

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor, Index, Manifest
from conformance.format.positions import ChunkedAnnotations, Positions
from conformance.format.selection import Policy, is_annotated_sentinel, select
from conformance.format.toc import Toc
from conformance.reference.consumer import Consumer, Pulled, PulledLayer
from conformance.reference.errors import NoRangesError, RefusalError
from conformance.reference.ranges import BlobRanges, Span
from conformance.reference.toc_loader import TocLoader
from conformance.reference.toolkit import Toolkit
from conformance.reference.unaware import TarConsumer, TocConsumer
from conformance.registry.client.client import RegistryClient, Response
from conformance.requirements import variant


def _consumer(base: type[Consumer], **steps: object) -> Toolkit:
    return Toolkit(consumer=type("Variant", (base,), steps), name="variant")


@variant(
    "SENT-PULL-004",
    "SENT-PULL-005",
    "SENT-PULL-006",
    "SENT-PULL-030",
    "SENT-SELECT-008",
    warns=("SENT-PULL-014",),
)
def fetches_blobs_whole_and_reads_them_by_toc() -> Toolkit:
    """The bytes may come by one request: what counts is that the TOC is read (docs/format.md section 4)."""

    class Whole(BlobRanges):
        def ask(self, batch: Sequence[Span]) -> Response:
            return self._client.get_blob(self._repository, self.blob.digest, max_bytes=self.blob.size)

    return Toolkit(ranges=Whole, name="variant")


@variant("SENT-PULL-014", "SEC-003")
def asks_for_one_range_at_a_time() -> Toolkit:
    """No source requires several ranges in one request (RFC 9110 section 14.2)."""

    class OneByOne(BlobRanges):
        def _batch(self, wanted: Sequence[Span]) -> list[Span]:
            return list(wanted[:1])

    return Toolkit(ranges=OneByOne, name="variant")


@variant("SENT-PULL-004", "SENT-PULL-018", "SENT-PULL-021")
def computes_the_full_digest_of_sentinel_images_too() -> Toolkit:
    """The sentinel makes the full digest needless and does not forbid it (docs/format.md section 4)."""

    class Verifies(Consumer):
        def trusts_toc(self, sentinel: bool) -> bool:
            return False

    return _consumer(Verifies)


@variant("SEC-007")
def gives_up_on_the_first_error() -> Toolkit:
    """A pull may end with an error instead of trying again (docs/format.md section 15)."""

    class Once(RegistryClient):
        def __init__(self, *arguments: object, **more: object) -> None:
            super().__init__(*arguments, **{**more, "retries": 0})  # type: ignore[arg-type]

    return Toolkit(client=Once, name="variant")


@variant(warns=("SENT-PULL-003",))
def fetches_the_sentinel_blob() -> Toolkit:
    """A mirror or a cache fetches every blob; 512 bytes do no harm (SENT-PULL-003 is a SHOULD)."""

    class Fetches(Consumer):
        def check(self, manifest: Manifest, config: object, sentinel: bool) -> None:
            super().check(manifest, config, sentinel)  # type: ignore[arg-type]
            if sentinel:
                self._source.blob(manifest.layers[0], 4096)

    return _consumer(Fetches)


@variant("SENT-SELECT-001", "SENT-SELECT-003", "SENT-SELECT-004")
def reads_every_manifest_of_the_index_first() -> Toolkit:
    """A client may compare the entries' manifests before it takes one (OCI image-spec image-index.md)."""

    class Compares(Consumer):
        def select(self, index: Index) -> Descriptor:
            for entry in reversed(index.manifests):
                self._source.manifest(entry, MAX_DOCUMENT)
            return super().select(index)

    return _consumer(Compares)


@variant("SENT-PULL-017", "SENT-PULL-021")
def ids_by_manifest() -> Toolkit:
    """Local ids are the client's own: the digest of the manifest will do (docs/format.md section 18)."""

    class ByManifest(Consumer):
        def unpack(self, output: Path) -> Pulled:
            pulled = super().unpack(output)
            return msgspec.structs.replace(pulled, image_id=pulled.manifest, layer_ids=())

    return _consumer(ByManifest)


@variant(warns=("SENT-SELECT-009",))
def takes_an_entry_without_platform_for_any() -> Toolkit:
    """``platform`` is OPTIONAL in an index (OCI image-spec image-index.md); how to rank its absence is left open."""

    class Any(Consumer):
        def select(self, index: Index) -> Descriptor:
            without = [entry for entry in index.manifests if entry.platform is None and is_annotated_sentinel(entry)]
            return without[0] if without and self._open_ranges is not None else super().select(index)

    return _consumer(Any)


@variant(warns=("SENT-SELECT-010",))
def prefers_gzip_to_every_zstd() -> Toolkit:
    """Configured to prefer gzip it selects the plain variant where there is none (SENT-SELECT-010 is a MAY)."""

    class Plain(Consumer):
        def select(self, index: Index) -> Descriptor:
            if not self._options.prefer_gzip:
                return super().select(index)
            position = select(index, Policy.ZSTD, self._options.platform, prefer_gzip=True)
            return super().select(index) if position is None else index.manifests[position]

    return _consumer(Plain)


@variant("ANNOT-020", warns=("ANNOT-021",))
def ignores_text_behind_a_position() -> Toolkit:
    """As Go's Sscanf does in containers/storage (storage/pkg/chunked/compression_linux.go)."""

    class Ignores(TocLoader):
        def positions(self, annotations: ChunkedAnnotations) -> Positions:
            cut = re.sub(r"[a-z]+$", "", annotations.manifest_position or "") or None
            return super().positions(msgspec.structs.replace(annotations, manifest_position=cut))

    return _consumer(Consumer, toc_loader=Ignores)


@variant(warns=("TOC-017",))
def reads_a_toc_of_version_0() -> Toolkit:
    """The client of the pull request does not inspect the version (storage/pkg/chunked/toc)."""

    class Takes(TocLoader):
        def check_version(self, toc: Toc) -> None:
            pass

    return _consumer(Consumer, toc_loader=Takes)


@variant("SENT-SELECT-001", "SENT-SELECT-004", "SENT-PULL-003", "SENT-PULL-014")
def asks_by_head_first() -> Toolkit:
    """HEAD of each manifest before GET (OCI distribution-spec, "Checking if content exists in the registry")."""

    class Heads(RegistryClient):
        def get_manifest_raw(self, repository: str, reference: str, *, accept: Sequence[str] | None = None) -> Response:
            self.head_manifest(repository, reference, accept=accept or ())
            return super().get_manifest_raw(repository, reference, accept=accept)

    return Toolkit(client=Heads, name="variant")


def falls_back_to_the_whole_blob() -> Toolkit:
    """A plain image may be downloaded whole when its TOC cannot be used: its digest is verified (c/image does so)."""

    class FallsBack(TocConsumer):
        def by_toc(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer | None:
            try:
                return super().by_toc(layer, diff_id, sentinel)
            except (RefusalError, FormatError, NoRangesError):
                return None

    return _consumer(FallsBack)


def refuses_an_index_with_two_entries_of_a_platform() -> Toolkit:
    """umoci calls such a tag ambiguous; "the first matching entry SHOULD be used" (OCI image-spec image-index.md)."""

    class Refuses(TarConsumer):
        def select(self, index: Index) -> Descriptor:
            if len({str(entry.platform) for entry in index.manifests}) < len(index.manifests):
                raise RefusalError("the tag is ambiguous: two entries of one platform")
            return super().select(index)

    return _consumer(Refuses)


variant("ANNOT-020", "TOC-014", "TARSPLIT-006", "SENT-PULL-008", "SENT-PULL-009")(falls_back_to_the_whole_blob)
variant(warns=("SENT-SELECT-002",))(refuses_an_index_with_two_entries_of_a_platform)
BY_TOC: Final[tuple[Callable[[], Toolkit], ...]] = (falls_back_to_the_whole_blob,)
BY_TAR: Final[tuple[Callable[[], Toolkit], ...]] = (refuses_an_index_with_two_entries_of_a_platform,)
