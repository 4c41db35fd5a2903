"""Writes a conforming zstd:chunked layer from a tar stream (docs/format.md section 9.3).

The same tar, options and zstd version yield the same bytes. Memory: the TOC's entries, the compressed tar-split and one
piece of content; never the whole tar.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec
import zstandard

from conformance.format.chunker import Chunker, Part
from conformance.format.crc64 import Crc64
from conformance.format.digest import Digest
from conformance.format.document import JsonObject
from conformance.format.entries import clean_name, entry_of
from conformance.format.errors import FormatError
from conformance.format.lanes import INLINE, Lanes
from conformance.format.names import LAYER_ZSTD_TYPE
from conformance.format.oci import Descriptor
from conformance.format.positions import Positions
from conformance.format.seal import CompressedTarSplit, seal
from conformance.format.tar import TarHeader, TarReader
from conformance.format.tarsplit import Recorder
from conformance.format.toc import CHUNK_ZEROS, Entry, Toc

if TYPE_CHECKING:
    from hashlib import _Hash as Hash


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
    tar: BinaryIO, blob: BinaryIO, options: WriterOptions = DEFAULTS, lanes: Lanes = INLINE
) -> WrittenLayer:
    """Read the tar to its end and write the blob; the writer of the frames may write to ``blob`` in a thread.

    Raise FormatError for a malformed tar, and for entries that a TOC cannot represent (TOC-016): PAX global headers,
    sparse files, unknown types, names that are not UTF-8, names that occur twice. The bytes in ``blob`` are then not a
    layer.
    """
    return _Writer(tar, blob, options, lanes).run()


def layer_from_tar(tar: bytes, options: WriterOptions = DEFAULTS) -> tuple[bytes, WrittenLayer]:
    """``write_layer`` in memory: the blob and its description."""
    blob = io.BytesIO()
    written = write_layer(io.BytesIO(tar), blob, options)
    return blob.getvalue(), written


class _ChunkInProgress:
    """``frame`` is the number of its frame; ``digest`` is known when the digest lane has settled.

    The first chunk of a file has no ``hash``: up to its end it is equal to that of the file.
    """

    __slots__ = ("digest", "file_offset", "frame", "hash", "size", "zeros")

    def __init__(self, part: Part, frame: int, file_offset: int) -> None:
        self.frame = frame
        self.file_offset = file_offset
        self.size = 0
        self.zeros = part.zeros
        self.hash: Hash | None = hashlib.sha256() if file_offset else None
        self.digest = ""


class _FileInProgress:
    """A file with content: its entry, the frame after it, its chunks."""

    __slots__ = ("chunks", "crc", "digest", "entry", "next_frame", "whole")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.chunks: list[_ChunkInProgress] = []
        self.next_frame = 0
        self.whole: Hash | None = hashlib.sha256()
        self.crc = Crc64()
        self.digest = ""

    def update(self, chunk: _ChunkInProgress, content: bytes) -> None:
        """Hash the next bytes, which belong to this chunk."""
        if self.whole is not None:
            self.whole.update(content)
        if chunk.hash is not None:
            chunk.hash.update(content)
        self.crc.update(content)

    def end_chunk(self, chunk: _ChunkInProgress) -> None:
        """Keep the digest of a chunk only; all bytes before its end have passed, and no other."""
        hashed = chunk.hash or self.whole
        if hashed is not None:
            chunk.digest, chunk.hash = f"sha256:{hashed.hexdigest()}", None

    def end(self) -> None:
        """Keep the digests only."""
        self.end_chunk(self.chunks[-1])
        if self.whole is not None:
            self.digest, self.whole = f"sha256:{self.whole.hexdigest()}", None

    def entries(self, start: Callable[[int], int]) -> Iterator[Entry]:
        """Its entries in the TOC; ``start`` says where a frame begins."""
        first, several = self.chunks[0], len(self.chunks) > 1
        placed = msgspec.structs.replace(
            self.entry, digest=self.digest, offset=start(first.frame), end_offset=start(self.next_frame)
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
                chunk_digest=chunk.digest,
                chunk_type=CHUNK_ZEROS if chunk.zeros else "",
            )


class _Writer:
    def __init__(self, tar: BinaryIO, blob: BinaryIO, options: WriterOptions, lanes: Lanes) -> None:
        self._reader = TarReader(tar)
        self._lanes = lanes
        self._frames = lanes.frames(blob, options.level, options.checksums)
        self._options = options
        self._files: list[Entry | _FileInProgress] = []
        self._names: set[bytes] = set()
        self._split_stream = zstandard.ZstdCompressor(level=options.level).compressobj()
        self._split_parts: list[bytes] = []
        self._split_size = 0
        self._recorder = Recorder(self._record)

    def run(self) -> WrittenLayer:
        while (header := self._reader.header()) is not None:
            self._entry(header)
        self._raw(self._reader.take_raw())
        for piece in self._reader.rest():
            self._raw(piece)
        last = self._frames.close()
        self._frames.settle()
        self._lanes.digests.settle()
        data_size = self._frames.start(last)
        self._split_parts.append(self._split_stream.flush())
        tar_split: CompressedTarSplit | None = None
        if self._options.tar_split:
            tar_split = CompressedTarSplit(b"".join(self._split_parts), self._split_size)
        toc = Toc(1, self._entries(), "" if tar_split is None else str(tar_split.digest))
        tail = seal(data_size, toc, tar_split, level=self._options.level)
        self._frames.append(tail.content)
        return WrittenLayer(
            digest=self._frames.digest,
            size=self._frames.position,
            diff_id=self._frames.content_digest,
            annotations=tail.annotations,
            toc=toc,
            positions=tail.positions,
            tar_split=tar_split,
            data_size=data_size,
        )

    def _entries(self) -> list[Entry]:
        """The entries of the TOC, in the order of the tar."""
        entries: list[Entry] = []
        self._files.reverse()
        while self._files:  # one form at a time, for memory
            file = self._files.pop()
            if isinstance(file, Entry):
                entries.append(file)
            else:
                entries += file.entries(self._frames.start)
        return entries

    def _entry(self, header: TarHeader) -> None:
        entry = entry_of(header)
        name = clean_name(header.name)
        if name in self._names and self._options.unique_names:
            raise FormatError(f"{entry.name!r} occurs twice in the tar: a tar-split finds contents by name")
        self._names.add(name)
        self._raw(self._reader.take_raw())
        if header.size:
            self._content(entry, header)
        else:
            self._lanes.digests.run(partial(self._recorder.file, header.name, 0, None), 0)
            self._files.append(entry)

    def _content(self, entry: Entry, header: TarHeader) -> None:
        """The content of a regular file: a frame for each chunk."""
        file, chunker = _FileInProgress(entry), Chunker()
        for piece in self._reader.content():
            started = bool(file.chunks)
            for part in chunker.feed(piece) if self._options.split else (Part(piece, zeros=False, starts=not started),):
                self._part(part, file)
        for part in chunker.finish():
            self._part(part, file)
        file.next_frame = self._frames.close()
        self._lanes.digests.run(partial(self._end, file, header), 0)
        self._files.append(file)

    def _end(self, file: _FileInProgress, header: TarHeader) -> None:
        file.end()
        self._recorder.file(header.name, header.size, file.crc.digest())

    def _part(self, part: Part, file: _FileInProgress) -> None:
        done = file.chunks
        if part.starts:
            file_offset = done[-1].file_offset + done[-1].size if done else 0
            if done:
                self._lanes.digests.run(partial(file.end_chunk, done[-1]), 0)
            done.append(_ChunkInProgress(part, self._frames.close(), file_offset))
        done[-1].size += len(part.content)
        self._lanes.digests.run(partial(file.update, done[-1], part.content), len(part.content))
        self._frames.write(part.content)

    def _raw(self, raw: bytes) -> None:
        """Tar bytes that are no content: into the current frame and the tar-split."""
        if raw:
            self._frames.write(raw)
            self._lanes.digests.run(partial(self._recorder.segment, raw), len(raw))

    def _record(self, line: bytes) -> None:
        self._split_size += len(line)
        self._split_parts.append(self._split_stream.compress(line))
