"""The sink of a large layer: one process compresses, another computes digests, and both read the same memory.

Each has an interpreter lock of its own. The caller reads the tar, and finds the ends of chunks.
"""

import threading
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Final

from conformance.building.compress_process import CompressProcess
from conformance.building.digest_process import DigestProcess
from conformance.building.slots import MEMORY, SLOT_SIZE, SLOTS, tar_slot
from conformance.format.digest import Digest
from conformance.format.frame_writer import FrameNumbers, Frames, Output
from conformance.format.layer_digests import DigestedLayer, LayerDigests, Operations, repeat
from conformance.format.writer import SinkMaker
from conformance.sources.worker_process import SharedMemory

_USED: Final = SLOT_SIZE


class ProcessSink:
    """A LayerSink with processes, which start once a slot is full; ``end`` it in any case.

    The output is written in a thread of this process; what it raises is raised by the next call.
    """

    def __init__(self, blob: BinaryIO, level: int, checksums: bool) -> None:
        self._blob, self._level, self._checksums = blob, level, checksums
        self._numbers = FrameNumbers()
        self._operations = Operations()
        self._segments = array("I")
        self._segment = 0
        """Bytes in the slot since the last end of a segment."""
        self._slot, self._used = memoryview(bytearray(SLOT_SIZE)), 0
        self._processes: Processes | None = None
        self._output = Output(blob)

    def content(self, content: bytes | memoryview, starts: bool) -> None:
        """The next bytes of a file, in the current frame; ``starts``: a chunk begins."""
        while content:
            size = self._write(content)
            self._operations.content(size, starts)
            content, starts = content[size:], False

    def segment(self, raw: bytes) -> None:
        """A segment of the tar-split, in the current frame."""
        while raw:
            size = self._write(raw)
            self._operations.raw(size)
            raw = raw[size:]
        self._operations.end_segment()

    def end_file(self, name: bytes) -> None:
        """The content of the header of this name, if it has any, ends."""
        self._operations.end_file(name)

    def close(self) -> int:
        """End the current frame; return the number of the next one."""
        ended, number = self._numbers.close()
        if ended:
            self._segments.append(self._segment << 1 | 1)
            self._segment = 0
        return number

    def settle(self) -> DigestedLayer:
        """Return when all frames are in the output."""
        if self._processes is None:
            return self._work_here()
        self._put()
        return self._processes.finish()

    def start(self, number: int) -> int:
        """The offset of the frame of this number, and the end of the one before."""
        return self._output.start(number)

    def append(self, raw: bytes) -> None:
        """Write bytes to the output without compression; the frames have settled."""
        self._output.append(raw)

    @property
    def digest(self) -> Digest:
        return self._output.digest

    @property
    def position(self) -> int:
        return self._output.position

    def end(self) -> None:
        """Kill the processes, if there are any, and end the thread."""
        self._slot.release()
        if self._processes is not None:
            self._processes.end()

    def _write(self, content: bytes | memoryview) -> int:
        """Put the first bytes into a slot; return how many."""
        if self._used == _USED:
            self._hand_over()
        size = min(len(content), _USED - self._used)
        self._slot[self._used : self._used + size] = content if size == len(content) else content[:size]
        self._numbers.write(content)
        self._used += size
        self._segment += size
        return size

    def _hand_over(self) -> None:
        if self._processes is None:
            self._processes = Processes(self._output, self._level, self._checksums)
            first = self._processes.free_slot()
            first[: self._used] = self._slot[: self._used]
            self._slot.release()
            self._slot = first
        self._put()
        self._slot = self._processes.free_slot()

    def _put(self) -> None:
        assert self._processes is not None
        self._slot.release()
        self._processes.put(self._used, self._take_segments(), *self._operations.take())
        self._used = 0

    def _take_segments(self) -> "array[int]":
        if self._segment:
            self._segments.append(self._segment << 1)
            self._segment = 0
        taken, self._segments = self._segments, array("I")
        return taken

    def _work_here(self) -> DigestedLayer:
        frames, digests = Frames(self._blob, self._level, self._checksums), LayerDigests(self._level)
        position = 0
        for segment in self._take_segments():
            frames.write(bytes(self._slot[position : position + (segment >> 1)]))
            position += segment >> 1
            if segment & 1:
                frames.close()
        repeat(digests, self._slot[:position], *self._operations.take())
        self._output = frames
        return digests.result()


class Processes:
    """Both processes, and their memory."""

    def __init__(self, output: Output, level: int, checksums: bool) -> None:
        self._written = threading.Semaphore(SLOTS)
        self._count = 0
        with ExitStack() as stack:  # when the second cannot be started, the first ends
            self._memory = SharedMemory(MEMORY)
            stack.callback(self._memory.close)
            self.compress = CompressProcess(self._memory, output, level, checksums, self._written.release)
            stack.callback(self.compress.end)
            self.digest = DigestProcess(self._memory, level)
            stack.callback(self.digest.end)
            self._ends = stack.pop_all()

    def free_slot(self) -> memoryview:
        """The memory of the next slot, once it is free. Raise what the output raised."""
        self._written.acquire()
        self.compress.raise_error()
        self.digest.wait(SLOTS - 1)
        with memoryview(self._memory.memory) as memory:
            return memory[tar_slot(self._count % SLOTS)]

    def put(self, size: int, segments: "array[int]", operations: bytes, names: bytes) -> None:
        """Give both the slot that was given last."""
        slot = self._count % SLOTS
        self._count += 1
        self.compress.put(slot, segments)
        self.digest.put(slot, size, operations, names)

    def finish(self) -> DigestedLayer:
        """Wait until all is written, and computed."""
        self.compress.finish()
        return self.digest.finish()

    def end(self) -> None:
        """Kill both, and close what they had."""
        self._ends.close()


@contextmanager
def process_sinks() -> Iterator[SinkMaker]:
    """Makes a sink; its processes end with the context."""
    with ExitStack() as stack:

        def sink(blob: BinaryIO, level: int, checksums: bool) -> ProcessSink:
            made = ProcessSink(blob, level, checksums)
            stack.callback(made.end)
            return made

        yield sink
