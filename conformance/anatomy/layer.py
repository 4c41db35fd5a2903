"""One layer: footer, TOC, tar-split and frames, from as few bytes of the blob as possible."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from conformance.anatomy.frames import Places, around, expected_frames, view_frames
from conformance.anatomy.model import (
    EntryView,
    FooterView,
    FramesView,
    FrameView,
    LayerKind,
    LayerView,
    Listed,
    TarSplitView,
    TocView,
)
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.footer import Footer
from conformance.format.frames import SKIPPABLE_HEADER, FrameMap
from conformance.format.names import LAYER_GZIP_TYPE, LAYER_TAR_TYPE, LAYER_ZSTD_TYPE, WHITEOUT
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations, Positions
from conformance.format.sentinel import is_sentinel
from conformance.format.tarsplit import FileRecord
from conformance.format.toc import CHUNK_ZEROS, MAX_TOC, TYPES, Entry, Toc
from conformance.sources.source import ImageSource
from conformance.sources.table_budget import TableBudget
from conformance.sources.tables import MAX_TAR_SPLIT_DOCUMENT, Counted, FoundFooter, LayerTables, split_records

MAX_SHOWN_FRAMES: Final = 2**18
MAX_NAMED: Final = 2**18
"""Maximum entries of a TOC whose names are matched with frames."""
_OTHER_TYPE = "unknown"


def kind_of(layer: Descriptor) -> LayerKind:
    """The kind of the layer according to its descriptor."""
    if is_sentinel(layer):
        return "sentinel"
    annotations = ChunkedAnnotations.of(layer.annotations)
    if layer.media_type == LAYER_ZSTD_TYPE:
        if annotations.is_chunked:
            return "zstd:chunked"
        return "zstd:chunked (legacy keys)" if annotations.is_legacy else "zstd"
    kinds: dict[str, LayerKind] = {LAYER_GZIP_TYPE: "gzip", LAYER_TAR_TYPE: "tar"}
    docker = "application/vnd.docker.image.rootfs.diff.tar"
    kinds |= {f"{docker}.gzip": "gzip", docker: "tar", f"{docker}.zstd": "zstd"}
    return kinds.get(layer.media_type, "other")


class LayerReader:
    """Reads the parts of one zstd layer; an unreadable part becomes a remark.

    ``limit`` is the number of frames and entries to list; ``budget`` bounds the memory for the TOCs of the image.
    """

    def __init__(self, source: ImageSource, layer: Descriptor, limit: int, budget: TableBudget) -> None:
        self._layer, self._limit, self._budget = layer, limit, budget
        self._tables = LayerTables(source, layer)
        self._remarks: list[str] = []

    def view(self, base: LayerView, frames: Callable[[], FrameMap] | None) -> LayerView:
        """``base`` with the parts found in the blob; ``frames`` maps the whole blob, None: it is not read whole."""
        annotations = ChunkedAnnotations.of(self._layer.annotations)
        if annotations.is_legacy:
            annotations = annotations.legacy_view()
        declared = self._attempt("the annotations", annotations.positions) if annotations.is_chunked else None
        footer = self._footer(declared)
        places = declared or (footer.footer.positions if footer.footer else None)
        if places is not None:
            self._tables.fetch(places.toc, places.tar_split)
        toc_view, toc = self._toc(places, annotations.manifest_checksum)
        split = self._tar_split(places, toc)
        where = Places(
            places.toc.offset if places else None,
            places.tar_split.offset if places and places.tar_split else None,
            footer.offset + SKIPPABLE_HEADER if footer.footer else None,
        )
        shown = self._frames(frames, toc, where, split, toc_view, footer)
        return msgspec.structs.replace(
            base,
            footer=_footer_view(footer),
            toc=toc_view,
            tar_split=split,
            agreement=agreement(annotations.is_chunked, declared, footer.footer),
            frames=shown,
            remarks=(*base.remarks, *self._remarks),
        )

    def _attempt(self, what: str, step: Callable[[], "Positions"]) -> Positions | None:
        try:
            return step()
        except FormatError as error:
            self._remarks.append(f"{what}: {error}")
            return None

    def _footer(self, declared: Positions | None) -> FoundFooter:
        """The footer, fetched with the tables that the annotations name."""
        self._tables.fetch(*((declared.toc, declared.tar_split) if declared else ()))
        found = self._tables.footer()
        if found.problem:
            self._remarks.append(f"the footer: {found.problem}")
        return found

    def _toc(self, places: Positions | None, expected: str | None) -> tuple[TocView | None, Toc | None]:
        if places is None:
            return None, None
        at = places.toc
        view = TocView(at, "", expected or "")
        try:
            if max(at.compressed, at.uncompressed) > MAX_TOC:
                raise FormatError(f"it is declared larger than the {MAX_TOC} bytes that readers take")
            payload = self._tables.expect(at)
            view = TocView(at, str(Digest.of(payload)), expected or "")
            read = self._budget.read(payload, declared_size=at.uncompressed)
            for problem in read.keys:
                self._remarks.append(f"the TOC: {problem.kind} key {problem.key!r} at byte {problem.offset}")
        except FormatError as error:
            self._remarks.append(f"the TOC: {error}")
            return view, None
        return _summary(view, read.toc, self._limit), read.toc

    def _tar_split(self, places: Positions | None, toc: Toc | None) -> TarSplitView | None:
        at = places.tar_split if places else None
        if at is None:
            return None
        view = TarSplitView(at, "", toc.tar_split_digest if toc else "")
        try:
            if at.uncompressed > MAX_TAR_SPLIT_DOCUMENT:
                raise FormatError("it is declared larger than what is read here")
            payload = self._tables.expect(at)
            view = msgspec.structs.replace(view, digest=str(Digest.of(payload)))
            files = segments = raw_size = 0
            for record in split_records(payload, Counted(at.uncompressed)):
                if isinstance(record, FileRecord):
                    files += 1
                else:
                    segments += 1
                    raw_size += len(record.payload)
            return msgspec.structs.replace(view, segments=segments, files=files, raw_size=raw_size)
        except FormatError as error:
            self._remarks.append(f"the tar-split: {error}")
            return view

    def _frames(
        self,
        frames: Callable[[], FrameMap] | None,
        toc: Toc | None,
        places: Places,
        split: TarSplitView | None,
        toc_view: TocView | None,
        footer: FoundFooter,
    ) -> FramesView | None:
        if toc is not None and len(toc.entries) > MAX_NAMED:
            self._remarks.append(f"the frames: a TOC of {len(toc.entries)} entries is not compared with them")
            return None
        if frames is not None:
            try:
                return view_frames(frames(), toc, places, self._limit)
            except FormatError as error:
                self._remarks.append(f"the frames: {error}")
        if toc is None or toc_view is None:
            return None
        tail = [around("toc", toc_view.position.offset, toc_view.position.compressed)]
        if split is not None:
            tail.append(around("tar-split", split.position.offset, split.position.compressed))
        if footer.footer is not None:
            tail.append(FrameView("footer", footer.offset, self._layer.size))
        return expected_frames(toc, tail, self._limit)


def _footer_view(found: FoundFooter) -> FooterView | None:
    footer = found.footer
    return FooterView(footer.form, found.offset, footer.toc, footer.tar_split) if footer is not None else None


def agreement(annotated: bool, declared: Positions | None, footer: Footer | None) -> str:
    """A sentence on footer and annotations; ``declared`` is None without readable annotations."""
    if footer is None and declared is None:
        return ""
    if footer is None:
        return "the blob does not end with a footer; clients go by the annotations"
    if declared is None and annotated:
        return "the annotations cannot be read; this is by the footer"
    if declared is None:
        return "no annotation names the TOC that the footer names: clients treat this as a plain zstd layer"
    found = footer.positions
    if found == declared:
        return "footer and annotations agree"
    if found.toc == declared.toc and footer.is_legacy:
        return "footer and annotations agree on the TOC; this form of footer has no tar-split"
    differences = []
    if found.toc != declared.toc:
        differences.append(f"the TOC is at {found.toc} by the footer, at {declared.toc} by the annotations")
    if found.tar_split != declared.tar_split:
        pair = (found.tar_split or "nowhere", declared.tar_split or "nowhere")
        differences.append(f"the tar-split is at {pair[0]} by the footer, at {pair[1]} by the annotations")
    return "; ".join(differences) + ": clients go by the annotations"


def _with_chunks(toc: Toc) -> Iterator[tuple[Entry, int]]:
    """Each entry except chunks, with the number of its chunks."""
    owner: Entry | None = None
    count = 0
    for entry in toc.entries:
        if entry.is_chunk:
            count += 1
            continue
        if owner is not None:
            yield owner, count
        owner, count = entry, 1 if entry.digest else 0
    if owner is not None:
        yield owner, count


def _summary(view: TocView, toc: Toc, limit: int) -> TocView:
    types: Counter[str] = Counter()
    zeros_chunks = zeros_size = 0
    for entry in toc.entries:
        types[entry.type if entry.type in TYPES else _OTHER_TYPE] += 1
        if entry.chunk_type == CHUNK_ZEROS:
            zeros_chunks += 1
            zeros_size += entry.chunk_size
    entries = whiteouts = xattrs = split = chunks = size = 0
    for entry, count in _with_chunks(toc):
        entries += 1
        whiteouts += entry.name.rpartition("/")[2].startswith(WHITEOUT)
        xattrs += bool(entry.xattrs)
        split += count > 1
        chunks += count if count > 1 else 0
        size += entry.size if entry.type == "reg" else 0
    return msgspec.structs.replace(
        view,
        version=toc.version,
        types={kind: count for kind, count in types.most_common() if kind != "chunk"},
        whiteouts=whiteouts,
        with_xattrs=xattrs,
        split_files=split,
        chunks=chunks,
        zeros_chunks=zeros_chunks,
        zeros_size=zeros_size,
        content_size=size,
        tar_split_digest=toc.tar_split_digest,
        listed=Listed.of((_entry(entry, count) for entry, count in _with_chunks(toc)), entries, limit),
    )


def _entry(entry: Entry, chunks: int) -> EntryView:
    return EntryView(
        entry.type,
        entry.name,
        entry.link_name,
        entry.mode,
        entry.uid,
        entry.gid,
        entry.size,
        entry.offset,
        chunks,
    )
