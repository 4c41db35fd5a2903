"""Reads the zstd:chunked layers of an image: their tables and footer, and on demand every byte. Judges nothing.

A conforming layer costs one request: TOC, tar-split and footer are its last frames and lie together.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from conformance.format.decompress import WindowError, iterate
from conformance.format.digest import Digest
from conformance.format.discrepancy import Kind
from conformance.format.errors import FormatError, LimitError
from conformance.format.footer import CURRENT_SIZE, FORM_OF_SIZE, Footer
from conformance.format.frames import SKIPPABLE_HEADER, SKIPPABLE_MAGIC
from conformance.format.header_agreement import compare_headers
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations, Position, TocPosition
from conformance.format.segment_rules import SegmentRules
from conformance.format.tarsplit import FileRecord, Record, parse
from conformance.format.toc import MAX_TOC, Toc, decompress_toc
from conformance.format.toc_lenient import MAX_LENIENT, first_difference, read_as_containers_storage
from conformance.format.toc_outline import outline
from conformance.observed.evidence import Evidence
from conformance.observed.image import ManifestSeen, Stored
from conformance.observed.layer import LayerSeen, LayersSeen, PayloadSeen, TarSplitSeen, TocSeen, WholeLayer
from conformance.sources.pipeline import read_whole
from conformance.sources.source import ImageSource, Place, most_of
from conformance.sources.table_budget import (
    MAX_TABLE_WINDOW,
    MAX_TABLES,
    MAX_TOC_ENTRIES,
    NoRoomError,
    ReadToc,
    TableBudget,
)
from conformance.sources.unpacking import Bounds, Progress

MAX_TAR_SPLIT: Final = 256 * 2**20
"""Bytes of a compressed tar-split; the format has no limit (docs/format.md section 13)."""
MAX_TAR_SPLIT_DOCUMENT: Final = 4 * 2**30
"""Bytes of a decompressed one; it is streamed."""
MAX_TAR: Final = 256 * 2**30
"""Limit in bytes of a layer's tar: a larger one is treated as a bomb."""
MAX_LAYERS: Final = 512
"""Layers of one image that are read; an image for twenty platforms has some hundreds."""
FOOTER_FRAME: Final = SKIPPABLE_HEADER + CURRENT_SIZE

P = TypeVar("P", bound=Position)
_SLACK: Final = 64 * 2**20
_SPLIT_KINDS: Final = (Kind.SPLIT_BYTES, Kind.SPLIT_RECORDS)


class LayerReading(msgspec.Struct, frozen=True):
    """How much of the layers is read: ``deep`` for every byte.

    ``expect`` is called before with the number of bytes, ``progress`` with the bytes read of each blob.
    """

    deep: bool = False
    progress: Progress | None = None
    expect: Progress | None = None

    def announce(self, layers: Iterable[Descriptor]) -> None:
        """These are the layers to come."""
        if self.deep and self.expect is not None:
            self.expect(sum(max(layer.size, 0) for layer in layers))


class WantedLayer(msgspec.Struct):
    """One layer to be read: its first ``name``, what the configs state about it, whether a data layer lies below it."""

    name: str
    descriptor: Descriptor
    diff_ids: list[str]
    has_lower: bool


def observe_layers(source: ImageSource, manifests: Sequence[ManifestSeen], reading: LayerReading) -> LayersSeen:
    """Each data layer that claims a TOC, once, however many manifests share it; at most MAX_LAYERS."""
    wanted, room = wanted_layers(manifests), TableBudget()
    reading.announce(layer.descriptor for layer in wanted[:MAX_LAYERS])
    layers = [_Layer(source, layer, reading, room).observe() for layer in wanted[:MAX_LAYERS]]
    if unread := wanted[MAX_LAYERS:]:
        layers.append(_unread(unread))
    return LayersSeen(tuple(layers), reading.deep)


