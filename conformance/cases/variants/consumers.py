"""Conforming consumers: the reference with another choice, each a ``Toolkit``.

Those in ``BY_TOC`` and ``BY_TAR`` do not know sentinels and pull plain images by TOC, or as tar; those in
``FROM_LAYOUT`` are given an image in a layout.
"""

# ruff: noqa: ARG002 - a choice may inspect less than the step it replaces

import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor, Index, Manifest
from conformance.format.positions import ChunkedAnnotations, Positions
from conformance.format.selection import Policy, is_annotated_sentinel, select
from conformance.format.toc import Entry, Toc
from conformance.reference.consumer import Consumer, ConsumerOptions, OpenRanges, Pulled, PulledLayer
from conformance.reference.errors import NoRangesError, RefusalError
from conformance.reference.ranges import BlobRanges, Span
from conformance.reference.reading import content_of
from conformance.reference.store import ContentStore
from conformance.reference.toc_loader import TocLoader
from conformance.reference.toolkit import Toolkit
from conformance.reference.tree import Parts, TreeBuilder
from conformance.reference.unaware import TarConsumer, TocConsumer
from conformance.registry.client.client import RegistryClient, Response
from conformance.requirements import variant
from conformance.sources.layout import LayoutSource
from conformance.sources.source import ImageSource


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
    """One request may return all bytes: only the reading by TOC is required (docs/format.md section 4)."""

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
    """With a sentinel the full digest is not needed, but permitted (docs/format.md section 4)."""

    class Verifies(Consumer):
        def trusts_toc(self, sentinel: bool) -> bool:
            return False

    return _consumer(Verifies)


@variant("SEC-007")
def gives_up_on_the_first_error() -> Toolkit:
    """A pull may end with an error instead of a repeated request (docs/format.md section 15)."""

    class Once(RegistryClient):
        def __init__(self, *arguments: object, **more: object) -> None:
            super().__init__(*arguments, **{**more, "retries": 0})  # type: ignore[arg-type]

    return Toolkit(client=Once, name="variant")


@variant(warns=("SENT-PULL-003",))
def fetches_the_sentinel_blob() -> Toolkit:
    """Mirrors and caches fetch every blob; 512 bytes have no effect (SENT-PULL-003 is a SHOULD)."""

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
    """The client defines its local ids, here by the digest of the manifest (docs/format.md section 18)."""

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


@variant(warns=("SENT-PULL-029",))
def closes_directories_that_no_layer_lists() -> Toolkit:
    """By TOC they get mode 0700: image-spec v1.1.1 layer.md states no mode (SENT-PULL-029 is a SHOULD)."""

    class Closes(TreeBuilder):
        def resolve(self, parts: Parts, *, create: bool = True) -> Parts | None:
            missing = [parts[:end] for end in range(1, len(parts) + 1) if not os.path.lexists(self._path(parts[:end]))]
            found = super().resolve(parts, create=create)
            for made in missing if create else ():
                Path(os.fsdecode(self._path(made))).chmod(0o700)
            return found

    class ByToc(Consumer):
        def has_sentinel(self, manifest: Manifest) -> bool:
            sentinel = super().has_sentinel(manifest)
            self.tree = Closes if sentinel else TreeBuilder
            return sentinel

    return Toolkit(consumer=ByToc, name="variant")


@variant(warns=("SENT-PULL-028",))
def sets_no_times_of_symbolic_links() -> Toolkit:
    """Not every system can; the pull request's client does not when it pulls by TOC (SENT-PULL-028 is a SHOULD)."""

    class NoTimes(TreeBuilder):
        def set_times(self, entry: Entry, path: bytes, times: tuple[int, int]) -> None:
            if entry.type != "symlink":
                super().set_times(entry, path, times)

    class ByToc(Consumer):
        def has_sentinel(self, manifest: Manifest) -> bool:
            sentinel = super().has_sentinel(manifest)
            self.tree = NoTimes if sentinel else TreeBuilder
            return sentinel

    return Toolkit(consumer=ByToc, name="variant")


@variant("SENT-PULL-014", "SENT-PULL-004")
def asks_for_several_ranges_by_several_requests_at_once() -> Toolkit:
    """One range a request, several requests at the same time (RFC 9110 section 14.2: several ranges are an option)."""

    class AtOnce(BlobRanges):
        def fetch(self, spans: Sequence[Span], *, merge: bool = True) -> dict[Span, bytes]:
            with ThreadPoolExecutor(4) as pool:
                return {key: part for got in pool.map(self.fetch_one, spans) for key, part in got.items()}

        def fetch_one(self, span: Span) -> dict[Span, bytes]:
            return BlobRanges(self._client, self._repository, self.blob).fetch((span,))

    return Toolkit(ranges=AtOnce, name="variant")


@variant("SENT-PULL-014", "SENT-PULL-004")
def reads_the_end_of_a_blob_by_a_suffix_range() -> Toolkit:
    """TOC, tar-split and footer are at the end: one suffix range contains them all (RFC 9110 section 14.1.2)."""

    class Suffix(BlobRanges):
        def ask(self, batch: Sequence[Span]) -> Response:
            first = batch[0].start
            if len(batch) > 1 and batch[-1].end + 72 >= self.blob.size - 8:
                headers = {"Range": f"bytes=-{self.blob.size - first}"}
                path = f"/v2/{self._repository}/blobs/{self.blob.digest}"
                return self._client.request("GET", path, headers=headers, max_bytes=self.blob.size + 4096)
            return super().ask(batch)

    return Toolkit(ranges=Suffix, name="variant")


