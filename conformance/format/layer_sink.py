"""Where the bytes of a tar go while a layer is written: into frames, and to the digests; here at once."""

from typing import BinaryIO, Protocol

from conformance.format.digest import Digest
from conformance.format.frame_writer import Frames
from conformance.format.layer_digests import DigestedLayer, LayerDigests


class LayerSink(Protocol):
    """Receives the bytes of a tar in order. Frames are numbered; their positions are known when it has settled.

    Each method may raise what an earlier call led to.
    """

    def content(self, content: bytes | memoryview, starts: bool) -> None:
        """The next bytes of a file, in the current frame; ``starts``: a chunk begins."""

    def segment(self, raw: bytes) -> None:
        """Bytes of the tar that are no content, in the current frame: a segment of the tar-split."""

    def end_file(self, name: bytes) -> None:
        """The content of the header of this name, if it has any, ends."""

    def close(self) -> int:
        """End the current frame, if it has bytes; return the number of the next one."""

    def settle(self) -> DigestedLayer:
        """Return when all frames are in the output."""

    def start(self, number: int) -> int:
        """The offset of the frame of this number, and the end of the one before."""

    def append(self, raw: bytes) -> None:
        """Write bytes to the output without compression."""

    @property
    def digest(self) -> Digest:
        """The digest of the output so far."""

    @property
    def position(self) -> int:
        """The number of bytes of the output so far."""


class InlineSink(Frames):
    """Compresses and computes digests in the caller."""

    def __init__(self, blob: BinaryIO, level: int, checksums: bool) -> None:
        super().__init__(blob, level, checksums)
        self._digests = LayerDigests(level)

    def content(self, content: bytes | memoryview, starts: bool) -> None:
        """The next bytes of a file."""
        self.write(content)
        self._digests.tar(content)
        self._digests.content(content, starts)

    def segment(self, raw: bytes) -> None:
        """A segment of the tar-split."""
        self.write(raw)
        self._digests.tar(raw)
        self._digests.raw(raw)
        self._digests.end_segment()

    def end_file(self, name: bytes) -> None:
        """A file ends."""
        self._digests.end_file(name)

    def settle(self) -> DigestedLayer:
        """All is written."""
        return self._digests.result()
