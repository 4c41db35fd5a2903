"""Writes a conforming zstd:chunked layer from a tar stream (docs/format.md section 9.3).

The same tar, options and zstd version yield the same bytes. Memory: the TOC's entries, the compressed tar-split and one
piece of content; never the whole tar.
"""

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import msgspec

from conformance.format.chunker import Chunker, Part
from conformance.format.digest import Digest
from conformance.format.document import JsonObject
from conformance.format.entries import clean_name, entry_of
from conformance.format.errors import FormatError
from conformance.format.layer_sink import InlineSink, LayerSink
from conformance.format.names import LAYER_ZSTD_TYPE
from conformance.format.oci import Descriptor
from conformance.format.piece_stream import PieceStream
from conformance.format.positions import Positions
from conformance.format.seal import CompressedTarSplit, seal
from conformance.format.split_ahead import SplitAhead
from conformance.format.splits import SplitFinder
from conformance.format.tar import TarHeader, TarReader
from conformance.format.toc import CHUNK_ZEROS, Entry, Toc

SinkMaker = Callable[[BinaryIO, int, bool], LayerSink]
"""Makes the sink of a blob from it, the level, and whether frames have checksums."""


class WriterOptions(msgspec.Struct, frozen=True):
    """Choices that the format leaves to the writer (marked F in docs/format.md).

    With ``unique_names`` off the writer accepts repeated names, which readers must refuse (TARSPLIT-008), for tests.
    """

    level: int = 3
    checksums: bool = True
    split: bool = True
    tar_split: bool = True
    unique_names: bool = True


DEFAULTS: Final = WriterOptions()


class WrittenLayer(msgspec.Struct, frozen=True):
    """A written layer: the blob's ``digest`` and ``size``, the tar's ``diff_id``, and the descriptor's annotations.

    ``data_size`` is the length of the data frames, and so the offset of the TOC's frame.
    """

    digest: Digest
    size: int
    diff_id: Digest
    annotations: dict[str, str]
    toc: Toc
    positions: Positions
    tar_split: CompressedTarSplit | None
    data_size: int

    @property
    def descriptor(self) -> Descriptor:
        """The layer's descriptor for a manifest."""
        return Descriptor(LAYER_ZSTD_TYPE, str(self.digest), self.size, self.annotations)

    @property
    def descriptor_fields(self) -> JsonObject:
        """The same as JSON."""
        named = {"mediaType": LAYER_ZSTD_TYPE, "digest": str(self.digest), "size": self.size}
        return {**named, "annotations": self.annotations}


def write_layer(
    tar: BinaryIO, blob: BinaryIO, options: WriterOptions = DEFAULTS, sink: SinkMaker = InlineSink
) -> WrittenLayer:
    """Read the tar to its end and write the blob; the sink may write to ``blob`` in a thread.

    Raise FormatError for a malformed tar, and for entries that a TOC cannot represent (TOC-016): PAX global headers,
    sparse files, unknown types, names that are not UTF-8, names that occur twice. The bytes in ``blob`` are then not a
    layer.
    """
    return _Writer(tar, sink(blob, options.level, options.checksums), options).run()


def layer_from_tar(tar: bytes, options: WriterOptions = DEFAULTS) -> tuple[bytes, WrittenLayer]:
    """``write_layer`` in memory: the blob and its description."""
    blob = io.BytesIO()
    written = write_layer(io.BytesIO(tar), blob, options)
    return blob.getvalue(), written


class _ChunkInProgress:
    """``frame`` is the number of its frame."""

    __slots__ = ("file_offset", "frame", "size", "zeros")

    def __init__(self, part: Part, frame: int, file_offset: int) -> None:
        self.frame = frame
        self.file_offset = file_offset
        self.size = 0
        self.zeros = part.zeros


