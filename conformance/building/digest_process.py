"""``python -m conformance.building.digest_process``: computes digests and tar-split of a layer in its own process.

The other side puts the tar into slots of shared memory, and states on standard input what a slot has. This process
responds with one byte for each slot; in the end with the result.
"""

import struct
import sys
from typing import IO, Final

import msgspec

from conformance.building.slots import MEMORY, tar_slot
from conformance.format.layer_digests import DigestedLayer, LayerDigests, repeat
from conformance.sources.worker_process import SharedMemory, WorkerProcess, inherited_memory

_MODULE: Final = "conformance.building.digest_process"
# Slot, its bytes, those of the operations and those of their names.
_REQUEST: Final = struct.Struct("<IIII")
_DONE: Final = b"\n"
_ENDED: Final = "the process for digests ended before its work was done"


class DigestProcess:
    """The process; ``end`` it in any case."""

    def __init__(self, memory: SharedMemory, level: int) -> None:
        self._process = WorkerProcess(_MODULE, memory, (str(level),))
        self._waiting = 0

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def put(self, slot: int, size: int, operations: bytes, names: bytes) -> None:
        """Compute the digests of so many bytes in a slot."""
        self._waiting += 1
        self._process.tell(_REQUEST.pack(slot, size, len(operations), len(names)) + operations + names)

    def wait(self, waiting: int) -> None:
        """Return when it has at most so many slots to read. Raise OSError when it ended before."""
        while self._waiting > waiting:
            if self._process.stdout.read(1) != _DONE:
                raise OSError(_ENDED)
            self._waiting -= 1

    def finish(self) -> DigestedLayer:
        """The result. Raise OSError when it ended before."""
        self._process.tell_end()
        self.wait(0)
        message = self._process.stdout.read()
        if self._process.wait():
            raise OSError(_ENDED)
        return msgspec.msgpack.decode(message, type=DigestedLayer)

    def end(self) -> None:
        """Kill the process, and close what it had."""
        self._process.kill()
        self._process.close()


def _work(memory: memoryview, stdin: IO[bytes], stdout: IO[bytes], level: int) -> None:
    digests = LayerDigests(level)
    while head := stdin.read(_REQUEST.size):
        slot, size, operations, names = _REQUEST.unpack(head)
        content = memory[tar_slot(slot)][:size]
        repeat(digests, content, stdin.read(operations), stdin.read(names))
        stdout.write(_DONE)
        stdout.flush()
    stdout.write(msgspec.msgpack.encode(digests.result()))
    stdout.flush()


def main() -> None:
    """Arguments: the shared memory's file, the level of the tar-split."""
    file, level = (int(argument) for argument in sys.argv[1:])
    with inherited_memory(file, MEMORY) as memory:
        _work(memory, sys.stdin.buffer, sys.stdout.buffer, level)


if __name__ == "__main__":
    main()