def _unread(layers: Sequence[WantedLayer]) -> LayerSeen:
    """A placeholder for layers beyond the limit, which were not inspected."""
    problem = f"the image has {MAX_LAYERS + len(layers)} different layers; {MAX_LAYERS} were read"
    first = layers[0]
    return LayerSeen(
        f"{first.name} and {len(layers) - 1} more",
        first.descriptor,
        ChunkedAnnotations.of(first.descriptor.annotations),
        footer_problem=problem,
        toc=TocSeen(problem=problem, unreadable=True),
        split=TarSplitSeen(problem=problem, unreadable=True),
        whole_problem=problem,
    )


def observe_layer(source: ImageSource, wanted: WantedLayer, reading: LayerReading) -> LayerSeen:
    """One layer by itself, with the room for TOCs of a whole image."""
    return _Layer(source, wanted, reading, TableBudget()).observe()


def wanted_layers(manifests: Iterable[ManifestSeen]) -> Sequence[WantedLayer]:
    """The data layers that claim a TOC, each once."""
    found: dict[str, WantedLayer] = {}
    for manifest in manifests:
        if manifest.document is None:
            continue
        layers = manifest.document.view.layers
        diff_ids = manifest.config.view.rootfs.diff_ids if manifest.config else ()
        data = 0
        for position, layer in enumerate(layers):
            if layer.media_type == SENTINEL_TYPE:
                continue
            annotations = ChunkedAnnotations.of(layer.annotations)
            if annotations.claims_toc:
                name = f"{manifest.name}.layers[{position}]"
                wanted = found.setdefault(chunk_key(layer), WantedLayer(name, layer, [], data > 0))
                wanted.has_lower &= data > 0  # of several images the one without a lower layer is used
                if len(diff_ids) == len(layers) and diff_ids[position] not in wanted.diff_ids:
                    wanted.diff_ids.append(diff_ids[position])
            data += 1
    return tuple(found.values())


def chunk_key(layer: Descriptor) -> str:
    """The key by which two descriptors name the same layer."""
    return f"{layer.digest} {layer.size} {layer.media_type} {sorted((layer.annotations or {}).items())}"