class _FileInProgress:
    """A file with content: its entry, the frame after it, its chunks."""

    __slots__ = ("chunks", "entry", "next_frame")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.chunks: list[_ChunkInProgress] = []
        self.next_frame = 0

    def entries(self, start: Callable[[int], int], digests: Iterator[str]) -> Iterator[Entry]:
        """Its entries in the TOC; ``start`` says where a frame begins."""
        first, several = self.chunks[0], len(self.chunks) > 1
        placed = msgspec.structs.replace(
            self.entry, digest=next(digests), offset=start(first.frame), end_offset=start(self.next_frame)
        )
        if not several:
            yield placed
            return
        for chunk in self.chunks:
            base = placed if chunk is first else Entry(type="chunk", name=placed.name, offset=start(chunk.frame))
            yield msgspec.structs.replace(
                base,
                chunk_size=chunk.size,
                chunk_offset=chunk.file_offset,
                chunk_digest=next(digests),
                chunk_type=CHUNK_ZEROS if chunk.zeros else "",
            )


class _Writer:
    def __init__(self, tar: BinaryIO, sink: LayerSink, options: WriterOptions) -> None:
        self._reader = TarReader(tar)
        self._sink = sink
        self._options = options
        self._files: list[Entry | _FileInProgress] = []
        self._names: set[bytes] = set()
        self._finder = SplitFinder()
        self._ahead = SplitAhead(tar, self._finder) if isinstance(tar, PieceStream) else None

    def run(self) -> WrittenLayer:
        while (header := self._reader.header()) is not None:
            self._entry(header)
        self._raw(self._reader.take_raw())
        for piece in self._reader.rest():
            self._raw(piece)
        last = self._sink.close()
        digested = self._sink.settle()
        data_size = self._sink.start(last)
        tar_split = digested.tar_split if self._options.tar_split else None
        toc = Toc(1, self._entries(digested.each()), "" if tar_split is None else str(tar_split.digest))
        tail = seal(data_size, toc, tar_split, level=self._options.level)
        self._sink.append(tail.content)
        return WrittenLayer(
            digest=self._sink.digest,
            size=self._sink.position,
            diff_id=digested.diff_id,
            annotations=tail.annotations,
            toc=toc,
            positions=tail.positions,
            tar_split=tar_split,
            data_size=data_size,
        )

    def _entries(self, digests: Iterator[str]) -> list[Entry]:
        """The entries of the TOC, in the order of the tar."""
        entries: list[Entry] = []
        self._files.reverse()
        while self._files:  # one form at a time, for memory
            file = self._files.pop()
            if isinstance(file, Entry):
                entries.append(file)
            else:
                entries += file.entries(self._sink.start, digests)
        return entries

    def _entry(self, header: TarHeader) -> None:
        entry = entry_of(header)
        name = clean_name(header.name)
        if name in self._names and self._options.unique_names:
            raise FormatError(f"{entry.name!r} occurs twice in the tar: a tar-split finds contents by name")
        self._names.add(name)
        self._raw(self._reader.take_raw())
        self._files.append(self._content(entry) if header.size else entry)
        self._sink.end_file(header.name)

    def _content(self, entry: Entry) -> _FileInProgress:
        """The content of a regular file: a frame for each chunk."""
        file = _FileInProgress(entry)
        for part in self._parts(entry.size):
            self._part(part, file)
        file.next_frame = self._sink.close()
        return file

    def _parts(self, size: int) -> Iterator[Part]:
        pieces = self._reader.content()
        if not self._options.split:
            yield from (Part(piece, zeros=False, starts=not number) for number, piece in enumerate(pieces))
            return
        chunker = Chunker(self._finder)
        for piece in pieces:
            known = self._ahead.parts(piece) if self._ahead is not None and len(piece) == size else None
            yield from chunker.feed(piece) if known is None else known
        yield from chunker.finish()

    def _part(self, part: Part, file: _FileInProgress) -> None:
        done = file.chunks
        if part.starts:
            file_offset = done[-1].file_offset + done[-1].size if done else 0
            done.append(_ChunkInProgress(part, self._sink.close(), file_offset))
        done[-1].size += len(part.content)
        self._sink.content(part.content, part.starts)

    def _raw(self, raw: bytes) -> None:
        """Tar bytes that are no content: into the current frame and the tar-split."""
        if raw:
            self._sink.segment(raw)
