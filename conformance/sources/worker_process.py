"""A module of this package in its own process, with memory that both sides see: they share no interpreter lock.

The memory is an inherited file, whose number is the first argument of the module; several processes may have the same.
Messages go through standard input and output; the process ends when the other side does.
"""

import contextlib
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import conformance

_ROOT: Final = str(Path(conformance.__file__).parents[1])


class SharedMemory:
    """Memory of ``size`` bytes in a file without a name, which worker processes inherit; ``close`` it in any case."""

    def __init__(self, size: int) -> None:
        self.file = os.memfd_create("zcc-worker") if hasattr(os, "memfd_create") else _unnamed_file()
        os.ftruncate(self.file, size)
        self.memory = mmap.mmap(self.file, size)

    def close(self) -> None:
        """Close the file. The memory is released with the last view of it, maybe in a traceback."""
        os.close(self.file)


class WorkerProcess:
    """Starts ``python -m MODULE FILE ARGUMENTS…``, as soon as possible; ``kill`` and ``close`` it in any case.

    FILE is that of the memory. ``files`` are descriptors that the process inherits too.
    """

    def __init__(self, module: str, memory: SharedMemory, arguments: Sequence[str], files: Sequence[int] = ()) -> None:
        # -P: a directory with the name of this package in the working directory is not imported.
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-m", module, str(memory.file), *arguments),
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((_ROOT, os.environ.get("PYTHONPATH", ""))).rstrip(os.pathsep),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(memory.file, *files),
        )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def stdout(self) -> IO[bytes]:
        """What the process responds."""
        assert self._process.stdout is not None
        return self._process.stdout

    def tell(self, message: bytes) -> None:
        """Send a message; one to a process that has ended is discarded: its last messages have the reason."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(message)
            self._process.stdin.flush()

    def tell_end(self) -> None:
        """End the standard input of the process."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def wait(self) -> int:
        """The status of the process, when it has ended."""
        return self._process.wait()

    def kill(self) -> None:
        """End the process, and wait for its end."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Close the streams."""
        self.tell_end()
        self.stdout.close()


@contextlib.contextmanager
def inherited_memory(file: int, size: int) -> Iterator[memoryview]:
    """In the process: the shared memory. The process ends at once when the other side has ended."""
    try:
        with mmap.mmap(file, size) as memory, memoryview(memory) as view:
            yield view
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)  # the other side has ended, or reported the error


def _unnamed_file() -> int:
    import tempfile  # noqa: PLC0415 (only where there is no memfd)

    with tempfile.TemporaryFile(prefix="zcc-") as file:
        return os.dup(file.fileno())
