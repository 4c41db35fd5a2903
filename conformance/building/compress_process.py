"""``python -m conformance.building.compress_process``: compresses the frames of a layer in its own process.

The other side puts content into slots of shared memory, and states on standard input which slot has how many bytes, and
where frames end. This process responds on standard output with the sizes of the frames; the frames are in another slot,
or on standard output too if they do not fit. It does not wait for the other side to take them from a pipe.
"""

import struct
import sys
import threading
from array import array
from collections.abc import Callable
from typing import IO, Final

from conformance.building.slots import MEMORY, SLOT_SIZE, frames_slot, tar_slot
from conformance.format.frame_writer import Compressor, Output
from conformance.sources.worker_process import SharedMemory, WorkerProcess, inherited_memory

_MODULE: Final = "conformance.building.compress_process"
_MAX_FRAMES: Final = 2**26
# Slot and number of segments; of a segment twice its size, and 1 more if a frame ends after it.
_REQUEST: Final = struct.Struct("<II")
# Slot, number of frames that end, and of bytes.
_RESPONSE: Final = struct.Struct("<III")
_ENDED: Final = "the compressing process ended before its work was done"


class CompressProcess:
    """The process, and the thread that writes what it made; ``done`` is called after each slot, and after an error."""

    def __init__(
        self, memory: SharedMemory, output: Output, level: int, checksums: bool, done: Callable[[], object]
    ) -> None:
        self._memory, self._output, self._done = memory.memory, output, done
        self._process = WorkerProcess(_MODULE, memory, (str(level), str(int(checksums))))
        self._count = 0
        self._is_finishing = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write_all, name="zcc-compressed", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def put(self, slot: int, segments: "array[int]") -> None:
        """Compress the content of a slot."""
        self.raise_error()
        self._count += 1
        self._process.tell(_REQUEST.pack(slot, len(segments)) + segments.tobytes())

    def finish(self) -> None:
        """Wait until all is written."""
        self._is_finishing = True
        self._process.tell_end()
        self._thread.join()
        self.raise_error()
        if self._process.wait():
            raise OSError(_ENDED)

    def end(self) -> None:
        """Kill the process, and close what it had."""
        self._process.kill()
        self._thread.join()
        self._process.close()

    def raise_error(self) -> None:
        """Raise what the output raised, if it did."""
        if self._error is not None:
            raise self._error

    def _write_all(self) -> None:
        stdout = self._process.stdout
        finished = 0
        try:
            while head := stdout.read(_RESPONSE.size):
                slot, count, size = _RESPONSE.unpack(head)
                if size > _MAX_FRAMES:
                    raise OSError(f"the compressing process made {size} bytes of {SLOT_SIZE}")
                sizes = array("Q", stdout.read(8 * count))
                if size > SLOT_SIZE:
                    self._output.frames(stdout.read(size), sizes)
                else:
                    with memoryview(self._memory) as memory, memory[frames_slot(slot)] as frames:
                        self._output.frames(frames[:size], sizes)
                finished += 1
                self._done()
            if finished < self._count or not self._is_finishing:
                raise OSError(_ENDED)
        except BaseException as error:  # raised again in the thread that writes
            self._error = error
            self._process.kill()
            self._done()


def _work(memory: memoryview, stdin: IO[bytes], stdout: IO[bytes], level: int, checksums: bool) -> None:
    made: list[bytes] = []
    total = last = 0

    def emit(piece: bytes) -> None:
        nonlocal total
        made.append(piece)
        total += len(piece)

    compressor = Compressor(level, checksums, emit)
    while head := stdin.read(_REQUEST.size):
        slot, count = _REQUEST.unpack(head)
        position = tar_slot(slot).start
        sizes = array("Q")
        for segment in array("I", stdin.read(4 * count)):
            size, ends = segment >> 1, segment & 1
            if ends:
                compressor.last(memory[position : position + size])
                sizes.append(total - last)
                last = total
            else:
                compressor.write(bytes(memory[position : position + size]))
            position += size
        frames = b"".join(made)
        head = _RESPONSE.pack(slot, len(sizes), len(frames)) + sizes.tobytes()
        if len(frames) > SLOT_SIZE:
            stdout.write(head + frames)
        else:  # the other side reads them as soon as it has the sizes
            start = frames_slot(slot).start
            memory[start : start + len(frames)] = frames
            stdout.write(head)
        stdout.flush()
        made.clear()


def main() -> None:
    """Arguments: the shared memory's file, the level, 1 for checksums."""
    file, level, checksums = (int(argument) for argument in sys.argv[1:])
    with inherited_memory(file, MEMORY) as memory:
        _work(memory, sys.stdin.buffer, sys.stdout.buffer, level, bool(checksums))


if __name__ == "__main__":
    main()
