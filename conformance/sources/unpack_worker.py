"""``python -m conformance.sources.unpack_worker``: unpacks a blob in its own process, into shared memory.

One process decompresses and hashes while the other reads the tar. The worker has the blob as an inherited file. It
states on standard output which slot it filled, and waits on standard input for slots that are free again. It fills all
slots before it needs the limit of the tar, the first line of standard input: the limit follows from the TOC, which is
read meanwhile.
"""

import os
import struct
import sys
from array import array
from collections.abc import Iterator
from typing import IO, BinaryIO, Final

import msgspec

from conformance.format import errors
from conformance.format.frames import Frame
from conformance.format.unpack import FrameTable
from conformance.format.window_watch import FarMatch
from conformance.sources.unpacking import BlobBounds, Progress, Unpacked, Unpacking
from conformance.sources.worker_process import SharedMemory, WorkerProcess, inherited_memory

SLOTS: Final = 12
SLOT_SIZE: Final = 8 * 2**20
"""Bytes: a batch is given out once it has 4 MiB, and the last piece in it has at most as many."""
MAX_MESSAGE: Final = 512 * 2**20

_MODULE: Final = "conformance.sources.unpack_worker"
_LENGTH: Final = struct.Struct("<I")


class _Batch(msgspec.Struct, frozen=True, tag="batch"):
    slot: int
    size: int
    blob_size: int


class _Table(msgspec.Struct, frozen=True):
    """A FrameTable with its arrays as bytes."""

    offsets: bytes
    tar_offsets: bytes
    data_count: int
    skippable_count: int
    skippable: list[Frame]
    wide: list[Frame]
    with_dictionary: list[Frame]
    last_data_end: int
    first: Frame | None
    far: list[FarMatch]
    unwatched: bool


class _Done(msgspec.Struct, frozen=True, tag="done"):
    blob_digest: str
    blob_size: int
    diff_id: str
    tar_size: int
    table: _Table
    problem: tuple[str, str, str] | None


class _Failed(msgspec.Struct, frozen=True, tag="failed"):
    number: int
    message: str


_Message = _Batch | _Done | _Failed
_DECODER: Final = msgspec.msgpack.Decoder(_Message)
_PROBLEMS: Final = {
    kind.__name__: kind for kind in (errors.FormatError, errors.LimitError, errors.StructureError, errors.ChecksumError)
}


class UnpackWorker:
    """The other side: ``with UnpackWorker(blob, bounds) as worker`` starts it, as soon as possible.

    ``limit`` the tar, then take ``batches`` to the end, each to be used before the next is requested; then ``result``.
    """

    def __init__(self, blob: BinaryIO, bounds: BlobBounds) -> None:
        arguments = (str(blob.fileno()), msgspec.json.encode(bounds).decode())
        self._shared = SharedMemory(SLOTS * SLOT_SIZE)
        self._process = WorkerProcess(_MODULE, self._shared, arguments, (blob.fileno(),))
        self._result: Unpacked | None = None

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def __enter__(self) -> "UnpackWorker":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Kill the process, and close what it had."""
        self._process.kill()
        self._process.close()
        self._shared.close()

    def limit(self, tar: int) -> None:
        """The tar has at most so many bytes."""
        self._process.tell(b"%d\n" % tar)

    def batches(self, progress: Progress | None = None) -> Iterator[memoryview]:
        """The tar in pieces, after ``limit``. Raises OSError when the blob cannot be read, or the worker ended."""
        view = memoryview(self._shared.memory)
        told = 0
        while True:
            message = _receive(self._process.stdout)
            if isinstance(message, _Failed):
                raise OSError(message.number, message.message)
            if isinstance(message, _Done):
                self._result = _unpacked(message)
            if progress is not None:
                progress(message.blob_size - told)
            told = message.blob_size
            if isinstance(message, _Done):
                return
            start = message.slot * SLOT_SIZE
            yield view[start : start + message.size]
            self._process.tell(b"\n")

    def result(self) -> Unpacked:
        """The result of unpacking the blob."""
        if self._result is None:
            raise OSError("the unpacking process has not ended")
        return self._result


def _receive(stream: IO[bytes]) -> _Message:
    head = stream.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else MAX_MESSAGE + 1
    body = stream.read(length) if length <= MAX_MESSAGE else b""
    if len(body) != length:
        raise OSError("the unpacking process ended before its work was done")
    message: _Message = _DECODER.decode(body)
    return message


def _unpacked(done: _Done) -> Unpacked:
    table = done.table
    frames = FrameTable(
        array("Q", table.offsets),
        array("Q", table.tar_offsets),
        table.data_count,
        table.skippable_count,
        table.skippable,
        table.wide,
        table.with_dictionary,
        table.last_data_end,
        table.first,
        table.far,
        table.unwatched,
    )
    problem = None
    if done.problem is not None:
        kind, what, where = done.problem
        problem = _PROBLEMS[kind](what, where=where)
    return Unpacked(done.blob_digest, done.blob_size, done.diff_id, done.tar_size, frames, problem)


def _work(blob: BinaryIO, memory: memoryview, bounds: BlobBounds, stdin: IO[bytes], stdout: IO[bytes]) -> None:
    """Fill slots in turn; a slot is written again only when the other side is done with it."""
    read = 0

    def progress(count: int) -> None:
        nonlocal read
        read += count

    unpacking = Unpacking(blob, bounds, progress)
    is_limited = False
    for number, batch in enumerate(unpacking.batches()):
        if number >= SLOTS:
            is_limited = is_limited or _limit(unpacking, stdin)
            if not is_limited or not stdin.read(1):
                return
        slot = number % SLOTS
        memory[slot * SLOT_SIZE : slot * SLOT_SIZE + len(batch)] = batch
        _send(stdout, _Batch(slot, len(batch), read))
    if is_limited or _limit(unpacking, stdin):
        _send(stdout, _done(unpacking.result()))


def _limit(unpacking: Unpacking, stdin: IO[bytes]) -> bool:
    """Wait for the limit; False when the other side has ended."""
    line = stdin.readline()
    if line:
        unpacking.limit(int(line))
    return bool(line)


def _done(result: Unpacked) -> _Done:
    frames, problem = result.frames, result.problem
    table = _Table(
        frames.offsets.tobytes(),
        frames.tar_offsets.tobytes(),
        frames.data_count,
        frames.skippable_count,
        frames.skippable,
        frames.wide,
        frames.with_dictionary,
        frames.last_data_end,
        frames.first,
        frames.far,
        frames.unwatched,
    )
    told = None if problem is None else (type(problem).__name__, problem.what, problem.where)
    return _Done(result.blob_digest, result.blob_size, result.diff_id, result.tar_size, table, told)


def _send(stream: IO[bytes], message: _Message) -> None:
    body = msgspec.msgpack.encode(message)
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def main() -> None:
    """Arguments: the shared memory's file, the blob's file, the bounds of the blob as JSON."""
    memory_file, blob_file = (int(argument) for argument in sys.argv[1:3])
    bounds = msgspec.json.decode(sys.argv[3], type=BlobBounds)
    try:
        with inherited_memory(memory_file, SLOTS * SLOT_SIZE) as memory, os.fdopen(blob_file, "rb") as blob:
            _work(blob, memory, bounds, sys.stdin.buffer, sys.stdout.buffer)
    except OSError as error:
        _send(sys.stdout.buffer, _Failed(error.errno or 0, error.strerror or str(error)))


if __name__ == "__main__":
    main()