class _Layer:
    """One layer while it is read."""

    def __init__(self, source: ImageSource, wanted: WantedLayer, reading: LayerReading, room: TableBudget) -> None:
        self._source, self._wanted, self._reading, self._room = source, wanted, reading, room
        self._layer = wanted.descriptor
        self._annotations = ChunkedAnnotations.of(self._layer.annotations)
        self._pieces: dict[int, memoryview] = {}
        self._skippable: dict[int, int] = {}
        self._evidence: dict[Evidence, None] = {}
        self._stored_size: int | None = None
        self._problem = ""
        self._notes: dict[str, None] = {}
        self._unread: tuple[int, ...] = ()
        self._counted = _Counted()

    def observe(self) -> LayerSeen:
        current = self._annotations.is_chunked
        toc_at = _position(self._annotations.manifest_position, TocPosition) if current else None
        split_at = _position(self._annotations.tar_split_position, Position) if current else None
        places = [self._framed(at, limit) for at, limit in ((toc_at, MAX_TOC), (split_at, MAX_TAR_SPLIT)) if at]
        self._fetch([*self._held([place for place in places if place]), *self._tail()])
        toc = self._toc(toc_at) if toc_at else TocSeen(problem=self._no_position())
        split, payload = self._split(split_at, toc) if split_at else (TarSplitSeen(), None)
        raw, footer, footer_problem = self._footer()
        whole, whole_problem = self._whole(toc.toc, payload) if self._reading.deep and current else (None, "")
        if payload is not None and toc.toc is not None:
            split = _with_agreement(split, toc.toc, payload, whole, self._counted)
        skippable = dict(self._skippable)
        if whole is not None:
            skippable |= {frame.payload_offset: frame.payload_size for frame in whole.frames.skippable}
        return LayerSeen(
            self._wanted.name,
            self._layer,
            self._annotations,
            tuple(self._wanted.diff_ids),
            self._wanted.has_lower,
            whole.blob_size if whole else self._stored_size,
            raw,
            footer,
            footer_problem,
            skippable,
            toc,
            split,
            whole,
            whole_problem,
            tuple(self._notes),
            self._unread if whole is None else (),
            tuple(self._evidence),
        )

    def _no_position(self) -> str:
        return "" if not self._annotations.is_chunked else "its position is not known"

    def _framed(self, at: Position, limit: int) -> Place | None:
        """The byte range of a payload with its frame header; None if it cannot be in the blob."""
        if at.compressed > limit or at.end > self._layer.size or at.offset < SKIPPABLE_HEADER or not at.compressed:
            return None
        return at.offset - SKIPPABLE_HEADER, at.compressed + SKIPPABLE_HEADER

    def _held(self, tables: Sequence[Place]) -> Sequence[Place]:
        """Those of the tables, in order, that may be in memory at once."""
        sizes = [length for _, length in tables]
        count = next((count for count in range(len(sizes), 0, -1) if sum(sizes[:count]) <= MAX_TABLES), 0)
        if count < len(tables):
            self._problem = f"{sum(sizes)} bytes of compressed TOC and tar-split are more than the {MAX_TABLES} held"
        return tables[:count]

    def _tail(self) -> list[Place]:
        size = self._layer.size
        length = min(FOOTER_FRAME, max(size, 0))
        return [(size - length, length)] if length else []

    def _fetch(self, places: Sequence[Place]) -> None:
        """Read these byte ranges: adjacent ones as one, all in one request where possible."""
        merged = _merge(places)
        if not merged:
            return
        for (offset, length), part in zip(merged, self._source.parts(self._layer, merged), strict=True):
            self._evidence |= dict.fromkeys(part.evidence)
            if part.actual_size is not None:
                self._stored_size = part.actual_size
            if part.content is None:
                self._problem = part.detail
            elif len(part.content) < length:
                self._problem = f"{len(part.content)} bytes instead of {length} at byte {offset}"
            else:
                self._pieces[offset] = memoryview(part.content)
                self._notes |= {part.detail: None} if part.detail else {}

    def _read(self, offset: int, length: int) -> memoryview | None:
        """The content of this byte range, None if it was not fetched."""
        for start, content in self._pieces.items():
            if start <= offset and offset + length <= start + len(content):
                return content[offset - start : offset - start + length]
        return None

    def _header(self, payload_offset: int) -> int | None:
        """The payload length in the header of the skippable frame whose payload begins here, if there is one."""
        raw = self._read(payload_offset - SKIPPABLE_HEADER, SKIPPABLE_HEADER)
        if raw is None or int.from_bytes(raw[:4], "little") & 0xFFFFFFF0 != SKIPPABLE_MAGIC:
            return None
        length = int.from_bytes(raw[4:], "little")
        self._skippable[payload_offset] = length
        return length

    def _payload(self, at: Position) -> tuple[PayloadSeen, memoryview] | None:
        content = self._read(at.offset, at.compressed)
        if content is None:
            return None
        return PayloadSeen(at.offset, len(content), str(Digest.of(content)), self._header(at.offset)), content

    def _toc(self, at: TocPosition) -> TocSeen:
        """The TOC. Its digest is verified first: no unauthenticated content is decompressed."""
        found = self._payload(at)
        if found is None:
            problem = self._problem or f"manifest-position {at} is not within the blob, or beyond the limits"
            return TocSeen(problem=problem, unreadable=bool(self._problem))
        payload, content = found
        if payload.digest != self._annotations.manifest_checksum:
            return TocSeen(payload, problem="the TOC does not have the digest that the annotation states")
        try:
            read = self._room.read(content)
        except NoRoomError as error:
            return TocSeen(payload, problem=error.what, unreadable=True, document_size=error.size)
        except FormatError as error:
            over = isinstance(error, LimitError)
            size = None if over else _toc_size(content)
            return TocSeen(payload, problem=str(error), over_limit=over, document_size=size)
        seen = TocSeen(payload, read.toc, outline(read.toc.entries), document_size=read.size)
        return _with_keys(seen, read, content)

    def _split(self, at: Position, toc: TocSeen) -> tuple[TarSplitSeen, memoryview | None]:
        """The tar-split payload, verified by the TOC's digest before it is decompressed."""
        found = self._payload(at)
        if found is None:
            problem = self._problem or f"tarsplit-position {at} is not within the blob, or beyond the limits"
            return TarSplitSeen(problem=problem, unreadable=bool(self._problem)), None
        payload, content = found
        if toc.toc is None:
            return TarSplitSeen(payload, problem="the TOC that authenticates it could not be read"), None
        if payload.digest != toc.toc.tar_split_digest:
            return TarSplitSeen(payload, problem="it does not have the digest that the TOC states"), None
        return TarSplitSeen(payload), content

    def _footer(self) -> tuple[bytes, Footer | None, str]:
        """The payload of the last skippable frame, in whichever form; and headers of what it names."""
        size = self._layer.size
        for length in FORM_OF_SIZE:
            if self._header(size - length) == length:
                raw = bytes(self._read(size - length, length) or b"")
                break
        else:
            return bytes(self._read(*self._tail()[0]) or b"") if self._tail() else b"", None, self._problem
        try:
            footer = Footer.parse(raw)
        except FormatError as error:
            return raw, None, str(error)
        named = [footer.toc.offset, *([footer.tar_split.offset] if footer.tar_split else [])]
        elsewhere = [
            (offset - SKIPPABLE_HEADER, SKIPPABLE_HEADER)
            for offset in named
            if SKIPPABLE_HEADER <= offset <= size and self._read(offset - SKIPPABLE_HEADER, SKIPPABLE_HEADER) is None
        ]
        self._fetch(elsewhere)
        self._unread = tuple(
            offset + SKIPPABLE_HEADER for offset, length in elsewhere if self._read(offset, length) is None
        )
        for offset in named:
            self._header(offset)
        return raw, footer, ""

    def _whole(self, toc: Toc | None, split: memoryview | None) -> tuple[WholeLayer | None, str]:
        records = None if split is None else _records(split, self._counted)
        with self._source.open_blob(self._layer) as blob:
            if isinstance(blob, Stored):
                self._evidence |= dict.fromkeys(blob.evidence)
                return None, blob.detail
            limit = _tar_limit(toc, self._annotations)
            bounds = Bounds(limit, most_of(self._layer), Digest.parse(self._layer.digest).algorithm)
            try:
                return read_whole(blob, toc, records, bounds, self._reading.progress), ""
            except OSError as error:
                return None, error.strerror or str(error)


