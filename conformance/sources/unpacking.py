"""Decompresses a blob and hashes it and its tar, the hashing on its own thread (hashlib releases the GIL).

Used by both ways of reading a whole layer: a thread of this process, or another process (``pipeline``).
"""

import errno
import hashlib
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import msgspec

from conformance.format.errors import FormatError, LimitError
from conformance.format.unpack import FrameTable, LayerUnpacker

READ: Final = 2**20
MAX_FRAMES: Final = 2**21
"""Frames of a blob whose offsets are held; a layer of a million files has as many, and their headers."""
# Pieces have up to 8 MiB: what waits for the hashing thread stays below 40 MiB.
_WAITING: Final = 4

Progress = Callable[[int], None]
_Hashing = queue.Queue["tuple[hashlib._Hash, bytes] | None"]


class BlobBounds(msgspec.Struct, frozen=True):
    """``size``: bytes of a blob at most (a file may grow while it is read); the algorithm of its digest."""

    size: int
    algorithm: str = "sha256"


class Unpacked(msgspec.Struct, frozen=True):
    """The result of unpacking a blob: sizes in bytes; ``problem`` is why it did not decompress to its end."""

    blob_digest: str
    blob_size: int
    diff_id: str
    tar_size: int
    frames: FrameTable
    problem: FormatError | None = None


class Unpacking:
    """Take ``batches`` of the tar to the end, then ``result``. The blob is always read to its end."""

    def __init__(self, blob: BinaryIO, bounds: BlobBounds, progress: Progress | None = None) -> None:
        self._blob, self._bounds, self._progress = blob, bounds, progress
        self._unpacker = LayerUnpacker(limit=sys.maxsize, watch=True)
        self._blob_hash, self._tar_hash = hashlib.new(bounds.algorithm), hashlib.sha256()
        self._blob_size = 0
        self._problem: FormatError | None = None

    def limit(self, tar: int) -> None:
        """The tar has at most so many bytes. May be called at any time: a tar that has more by then is stopped."""
        try:
            self._unpacker.set_limit(tar)
        except LimitError as error:
            self._problem = self._problem or error

    def batches(self) -> Iterator[bytes]:
        """The tar in pieces of some MiB. Raises what reading the blob raises."""
        hashing: _Hashing = queue.Queue(_WAITING)
        failures: list[BaseException] = []
        hasher = threading.Thread(target=_hash_all, args=(hashing, failures), name="zcc-hash", daemon=True)
        hasher.start()
        try:
            while piece := self._blob.read(READ):
                hashing.put((self._blob_hash, piece))
                self._blob_size += len(piece)
                if self._blob_size > self._bounds.size:
                    raise OSError(errno.EFBIG, f"it has more than {self._bounds.size} bytes")
                if self._progress is not None:
                    self._progress(len(piece))
                yield from self._hashed(self._unpacker.feed(piece), hashing)
                if len(self._unpacker.table.offsets) > MAX_FRAMES:
                    raise OSError(errno.EFBIG, f"it has more than {MAX_FRAMES} frames")
            yield from self._hashed(self._unpacker.finish(), hashing)
        finally:
            hashing.put(None)
            hasher.join()
        if failures:
            raise failures[0]

    def result(self) -> Unpacked:
        """The result, after all batches."""
        return Unpacked(
            f"{self._bounds.algorithm}:{self._blob_hash.hexdigest()}",
            self._blob_size,
            f"sha256:{self._tar_hash.hexdigest()}",
            self._unpacker.size,
            self._unpacker.table,
            self._problem,
        )

    def _hashed(self, batches: Iterator[bytes], hashing: _Hashing) -> Iterator[bytes]:
        if self._problem is not None:
            return
        try:
            for batch in batches:
                hashing.put((self._tar_hash, batch))
                yield batch
        except FormatError as error:
            self._problem = error


def _hash_all(hashing: _Hashing, failures: list[BaseException]) -> None:
    while (item := hashing.get()) is not None:
        digest, content = item
        if not failures:  # otherwise only consumed, so that the producer does not block
            try:
                digest.update(content)
            except BaseException as error:
                failures.append(error)
