"""Reads a whole layer once: decompress, hash and compare at the same time.

The work itself is pure, in ``conformance.format``; this module only schedules it. A large file is unpacked
by its own process, anything else on a thread.
"""

import io
import os
import queue
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import BinaryIO, Final

from conformance.format.examine import Examined, examine
from conformance.format.tarsplit import Record
from conformance.format.toc import Toc
from conformance.observed.layer import WholeLayer
from conformance.sources.unpack_worker import UnpackWorker
from conformance.sources.unpacking import BlobBounds, Progress, Unpacked, Unpacking

LARGE: Final = 32 * 2**20
"""Size of a blob from which a separate process is faster."""
# Batches have 4 to 8 MiB.
_WAITING: Final = 2


class LayerReader:
    """``with LayerReader(blob, bounds) as reader`` starts the process of a large file; then ``read``, at most once."""

    def __init__(self, blob: BinaryIO, bounds: BlobBounds) -> None:
        self._blob, self._bounds = blob, bounds
        self._worker = UnpackWorker(blob, bounds) if _may_have_a_worker(blob) else None

    def __enter__(self) -> "LayerReader":
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.end()

    def read(
        self, toc: Toc | None, records: Iterator[Record] | None, limit: int, progress: Progress | None = None
    ) -> WholeLayer:
        """Read the blob to its end, and at most ``limit`` bytes of tar.

        Raises OSError when it cannot be read, or has more bytes than it may have.
        """
        if (worker := self._worker) is not None:
            worker.limit(limit)
            examined = examine(worker.batches(progress), toc, records)
            return _whole(worker.result(), examined)
        unpacking = Unpacking(self._blob, self._bounds, progress)
        unpacking.limit(limit)
        with closing(_beside(unpacking.batches())) as batches:
            examined = examine(batches, toc, records)
        return _whole(unpacking.result(), examined)


def _may_have_a_worker(blob: BinaryIO) -> bool:
    """Whether it is a large file whose descriptor a process can inherit."""
    if sys.platform == "win32":
        return False
    try:
        return os.fstat(blob.fileno()).st_size >= LARGE
    except (OSError, io.UnsupportedOperation):
        return False


def _whole(unpacked: Unpacked, examined: Examined) -> WholeLayer:
    return WholeLayer(
        unpacked.blob_digest,
        unpacked.blob_size,
        unpacked.diff_id,
        unpacked.tar_size,
        unpacked.frames,
        examined,
        unpacked.problem,
    )


def _beside(batches: Iterator[bytes]) -> Generator[bytes]:
    """The same batches, made on another thread while the last one is used; what is raised there is raised here."""
    waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(_WAITING)
    stopped = threading.Event()

    def put(item: bytes | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.5)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for batch in batches:
                put(batch)
                if stopped.is_set():
                    break
            put(None)
        except BaseException as error:  # any exception is raised in the caller
            put(error)

    thread = threading.Thread(target=work, name="zcc-unpack", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