class _Counted:
    """The decompressed size of a tar-split, and its segments."""

    def __init__(self) -> None:
        self.size = 0
        self.segments = SegmentRules()

    def pieces(self, payload: memoryview) -> Iterator[bytes]:
        for piece in iterate(payload, limit=MAX_TAR_SPLIT_DOCUMENT, what="the tar-split", window=MAX_TABLE_WINDOW):
            self.size += len(piece)
            yield piece


def _records(payload: memoryview, counted: _Counted) -> Iterator[Record]:
    """The records; NoRoomError where the names would take too much memory."""
    files = 0
    try:
        for record in parse(counted.pieces(payload)):
            files += isinstance(record, FileRecord)
            if files > MAX_TOC_ENTRIES:
                raise NoRoomError(f"the tar-split has more than {MAX_TOC_ENTRIES} file records")
            counted.segments.add(record)
            yield record
    except WindowError as error:
        raise NoRoomError(error.what) from None


def _with_agreement(
    split: TarSplitSeen, toc: Toc, payload: memoryview, whole: WholeLayer | None, walked: _Counted
) -> TarSplitSeen:
    """Compare the tar-split's headers with the TOC.

    Where its bytes were compared with those of the tar, and equal them, its headers are the tar's, and so was their
    comparison with the TOC; ``walked`` is what was counted then.
    """
    if whole is not None and whole.problem is None and whole.examined.problem is None:
        examined = whole.examined
        same = examined.split_problem is None and not examined.discrepancies.count(*_SPLIT_KINDS)
        if same and examined.split_compared == examined.members:
            return msgspec.structs.replace(
                split,
                document_size=walked.size,
                file_count=examined.members,
                differences=examined.discrepancies,
                duplicates=examined.duplicates,
                ranks=examined.ranks,
                segment_problem=walked.segments.finish(),
            )
    counted = _Counted()
    agreement = compare_headers(toc, _records(payload, counted))
    if isinstance(agreement.problem, NoRoomError):
        return msgspec.structs.replace(split, problem=agreement.problem.what, unreadable=True)
    problem = str(agreement.problem) if agreement.problem else ""
    size = counted.size
    if problem:
        try:
            size = _document_size(payload)
        except FormatError:
            return msgspec.structs.replace(split, problem=problem, duplicates=agreement.duplicates)
    return msgspec.structs.replace(
        split,
        problem=problem,
        document_size=size,
        file_count=agreement.file_count,
        differences=None if problem else agreement.differences,
        duplicates=agreement.duplicates,
        ranks=None if problem else agreement.ranks,
        segment_problem="" if problem else counted.segments.finish(),
    )


