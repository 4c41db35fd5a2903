"""``python -m conformance.building.compress_process``: compresses the frames of a layer in its own process.

The other side puts content into slots of shared memory, and states on standard input which slot has how many bytes, and
where frames end. This process responds on standard output with the compressed bytes and the sizes of the frames; the
slot is then free again. In the end it gives the digest of all content.
"""

import hashlib
import mmap
import os
import struct
import sys
import threading
from array import array
from concurrent.futures import ThreadPoolExecutor
from typing import IO, BinaryIO, Final

from conformance.format.digest import Digest
from conformance.format.frame_writer import Compressor, FrameNumbers, Frames, Output
from conformance.sources.worker_process import WorkerProcess

SLOTS: Final = 4
SLOT_SIZE: Final = 4 * 2**20
"""Bytes: a smaller layer needs no process, which takes a tenth of a second to start."""

_MODULE: Final = "conformance.building.compress_process"
_USED = SLOT_SIZE
_MAX_RESPONSE: Final = 2**26
# Slot and number of segments; of a segment twice its size, and 1 more if a frame ends after it.
_REQUEST: Final = struct.Struct("<II")
# Number of frames that end, and of bytes; at the end _LAST, and the digest of all content.
_RESPONSE: Final = struct.Struct("<II")
_LAST: Final = 2**32 - 1


class ProcessFrames:
    """A FrameWriter with a process, which starts once a slot is full; ``end`` it in any case.

    The output is written in a thread of this process; what it raises is raised by the next call.
    """

    def __init__(self, blob: BinaryIO, level: int, checksums: bool) -> None:
        self._blob, self._level, self._checksums = blob, level, checksums
        self._numbers = FrameNumbers()
        self._segments = array("I")
        self._slot, self._used = memoryview(bytearray(SLOT_SIZE)), 0
        self._process: _Process | None = None
        self._output = Output(blob)

    def write(self, content: bytes) -> None:
        """Add content to the current frame."""
        self._numbers.write(content)
        view = memoryview(content)
        while len(view) > (room := _USED - self._used):
            self._put(view[:room])
            self._hand_over()
            view = view[room:]
        if view:
            self._put(view)

    def close(self) -> int:
        """End the current frame; return the number of the next one."""
        ended, number = self._numbers.close()
        if ended:
            if self._segments and not self._segments[-1] & 1:
                self._segments[-1] |= 1
            else:
                self._segments.append(1)
        return number

    def settle(self) -> None:
        """Return when all frames are in the output."""
        if self._process is None:
            self._compress_here()
            return
        self._hand_over()
        self._process.finish()

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

    @property
    def content_digest(self) -> Digest:
        if isinstance(self._output, Frames):
            return self._output.content_digest
        assert self._process is not None, "the frames have not settled"
        return self._process.content_digest

    def end(self) -> None:
        """Kill the process, if there is one, and end the thread."""
        self._slot.release()
        if self._process is not None:
            self._process.end()

    def _put(self, content: memoryview) -> None:
        self._slot[self._used : self._used + len(content)] = content
        self._used += len(content)
        self._segments.append(len(content) << 1)

    def _hand_over(self) -> None:
        if self._process is None:
            self._process = _Process(self._output, self._level, self._checksums)
            first = self._process.free_slot()
            first[: self._used] = self._slot[: self._used]
            self._slot.release()
            self._slot = first
        if self._segments:
            self._process.put(self._segments)
            self._slot.release()
            self._slot, self._used, self._segments = self._process.free_slot(), 0, array("I")

    def _compress_here(self) -> None:
        frames = Frames(self._blob, self._level, self._checksums)
        position = 0
        for segment in self._segments:
            frames.write(bytes(self._slot[position : position + (segment >> 1)]))
            position += segment >> 1
            if segment & 1:
                frames.close()
        self._output = frames