@variant("SENT-PULL-004", "SENT-PULL-005", "SENT-PULL-006", warns=("SENT-PULL-014",))
def fetches_blobs_whole_as_one_range() -> Toolkit:
    """``bytes=0-`` names all bytes (RFC 9110 section 14.1.2): a whole blob that is read by its TOC."""

    class Whole(BlobRanges):
        def ask(self, batch: Sequence[Span]) -> Response:
            path = f"/v2/{self._repository}/blobs/{self.blob.digest}"
            return self._client.request("GET", path, headers={"Range": "bytes=0-"}, max_bytes=self.blob.size)

    return Toolkit(ranges=Whole, name="variant")


@variant("SENT-PULL-030", "SENT-PULL-018", "SENT-SELECT-008")
def gives_up_where_ranges_are_refused() -> Toolkit:
    """A 416 response ends the pull with an error, as in containers/image: no source requires a second attempt."""

    class GivesUp(BlobRanges):
        def ask(self, batch: Sequence[Span]) -> Response:
            try:
                return super().ask(batch)
            except NoRangesError as error:
                raise RefusalError(f"{error}") from error

    return Toolkit(ranges=GivesUp, name="variant")


@variant("SENT-SELECT-001", "SENT-SELECT-004", "SENT-PULL-001")
def accepts_more_types_than_it_reads() -> Toolkit:
    """Accept lists of clients differ in types and order, and may end with ``*/*`` (RFC 9110 section 12.5.1)."""

    class Accepts(RegistryClient):
        def get_manifest_raw(self, repository: str, reference: str, *, accept: Sequence[str] | None = None) -> Response:
            listed = ("application/vnd.docker.distribution.manifest.v1+json", *reversed(accept or ()), "*/*")
            return super().get_manifest_raw(repository, reference, accept=listed)

    return Toolkit(client=Accepts, name="variant")


@variant("SENT-SELECT-001", "SENT-SELECT-003", "SENT-SELECT-004")
def reads_every_manifest_in_the_order_of_the_index() -> Toolkit:
    """As ``reads_every_manifest_of_the_index_first``, the sentinel manifest last (OCI image-spec image-index.md)."""

    class Compares(Consumer):
        def select(self, index: Index) -> Descriptor:
            for entry in index.manifests:
                self._source.manifest(entry, MAX_DOCUMENT)
            return super().select(index)

    return _consumer(Compares)


@variant("SENT-PULL-017", "SENT-PULL-021")
def tells_no_ids() -> Toolkit:
    """A tool need not have or print ids (no source requires it)."""

    class Silent(Consumer):
        def unpack(self, output: Path) -> Pulled:
            return msgspec.structs.replace(super().unpack(output), image_id="", layer_ids=())

    return _consumer(Silent)


def seeks_in_the_files_of_a_layout() -> Toolkit:
    """The blobs of a layout are files that allow seeking: they are read by TOC without HTTP byte ranges."""

    class OfFile(BlobRanges):
        def __init__(self, source: LayoutSource, blob: Descriptor) -> None:
            self._source, self.blob = source, blob

        def fetch(self, spans: Sequence[Span], *, merge: bool = True) -> dict[Span, bytes]:
            parts = {span: self._source.part(self.blob, span.start, span.size) for span in spans}
            return {span: content_of(part, f"blob {self.blob.digest}") for span, part in parts.items()}

    class Seeks(Consumer):
        def __init__(
            self, source: ImageSource, store: ContentStore, options: ConsumerOptions, open_ranges: OpenRanges | None
        ) -> None:
            if isinstance(source, LayoutSource):
                open_ranges = partial(OfFile, source)
            super().__init__(source, store, options, open_ranges)

    return _consumer(Seeks)


def falls_back_to_the_whole_blob() -> Toolkit:
    """A plain image may be downloaded whole when its TOC cannot be used: its digest is verified (c/image does so)."""

    class FallsBack(TocConsumer):
        def by_toc(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer | None:
            try:
                return super().by_toc(layer, diff_id, sentinel)
            except (RefusalError, FormatError, NoRangesError):
                return None

    return _consumer(FallsBack)


def takes_the_last_entry_that_fits() -> Toolkit:
    """ "The first matching entry SHOULD be used" (OCI image-spec image-index.md), and this client selects the last."""

    class Last(TarConsumer):
        def select(self, index: Index) -> Descriptor:
            return super().select(msgspec.structs.replace(index, manifests=index.manifests[::-1]))

    return _consumer(Last)


def refuses_an_index_with_two_entries_of_a_platform() -> Toolkit:
    """umoci calls such a tag ambiguous; "the first matching entry SHOULD be used" (OCI image-spec image-index.md)."""

    class Refuses(TarConsumer):
        def select(self, index: Index) -> Descriptor:
            if len({str(entry.platform) for entry in index.manifests}) < len(index.manifests):
                raise RefusalError("the tag is ambiguous: two entries of one platform")
            return super().select(index)

    return _consumer(Refuses)


variant("SENT-PULL-030", "SENT-PULL-004", "SENT-SELECT-008")(seeks_in_the_files_of_a_layout)
variant("ANNOT-020", "TOC-014", "TARSPLIT-006", "SENT-PULL-008", "SENT-PULL-009")(falls_back_to_the_whole_blob)
variant(warns=("SENT-SELECT-002",))(takes_the_last_entry_that_fits)
variant(warns=("SENT-SELECT-002",))(refuses_an_index_with_two_entries_of_a_platform)
FROM_LAYOUT: Final[tuple[Callable[[], Toolkit], ...]] = (seeks_in_the_files_of_a_layout,)
BY_TOC: Final[tuple[Callable[[], Toolkit], ...]] = (falls_back_to_the_whole_blob,)
BY_TAR: Final[tuple[Callable[[], Toolkit], ...]] = (
    takes_the_last_entry_that_fits,
    refuses_an_index_with_two_entries_of_a_platform,
)
