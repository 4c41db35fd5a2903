"""What is computed of a tar beside its frames: its digest, those of its files and chunks, and the tar-split.

The digest of the whole tar is updated apart from the others, in pieces of any size: each call takes time.
"""

import hashlib
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec
import zstandard

from conformance.format.crc64 import Crc64
from conformance.format.digest import Digest
from conformance.format.seal import CompressedTarSplit
from conformance.format.tarsplit import Recorder

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

DIGEST_SIZE: Final = 32
_MORE, _STARTS, _RAW, _ENDS = range(4)
_KINDS: Final = 4


class DigestedLayer(msgspec.Struct, frozen=True):
    """``files`` has, for each file with content in order: its SHA-256 and, if it has several chunks, that of each."""

    diff_id: Digest
    tar_split: CompressedTarSplit
    files: bytes

    def each(self) -> Iterator[str]:
        """The digests in ``files``, as text."""
        for start in range(0, len(self.files), DIGEST_SIZE):
            yield f"sha256:{self.files[start : start + DIGEST_SIZE].hex()}"


class LayerDigests:
    """Receives the bytes of a tar in order; ``level`` is that of the tar-split's compression."""

    def __init__(self, level: int) -> None:
        self._tar = hashlib.sha256()
        self._whole: Hash | None = None
        self._chunk: Hash | None = None
        self._crc = Crc64()
        self._size = 0
        self._chunks: list[bytes] = []
        self._raw: list[bytes] = []
        self._files = bytearray()
        self._split = zstandard.ZstdCompressor(level=level).compressobj()
        self._split_parts: list[bytes] = []
        self._split_size = 0
        self._recorder = Recorder(self._record)

    def tar(self, content: bytes | memoryview) -> None:
        """The next bytes of the tar, of any kind."""
        self._tar.update(content)

    def content(self, content: bytes | memoryview, starts: bool) -> None:
        """The next bytes of a file; ``starts``: a chunk begins."""
        if self._whole is None:
            self._whole, self._crc = hashlib.sha256(), Crc64()
        elif starts:
            # Up to the end of the first chunk, its digest is that of the file.
            self._chunks.append((self._chunk or self._whole).digest())
            self._chunk = hashlib.sha256()
        self._whole.update(content)
        if self._chunk is not None:
            self._chunk.update(content)
        self._crc.update(content)
        self._size += len(content)

    def raw(self, content: bytes) -> None:
        """The next bytes of a segment: of headers, padding or end blocks."""
        self._raw.append(content)

    def end_segment(self) -> None:
        """A segment ends."""
        self._recorder.segment(b"".join(self._raw))
        self._raw.clear()

    def end_file(self, name: bytes) -> None:
        """The content of the header of this name, if it has any, ends."""
        if self._whole is None:
            self._recorder.file(name, 0, None)
            return
        self._files += self._whole.digest()
        if self._chunk is not None:
            self._files += b"".join((*self._chunks, self._chunk.digest()))
            self._chunks.clear()
        self._recorder.file(name, self._size, self._crc.digest())
        self._whole = self._chunk = None
        self._size = 0

    def result(self) -> DigestedLayer:
        """All of it, at the end of the tar."""
        self._split_parts.append(self._split.flush())
        tar_split = CompressedTarSplit(b"".join(self._split_parts), self._split_size)
        return DigestedLayer(Digest("sha256", self._tar.hexdigest()), tar_split, bytes(self._files))

    def _record(self, line: bytes) -> None:
        self._split_size += len(line)
        if part := self._split.compress(line):
            self._split_parts.append(part)


class Operations:
    """Calls of LayerDigests as numbers: those of its content, which is elsewhere, in its order."""

    def __init__(self) -> None:
        self._numbers = array("I")
        self._names: list[bytes] = []

    def content(self, size: int, starts: bool) -> None:
        """So many bytes of content follow."""
        self._numbers.append(size * _KINDS + starts)

    def raw(self, size: int) -> None:
        """So many bytes of a segment follow."""
        self._numbers.append(size * _KINDS + _RAW)

    def end_segment(self) -> None:
        """A segment ends."""
        self._numbers.append(_ENDS)

    def end_file(self, name: bytes) -> None:
        """A file ends."""
        self._numbers.append((len(name) + 1) * _KINDS + _ENDS)
        self._names.append(name)

    def take(self) -> tuple[bytes, bytes]:
        """Those since the last call, for ``repeat``."""
        taken = self._numbers.tobytes(), b"".join(self._names)
        self._numbers, self._names = array("I"), []
        return taken


def repeat(target: LayerDigests, content: memoryview, operations: bytes, names: bytes) -> None:
    """Call the target, with this content of the tar."""
    target.tar(content)
    position = named = 0
    for number in memoryview(operations).cast("I"):
        size, kind = divmod(number, _KINDS)
        if kind != _ENDS:
            piece = content[position : position + size]
            position += size
            if kind == _RAW:
                target.raw(bytes(piece))
            else:
                target.content(piece, kind == _STARTS)
        elif size:
            target.end_file(names[named : named + size - 1])
            named += size - 1
        else:
            target.end_segment()
