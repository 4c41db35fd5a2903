"""Runs one long-lived reader program for many archives, by the protocol of ``programs/README.md``.

A hostile archive may make a reader crash or run indefinitely: the program is then started again, and the crash is
reported for the current archive.
"""

import os
import resource
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from conformance.readers.reading import ReaderInfo, Reading

MAX_RESULT: Final = 256 * 2**20
"""Maximum bytes of one result; a program that writes more is stopped."""
MAX_MEMORY: Final = 4 * 2**30
START_TIMEOUT: Final = 60.0
_CHUNK: Final = 2**16
_INFOS: Final = msgspec.json.Decoder(tuple[ReaderInfo, ...])
_READINGS: Final = msgspec.json.Decoder(tuple[Reading, ...])


class Launch(msgspec.Struct, frozen=True):
    """How a program is started; ``bounded``: with limited address space (virtual machines reserve too much)."""

    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    bounded: bool = True


class Request(msgspec.Struct, frozen=True):
    """One archive, a layer with its annotations as the argument, or a document with its kind."""

    content: bytes
    op: str = "tar"
    argument: bytes = b""

    def head(self) -> bytes:
        """The line that precedes the content."""
        return b"%b %d %b\n" % (self.op.encode(), len(self.content), self.argument.hex().encode())


class ReaderProgram:
    """One running program. Use it in a ``with``; OSError when it cannot be started, or reports no readers."""

    def __init__(self, launch: Launch, *, timeout: float = 10.0) -> None:
        self._launch, self._timeout = launch, timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._home = tempfile.TemporaryDirectory(prefix="zcc-reader-")
        self._received = bytearray()
        self.restarts = 0
        try:
            self.readers = self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def ask(self, requests: Sequence[Request], *, timeout: float | None = None) -> list[tuple[Reading, ...]]:
        """For each request the results of all readers of this program, in their order.

        ``timeout`` in seconds for one result, instead of the one given at the start.
        """
        timeout = self._timeout if timeout is None else timeout
        replies: list[tuple[Reading, ...]] = []
        while len(replies) < len(requests):
            problem = self._exchange(requests[len(replies) :], replies, timeout)
            if problem:
                replies.append((Reading(refused=problem, crashed=True),) * len(self.readers))
                self._stop()
                self.restarts += 1
                self._start()
        return replies

    def close(self) -> None:
        """End the program."""
        self._stop()
        with suppress(OSError):
            self._home.cleanup()

    def _start(self) -> tuple[ReaderInfo, ...]:
        home = self._home.name
        Path(home).mkdir(exist_ok=True)  # a cleanup of the temporary directory may have removed it
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": home, "LC_ALL": "C"}
        self._process = subprocess.Popen(
            self._launch.argv,
            cwd=home,
            env=own | dict(self._launch.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._launch.bounded and hasattr(resource, "prlimit"):
            resource.prlimit(self._process.pid, resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        self._received.clear()
        lines: list[bytes] = []
        if self._pump(memoryview(b""), lines, 1, START_TIMEOUT):
            raise OSError(f"{self._launch.argv[0]} does not start")
        try:
            return _INFOS.decode(lines[0])
        except msgspec.DecodeError as error:
            raise OSError(f"{self._launch.argv[0]} states no readers: {error}") from None

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        process.wait()

    def _exchange(self, requests: Sequence[Request], replies: list[tuple[Reading, ...]], timeout: float) -> str:
        """Send all requests; append the replies. Return why the first missing reply is missing, "" when none is."""
        lines: list[bytes] = []
        out = memoryview(b"".join(part for request in requests for part in (request.head(), request.content)))
        problem = self._pump(out, lines, len(requests), timeout)
        for line in lines:
            try:
                decoded = _READINGS.decode(line)
            except msgspec.DecodeError as error:
                decoded = (Reading(refused=f"a result that is none: {error}", crashed=True),) * len(self.readers)
            replies.append(decoded)
        return problem

    def _pump(self, out: memoryview, lines: list[bytes], wanted: int, timeout: float) -> str:
        """Write and read until ``wanted`` lines have arrived; return why they have not, "" when they have."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return "it does not run"
        until = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if out:
                selector.register(process.stdin, selectors.EVENT_WRITE)
            while len(lines) < wanted:
                events = selector.select(max(0.0, until - time.monotonic()))
                if not events:
                    return f"no result within {timeout:g} s"
                for key, _ in events:
                    try:
                        if key.fileobj is process.stdout:
                            if not self._receive(process.stdout.fileno(), lines):
                                return f"it ended: {_ending(process)}"
                            until = time.monotonic() + timeout
                        else:
                            out = out[os.write(process.stdin.fileno(), out[:_CHUNK]) :]
                            if not out:
                                selector.unregister(process.stdin)
                    except BlockingIOError:
                        continue
                    except BrokenPipeError:
                        selector.unregister(process.stdin)
                if len(self._received) > MAX_RESULT:
                    return "its result is too long"
        return ""

    def _receive(self, descriptor: int, lines: list[bytes]) -> bool:
        """Read available output; False at its end."""
        piece = os.read(descriptor, 2**20)
        if b"\n" not in piece:
            self._received += piece
            return bool(piece)
        *whole, rest = (bytes(self._received) + piece).split(b"\n")
        lines.extend(whole)
        self._received[:] = rest
        return True


def _ending(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(1)
    except subprocess.TimeoutExpired:
        return "it closed its output"
    return f"signal {-code}" if code < 0 else f"status {code}"
