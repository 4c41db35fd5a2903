"""Reads the zstd:chunked layers of an image: their tables and footer, and on demand every byte. Judges nothing.

``tables`` finds them in the blob.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from conformance.format.decompress import iterate, window_at
from conformance.format.digest import Digest
from conformance.format.discrepancy import Kind
from conformance.format.errors import FormatError, LimitError
from conformance.format.header_agreement import compare_headers
from conformance.format.names import SENTINEL_TYPE, current_key
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations, Position, TocPosition
from conformance.format.toc import MAX_TOC, Toc, decompress_toc
from conformance.format.toc_lenient import MAX_LENIENT, first_difference, read_as_containers_storage
from conformance.format.toc_outline import outline
from conformance.observed.image import ManifestSeen, Stored
from conformance.observed.layer import LayerSeen, LayersSeen, PayloadSeen, TarSplitSeen, TocSeen, WholeLayer
from conformance.sources.pipeline import LayerReader
from conformance.sources.source import ImageSource, most_of
from conformance.sources.table_budget import NoRoomError, ReadToc, TableBudget
from conformance.sources.tables import MAX_TAR_SPLIT_DOCUMENT, Counted, LayerTables, split_records
from conformance.sources.unpacking import BlobBounds, Progress

MAX_TAR: Final = 256 * 2**30
"""Limit in bytes of a layer's tar: a larger one is treated as a bomb."""
MAX_LAYERS: Final = 512
"""Layers of one image that are read; an image for twenty platforms has some hundreds."""

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
        self._tables = LayerTables(source, self._layer)
        self._counted = Counted()

    def observe(self) -> LayerSeen:
        if self._reading.deep and self._annotations.is_legacy:
            return msgspec.structs.replace(self._observe(None), by_legacy_keys=self._by_legacy_keys())
        if not (self._reading.deep and self._annotations.is_chunked):
            return self._observe(None)
        # Opened first: the process that unpacks a large blob starts while the tables are read.
        with self._source.open_blob(self._layer) as blob:
            if isinstance(blob, Stored):
                return self._observe(blob)
            bounds = BlobBounds(most_of(self._layer), Digest.parse(self._layer.digest).algorithm)
            with LayerReader(blob, bounds) as reader:
                return self._observe(reader)

    def _by_legacy_keys(self) -> LayerSeen:
        given = self._layer.annotations or {}
        current = {current_key(key): value for key, value in given.items()}
        wanted = msgspec.structs.replace(
            self._wanted, descriptor=msgspec.structs.replace(self._layer, annotations=current)
        )
        return _Layer(self._source, wanted, LayerReading(deep=True), self._room).observe()

    def _observe(self, blob: LayerReader | Stored | None) -> LayerSeen:
        """``blob``: how every byte is read, or why it cannot be; None when only the tables are wanted."""
        current = self._annotations.is_chunked
        toc_at = _position(self._annotations.manifest_position, TocPosition) if current else None
        split_at = _position(self._annotations.tar_split_position, Position) if current else None
        tables = self._tables
        tables.fetch(toc_at, split_at)
        toc = self._toc(toc_at) if toc_at else TocSeen(problem=self._no_position())
        split, payload = self._split(split_at, toc) if split_at else (TarSplitSeen(), None)
        footer = tables.footer()
        whole, whole_problem = (None, "") if blob is None else self._whole(blob, toc.toc, payload)
        if payload is not None and toc.toc is not None:
            split = _with_agreement(split, toc.toc, payload, whole, self._counted)
        skippable = dict(tables.skippable)
        if whole is not None:
            skippable |= {frame.payload_offset: frame.payload_size for frame in whole.frames.skippable}
        return LayerSeen(
            self._wanted.name,
            self._layer,
            self._annotations,
            tuple(self._wanted.diff_ids),
            self._wanted.has_lower,
            whole.blob_size if whole else tables.stored_size,
            footer.raw,
            footer.footer,
            footer.problem,
            skippable,
            toc,
            split,
            whole,
            whole_problem,
            tuple(tables.notes),
            tables.unread if whole is None else (),
            tuple(tables.evidence),
        )

    def _no_position(self) -> str:
        return "" if not self._annotations.is_chunked else "its position is not known"

    def _payload(self, at: Position) -> tuple[PayloadSeen, memoryview] | None:
        content = self._tables.payload(at)
        if content is None:
            return None
        framed = self._tables.skippable.get(at.offset)
        return PayloadSeen(at.offset, len(content), str(Digest.of(content)), framed, window_at(content)), content

    def _toc(self, at: TocPosition) -> TocSeen:
        """The TOC. Its digest is verified first: no unauthenticated content is decompressed."""
        found = self._payload(at)
        if found is None:
            problem = self._tables.problem or f"manifest-position {at} is not within the blob, or beyond the limits"
            return TocSeen(problem=problem, unreadable=bool(self._tables.problem))
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
            problem = self._tables.problem or f"tarsplit-position {at} is not within the blob, or beyond the limits"
            return TarSplitSeen(problem=problem, unreadable=bool(self._tables.problem)), None
        payload, content = found
        if toc.toc is None:
            return TarSplitSeen(payload, problem="the TOC that authenticates it could not be read"), None
        if payload.digest != toc.toc.tar_split_digest:
            return TarSplitSeen(payload, problem="it does not have the digest that the TOC states"), None
        return TarSplitSeen(payload), content

    def _whole(
        self, blob: LayerReader | Stored, toc: Toc | None, split: memoryview | None
    ) -> tuple[WholeLayer | None, str]:
        if isinstance(blob, Stored):
            self._tables.evidence |= dict.fromkeys(blob.evidence)
            return None, blob.detail
        records = None if split is None else split_records(split, self._counted)
        try:
            return blob.read(toc, records, _tar_limit(toc, self._annotations), self._reading.progress), ""
        except OSError as error:
            return None, error.strerror or str(error)


def _with_agreement(
    split: TarSplitSeen, toc: Toc, payload: memoryview, whole: WholeLayer | None, walked: Counted
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
    counted = Counted()
    agreement = compare_headers(toc, split_records(payload, counted))
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
