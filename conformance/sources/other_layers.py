"""Reads the layers that are not zstd:chunked: their presence, and on demand every byte. Gives no verdicts."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final, cast

import msgspec

from conformance.format.digest import Digest
from conformance.format.errors import FormatError, LimitError, NotTarError
from conformance.format.footer import FORM_OF_SIZE, Footer
from conformance.format.layer_streams import tar_stream
from conformance.format.media_types import COMPRESSION_OF, FOREIGN_TYPES
from conformance.format.names import SENTINEL_TYPE
from conformance.format.overlay import overlay_marks
from conformance.format.piece_stream import PieceStream
from conformance.format.positions import ChunkedAnnotations
from conformance.format.sentinel import compression as compression_of
from conformance.format.tar import TarReader
from conformance.observed.image import ManifestSeen, Stored
from conformance.observed.layer import OtherLayerSeen
from conformance.sources.layers import MAX_LAYERS, MAX_TAR, LayerReading, chunk_key
from conformance.sources.source import ImageSource, most_of, parse_digest
from conformance.sources.unpacking import Progress

MAX_MARKS: Final = 10
RECORD: Final = 10240
"""Bytes: archives are written in records of so many, the last one filled with zeros (POSIX.1-2017 pax, "-b")."""
_PIECE: Final = 2**20
_MAGIC: Final = 8
"""Bytes in which the magic of a compression is."""
_TAIL: Final = max(FORM_OF_SIZE)


def observe_other_layers(
    source: ImageSource, manifests: Sequence[ManifestSeen], reading: LayerReading
) -> tuple[OtherLayerSeen, ...]:
    """Each layer of an image that claims no TOC, once; a placeholder after MAX_LAYERS stands for the others."""
    wanted = wanted_others(manifests)
    reading.announce(layer.descriptor for layer in wanted[:MAX_LAYERS] if not layer.is_foreign)
    seen = [observe_other(source, layer, reading) for layer in wanted[:MAX_LAYERS]]
    many = f"the image has {len(wanted)} different layers without TOC; {MAX_LAYERS} were inspected"
    unseen = (
        msgspec.structs.replace(layer, unreadable=True, stored_problem=many, whole_problem=many)
        for layer in wanted[MAX_LAYERS : MAX_LAYERS + 1]
    )
    return (*seen, *unseen)


def wanted_others(manifests: Iterable[ManifestSeen]) -> tuple[OtherLayerSeen, ...]:
    """The layers that claim no TOC, each once, before anything of them is read."""
    found: dict[str, OtherLayerSeen] = {}
    for manifest in manifests:
        if manifest.document is None or not manifest.is_image:
            continue
        layers = manifest.document.view.layers
        diff_ids = manifest.config.view.rootfs.diff_ids if manifest.config else ()
        for position, layer in enumerate(layers):
            if layer.media_type == SENTINEL_TYPE or ChunkedAnnotations.of(layer.annotations).is_chunked:
                continue
            key, said = chunk_key(layer), diff_ids[position : position + 1] if len(diff_ids) == len(layers) else ()
            if key in found:
                together = tuple(dict.fromkeys((*found[key].diff_ids, *said)))
                found[key] = msgspec.structs.replace(found[key], diff_ids=together)
                continue
            found[key] = OtherLayerSeen(
                f"{manifest.name}.layers[{position}]",
                layer,
                said,
                COMPRESSION_OF.get(layer.media_type),
                layer.media_type in FOREIGN_TYPES,
            )
    return tuple(found.values())


def observe_other(source: ImageSource, layer: OtherLayerSeen, reading: LayerReading) -> OtherLayerSeen:
    """One layer by itself, as ``reading`` states."""
    seen = _with_tail(source, layer)
    if reading.deep and not seen.stored_problem and not seen.is_foreign:
        return _with_whole(source, seen, reading.progress)
    return seen


def _with_tail(source: ImageSource, layer: OtherLayerSeen) -> OtherLayerSeen:
    """Request the last bytes: whether the blob exists with its size, and whether it ends with a footer."""
    descriptor = layer.descriptor
    length = min(max(descriptor.size, 0), _TAIL)
    offset = max(descriptor.size, 0) - length
    digest = parse_digest(descriptor)
    part = digest if isinstance(digest, Stored) else source.part(descriptor, offset, max(length, 1))
    if part.content is None:
        problem = part.detail or "it could not be read"
        missing = part.problem != "unreadable" or isinstance(digest, Stored) or part.actual_size is not None
        return msgspec.structs.replace(
            layer,
            stored_problem=problem,
            unreadable=not missing,
            stored_size=part.actual_size,
            evidence=part.evidence,
        )
    size = part.actual_size
    if size is None and len(part.content) < length:
        size = offset + len(part.content)
    return msgspec.structs.replace(
        layer, stored_size=size, has_footer=_has_footer(part.content), evidence=part.evidence
    )


def _has_footer(tail: bytes) -> bool:
    for size in FORM_OF_SIZE:
        try:
            Footer.parse(tail[-size:])
        except FormatError:
            continue
        return True
    return False


def _with_whole(source: ImageSource, layer: OtherLayerSeen, progress: Progress | None) -> OtherLayerSeen:
    with source.open_blob(layer.descriptor) as blob:
        if isinstance(blob, Stored):
            return msgspec.structs.replace(layer, whole_problem=blob.detail, evidence=blob.evidence)
        pass_over = _Pass(blob, layer, progress)
        try:
            return pass_over.run()
        except OSError as error:
            return msgspec.structs.replace(layer, whole_problem=error.strerror or str(error))


class _Pass:
    """One pass over a blob: its digest, that of the tar in it, and what overlayfs would see in that."""

    def __init__(self, blob: BinaryIO, layer: OtherLayerSeen, progress: Progress | None) -> None:
        self._blob, self._layer, self._progress = blob, layer, progress
        self._of_blob = hashlib.new(Digest.parse(layer.descriptor.digest).algorithm)
        self._of_tar = hashlib.sha256()
        self._size = self._tar_size = 0
        self._start = b""

    def run(self) -> OtherLayerSeen:
        layer = self._layer
        diff_id: str | None = None
        padded: str | None = None
        problem, damaged, tar_problem, is_tar = "", False, "", True
        marks: tuple[str, ...] = ()
        if layer.compression is None:
            problem = f"no tar can be read from the media type {layer.descriptor.media_type[:120]!r}"
        else:
            tar = self._tar(tar_stream(layer.compression, self._pieces(), MAX_TAR))
            try:
                marks, tar_problem, is_tar = _marks(tar)
                diff_id = f"sha256:{self._of_tar.hexdigest()}"
                padded = self._padded()
            except LimitError as error:
                problem = str(error)
            except FormatError as error:
                problem, damaged = str(error), True
        for _ in self._pieces():
            pass
        return msgspec.structs.replace(
            layer,
            blob_digest=f"{self._of_blob.name}:{self._of_blob.hexdigest()}",
            blob_size=self._size,
            diff_id=diff_id,
            padded_diff_id=padded,
            whole_problem=problem,
            damaged=damaged,
            overlay=marks,
            tar_problem=tar_problem,
            is_tar=is_tar,
            packed=compression_of(self._start) or "" if tar_problem else "",
        )

    def _pieces(self) -> Iterator[bytes]:
        most = most_of(self._layer.descriptor)
        while self._size <= most and (piece := self._blob.read(_PIECE)):
            self._of_blob.update(piece)
            self._size += len(piece)
            if self._progress is not None:
                self._progress(len(piece))
            yield piece

    def _tar(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._start = self._start or piece[:_MAGIC]
            self._of_tar.update(piece)
            self._tar_size += len(piece)
            yield piece

    def _padded(self) -> str:
        padded = self._of_tar.copy()
        padded.update(bytes(-self._tar_size % RECORD))
        return f"sha256:{padded.hexdigest()}"


def _marks(tar: Iterator[bytes]) -> tuple[tuple[str, ...], str, bool]:
    """The first overlay marks, why the tar could not be read to its end, and whether it is one to other readers; all of
    the pieces are used up.

    Raise FormatError where the pieces cannot be read.
    """
    marks: list[str] = []
    problem, is_tar, sparse = "", True, False
    guarded = _Guarded(tar)
    reader = TarReader(cast("BinaryIO", PieceStream(guarded)))
    try:
        while (header := reader.header()) is not None:
            reader.take_raw()
            sparse = sparse or header.is_sparse
            for _ in reader.content():
                pass
            if len(marks) < MAX_MARKS:
                marks += overlay_marks(header)
    except FormatError as error:
        if guarded.problem is not None:
            raise
        problem = str(error)
        # This reader does not know the blocks behind the header of a GNU sparse file.
        is_tar = sparse or not isinstance(error, NotTarError)
    for _ in guarded:
        pass
    return tuple(marks[:MAX_MARKS]), problem, is_tar


class _Guarded:
    """Pieces, and the error that ended them: not to be treated as one of the tar in them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.problem: FormatError | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except FormatError as error:
            self.problem = error
            raise
