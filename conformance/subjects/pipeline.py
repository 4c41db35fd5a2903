"""Reads a whole layer once, on three threads: decompress, hash, compare (they run while the GIL is released).

The work itself is pure and lies in the format room; here are only the file, the queues between the threads, and
the order in which they end.
"""

import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from conformance.format.errors import FormatError
from conformance.format.examine import examine
from conformance.format.tarsplit import Record
from conformance.format.toc import Toc
from conformance.format.unpack import LayerUnpacker
from conformance.observation_layer import WholeLayer

_READ: Final = 2**20
# Batches have 4 to 8 MiB: what waits between the threads stays below 50 MiB.
_WAITING: Final = 2

Progress = Callable[[int], None]


def read_whole(
    blob: BinaryIO,
    toc: Toc | None,
    records: Iterator[Record] | None,
    *,
    limit: int,
    progress: Progress | None = None,
) -> WholeLayer:
    """Read ``blob`` to its end; the tar may have ``limit`` bytes. Raises only what reading the file raises."""
    run = _Run(blob, limit, progress)
    reader = threading.Thread(target=run.guard, args=(run.unpack,), name="zcc-unpack", daemon=True)
    hasher = threading.Thread(target=run.guard, args=(run.hash_tar,), name="zcc-hash", daemon=True)
    reader.start()
    hasher.start()
    try:
        examined = examine(run.batches(run.to_examine), toc, records)
    finally:
        run.stopping.set()
        reader.join()
        hasher.join()
    if run.failure is not None:
        raise run.failure
    return WholeLayer(
        f"sha256:{run.blob_hash.hexdigest()}",
        run.blob_size,
        f"sha256:{run.tar_hash.hexdigest()}",
        run.unpacker.size,
        run.unpacker.table,
        examined,
        run.problem,
    )


_Queue = queue.Queue[bytes | None]


class _Run:
    """What the threads share. None in a queue is its end."""

    def __init__(self, blob: BinaryIO, limit: int, progress: Progress | None) -> None:
        self._blob, self._progress = blob, progress
        self.unpacker = LayerUnpacker(limit=limit)
        self.blob_hash, self.tar_hash = hashlib.sha256(), hashlib.sha256()
        self.blob_size = 0
        self.to_examine: _Queue = queue.Queue(_WAITING)
        self._to_hash: _Queue = queue.Queue(_WAITING)
        self.problem: FormatError | None = None
        self.failure: BaseException | None = None
        self.stopping = threading.Event()
        """The comparison has ended, before its time if there is more to read: nobody wants the rest any more."""

    def guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.failure = self.failure or error

    def unpack(self) -> None:
        try:
            self._unpack()
        finally:
            self._put(None)

    def _unpack(self) -> None:
        while not self.stopping.is_set() and (piece := self._blob.read(_READ)):
            self.blob_hash.update(piece)
            self.blob_size += len(piece)
            if self._progress is not None:
                self._progress(len(piece))
            if self.problem is None:
                self._pass_on(self.unpacker.feed(piece))
        if self.problem is None:
            self._pass_on(self.unpacker.finish())

    def _pass_on(self, batches: Iterator[bytes]) -> None:
        try:
            for batch in batches:
                self._put(batch)
        except FormatError as error:
            self.problem = error

    def _put(self, batch: bytes | None) -> None:
        self._to_hash.put(batch)
        while not self.stopping.is_set():
            try:
                self.to_examine.put(batch, timeout=0.5)
            except queue.Full:
                continue
            return

    def hash_tar(self) -> None:
        try:
            for batch in self.batches(self._to_hash):
                self.tar_hash.update(batch)
        except BaseException:
            for _ in self.batches(self._to_hash):  # or who puts would wait for ever
                pass
            raise

    def batches(self, source: _Queue) -> Iterator[bytes]:
        while (batch := source.get()) is not None:
            yield batch
