"""A tar stream in, a conforming zstd:chunked layer out (docs/format.md section 9.3).

The same tar, options and zstd version give the same bytes. Memory: the TOC's entries, the compressed
tar-split and one piece of content; never the tar.
"""

import hashlib
import io
from typing import BinaryIO, Final

import msgspec
import zstandard

from conformance.format.chunker import Chunker, Part
from conformance.format.crc64 import Crc64
from conformance.format.digest import Digest
from conformance.format.entries import clean_name, entry_of
from conformance.format.errors import FormatError
from conformance.format.names import LAYER_ZSTD_TYPE
from conformance.format.oci import Descriptor
from conformance.format.positions import Positions
from conformance.format.seal import CompressedTarSplit, seal
from conformance.format.tar import TarHeader, TarReader
from conformance.format.tarsplit import Recorder
from conformance.format.toc import CHUNK_ZEROS, Entry, Toc

_ONE_SHOT: Final = 2**20
"""Bytes: a frame of up to so much is compressed at once, with its size in the header."""


class WriterOptions(msgspec.Struct, frozen=True):
    """What the format leaves to the writer (all marked F in docs/format.md).

    ``unique_names`` off writes what readers must refuse (TARSPLIT-008), for tests of them.
    """

    level: int = 3
    checksums: bool = True
    split: bool = True
    tar_split: bool = True
    unique_names: bool = True


DEFAULTS: Final = WriterOptions()


class WrittenLayer(msgspec.Struct, frozen=True):
    """What was written: the blob's ``digest`` and ``size``, the tar's ``diff_id``, and the descriptor's annotations.

    ``data_size`` is the length of the data frames: there the TOC's frame begins.
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


def write_layer(tar: BinaryIO, blob: BinaryIO, options: WriterOptions = DEFAULTS) -> WrittenLayer:
    """Read the tar to its end and write the blob.

    Raise FormatError for a malformed tar, and for what a TOC cannot represent (TOC-016): PAX global headers,
    sparse files, unknown types, names that are not UTF-8, names that occur twice. What was then written to
    ``blob`` is not a layer.
    """
    return _Writer(tar, blob, options).run()


def layer_from_tar(tar: bytes, options: WriterOptions = DEFAULTS) -> tuple[bytes, WrittenLayer]:
    """``write_layer`` in memory: the blob and what was written."""
    blob = io.BytesIO()
    written = write_layer(io.BytesIO(tar), blob, options)
    return blob.getvalue(), written


class _Frames:
    """Data frames into the blob: a frame begins with the first byte after ``close``; none is ever empty."""

    def __init__(self, blob: BinaryIO, options: WriterOptions) -> None:
        self._blob = blob
        self._hash = hashlib.sha256()
        self._compressor = zstandard.ZstdCompressor(level=options.level, write_checksum=options.checksums)
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._stream: zstandard.ZstdCompressionObj | None = None
        self.position = 0

    def write(self, content: bytes) -> None:
        """Add content to the current frame."""
        if self._stream is not None:
            self.append(self._stream.compress(content))
            return
        self._pending.append(content)
        self._pending_size += len(content)
        if self._pending_size > _ONE_SHOT:
            self._stream = self._compressor.compressobj()
            self.append(self._stream.compress(self._take()))

    def close(self) -> int:
        """End the current frame; the position where the next one will begin."""
        if self._stream is not None:
            self.append(self._stream.flush())
            self._stream = None
        elif self._pending_size:
            self.append(self._compressor.compress(self._take()))
        return self.position

    def append(self, raw: bytes) -> None:
        """Write bytes to the blob as they are."""
        self._blob.write(raw)
        self._hash.update(raw)
        self.position += len(raw)

    @property
    def digest(self) -> Digest:
        return Digest("sha256", self._hash.hexdigest())

    def _take(self) -> bytes:
        content = b"".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        return content


class _ChunkInProgress:
    def __init__(self, part: Part, offset: int, file_offset: int) -> None:
        self.offset = offset
        self.file_offset = file_offset
        self.size = 0
        self.zeros = part.zeros
        self.hash = hashlib.sha256()


class _Writer:
    def __init__(self, tar: BinaryIO, blob: BinaryIO, options: WriterOptions) -> None:
        self._reader = TarReader(tar)
        self._frames = _Frames(blob, options)
        self._options = options
        self._entries: list[Entry] = []
        self._names: set[bytes] = set()
        self._diff_id = hashlib.sha256()
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
        data_size = self._frames.close()
        self._split_parts.append(self._split_stream.flush())
        tar_split: CompressedTarSplit | None = None
        if self._options.tar_split:
            tar_split = CompressedTarSplit(b"".join(self._split_parts), self._split_size)
        toc = Toc(1, self._entries, "" if tar_split is None else str(tar_split.digest))
        tail = seal(data_size, toc, tar_split, level=self._options.level)
        self._frames.append(tail.content)
        return WrittenLayer(
            digest=self._frames.digest,
            size=self._frames.position,
            diff_id=Digest("sha256", self._diff_id.hexdigest()),
            annotations=tail.annotations,
            toc=toc,
            positions=tail.positions,
            tar_split=tar_split,
            data_size=data_size,
        )

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
            self._recorder.file(header.name, 0, None)
            self._entries.append(entry)

    def _content(self, entry: Entry, header: TarHeader) -> None:
        """The content of a regular file: a frame for each chunk, and the entries of the TOC."""
        whole, crc, chunker = hashlib.sha256(), Crc64(), Chunker()
        done: list[_ChunkInProgress] = []
        for piece in self._reader.content():
            self._diff_id.update(piece)
            whole.update(piece)
            crc.update(piece)
            for part in chunker.feed(piece) if self._options.split else (Part(piece, zeros=False, starts=not done),):
                self._part(part, done)
        for part in chunker.finish():
            self._part(part, done)
        end = self._frames.close()
        self._recorder.file(header.name, header.size, crc.digest())
        placed = msgspec.structs.replace(
            entry, digest=f"sha256:{whole.hexdigest()}", offset=done[0].offset, end_offset=end
        )
        if len(done) == 1:
            self._entries.append(placed)
            return
        for chunk in done:
            base = placed if chunk is done[0] else Entry(type="chunk", name=entry.name, offset=chunk.offset)
            self._entries.append(
                msgspec.structs.replace(
                    base,
                    chunk_size=chunk.size,
                    chunk_offset=chunk.file_offset,
                    chunk_digest=f"sha256:{chunk.hash.hexdigest()}",
                    chunk_type=CHUNK_ZEROS if chunk.zeros else "",
                )
            )

    def _part(self, part: Part, done: list[_ChunkInProgress]) -> None:
        if part.starts:
            file_offset = done[-1].file_offset + done[-1].size if done else 0
            done.append(_ChunkInProgress(part, self._frames.close(), file_offset))
        done[-1].size += len(part.content)
        done[-1].hash.update(part.content)
        self._frames.write(part.content)

    def _raw(self, raw: bytes) -> None:
        """Tar bytes that are no content: into the current frame and the tar-split."""
        if raw:
            self._diff_id.update(raw)
            self._frames.write(raw)
            self._recorder.segment(raw)

    def _record(self, line: bytes) -> None:
        self._split_size += len(line)
        self._split_parts.append(self._split_stream.compress(line))