def _document_size(payload: memoryview) -> int:
    return sum(len(piece) for piece in iterate(payload, limit=MAX_TAR_SPLIT_DOCUMENT, what="the tar-split"))


def _toc_size(payload: memoryview) -> int | None:
    try:
        return sum(len(piece) for piece in iterate(payload, limit=MAX_TOC, what="the TOC"))
    except FormatError:
        return None


def _with_keys(seen: TocSeen, found: ReadToc, payload: memoryview) -> TocSeen:
    lenient = ""
    if any(problem.is_ambiguous for problem in found.keys):
        try:
            if found.size > MAX_LENIENT:
                raise FormatError(f"a TOC of {found.size} bytes is not read a second time")
            lenient = first_difference(found.toc, read_as_containers_storage(decompress_toc(payload)))
        except FormatError as error:
            lenient = str(error)
    return msgspec.structs.replace(seen, key_problems=found.keys, lenient_problem=lenient)


def _tar_limit(toc: Toc | None, annotations: ChunkedAnnotations) -> int:
    """The maximum size of the tar by the declarations of TOC and tar-split; generous, since a bomb is much larger."""
    split = _position(annotations.tar_split_position, Position)
    declared = min(split.uncompressed, MAX_TAR_SPLIT_DOCUMENT) if split else 0
    if toc is None:
        return MAX_TAR
    contents = sum(entry.size for entry in toc.entries if entry.size > 0)
    return min(contents + 2**12 * len(toc.entries) + declared + _SLACK, MAX_TAR)


def _position(text: str | None, kind: type[P]) -> P | None:
    """By the strict grammar; otherwise as the reference parses it, to observe what it would read."""
    if text is None:
        return None
    for parse_text in (kind.parse, kind.parse_as_reference):
        try:
            position = parse_text(text)
        except FormatError:
            continue
        return position if isinstance(position, kind) else None
    return None


def _merge(places: Sequence[Place]) -> list[Place]:
    """The same bytes in ascending order, with overlapping and adjacent ranges merged."""
    merged: list[Place] = []
    for offset, length in sorted(places):
        if merged and offset <= merged[-1][0] + merged[-1][1]:
            start, before = merged[-1]
            merged[-1] = (start, max(before, offset + length - start))
        else:
            merged.append((offset, length))
    return merged