class _Process:
    """The process, its memory, and the thread that writes what it made."""

    def __init__(self, output: Output, level: int, checksums: bool) -> None:
        self._output = output
        self._process = WorkerProcess(_MODULE, SLOTS * SLOT_SIZE, (str(level), str(int(checksums))))
        self._free = threading.Semaphore(SLOTS)
        self._count = 0
        self._is_finishing = False
        self.content_digest = Digest("sha256", "")
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write_all, name="zcc-compressed", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def free_slot(self) -> memoryview:
        """The memory of the next slot, once it is free. Raises what the output raised."""
        self._free.acquire()
        self._raise()
        start = self._count % SLOTS * SLOT_SIZE
        with memoryview(self._process.memory) as memory:
            return memory[start : start + SLOT_SIZE]

    def put(self, segments: "array[int]") -> None:
        """Compress the content of the slot that was given last."""
        slot = self._count % SLOTS
        self._count += 1
        self._process.tell(_REQUEST.pack(slot, len(segments)) + segments.tobytes())

    def finish(self) -> None:
        """Wait until all is written."""
        self._is_finishing = True
        self._process.tell_end()
        self._thread.join()
        self._raise()
        if self._process.wait():
            raise OSError("the compressing process ended before its work was done")

    def end(self) -> None:
        """Kill the process, and close what it had."""
        self._process.kill()
        self._thread.join()
        self._process.close()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _write_all(self) -> None:
        stdout = self._process.stdout
        done = 0
        try:
            while head := stdout.read(_RESPONSE.size):
                count, size = _RESPONSE.unpack(head)
                if count == _LAST:
                    self.content_digest = Digest("sha256", stdout.read(size).hex())
                    continue
                if size > _MAX_RESPONSE:
                    raise OSError(f"the compressing process made {size} bytes of {SLOT_SIZE}")
                sizes = array("Q", stdout.read(8 * count))
                content = stdout.read(size)
                self._output.frames(content, sizes)
                done += 1
                self._free.release()
            if done < self._count or not self._is_finishing:
                raise OSError("the compressing process ended before its work was done")
        except BaseException as error:  # raised again in the thread that writes
            self._error = error
            self._process.kill()
            self._free.release(SLOTS)  # a writer that waits for a slot raises the error


def _work(memory: mmap.mmap, stdin: IO[bytes], stdout: IO[bytes], level: int, checksums: bool) -> None:
    made: list[bytes] = []
    total = last = 0

    def emit(piece: bytes) -> None:
        nonlocal total
        made.append(piece)
        total += len(piece)

    compressor, digest = Compressor(level, checksums, emit), hashlib.sha256()
    with memoryview(memory) as view, ThreadPoolExecutor(1) as beside:
        while head := stdin.read(_REQUEST.size):
            slot, count = _REQUEST.unpack(head)
            segments = array("I", stdin.read(4 * count))
            position = slot * SLOT_SIZE
            hashed = beside.submit(digest.update, view[position : position + sum(each >> 1 for each in segments)])
            sizes = array("Q")
            for segment in segments:
                if size := segment >> 1:
                    compressor.write(bytes(view[position : position + size]))
                    position += size
                if segment & 1:
                    compressor.end()
                    sizes.append(total - last)
                    last = total
            content = b"".join(made)
            made.clear()
            hashed.result()
            stdout.write(_RESPONSE.pack(len(sizes), len(content)) + sizes.tobytes() + content)
            stdout.flush()
    stdout.write(_RESPONSE.pack(_LAST, digest.digest_size) + digest.digest())
    stdout.flush()


def main() -> None:
    """Arguments: the shared memory's file, the level, 1 for checksums."""
    file, level, checksums = (int(argument) for argument in sys.argv[1:])
    try:
        with mmap.mmap(file, SLOTS * SLOT_SIZE) as memory:
            _work(memory, sys.stdin.buffer, sys.stdout.buffer, level, bool(checksums))
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)  # the other side has ended, or reported the error


if __name__ == "__main__":
    main()
