"""Runs one program: argument vector, time-out for its process group, bounded output, peak memory."""

import logging
import os
import resource
import selectors
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Event
from typing import IO, Final

import msgspec

_log: Final = logging.getLogger(__name__)

MAX_KEPT: Final = 128 * 2**10
"""Maximum recorded bytes of each stream: half from the beginning and half from the end."""

_POLL: Final = 0.05
_SOON: Final = 0.002  # a program that closed both streams is about to end
# A program that left the group and has the pipe open must not delay the result.
_GRACE: Final = 2.0
_READ: Final = 2**16
# The kernel counts pages in batches for each thread.
_ROUNDING: Final = 4 * 2**20


_STOP: Final[ContextVar[Event | None]] = ContextVar("stop", default=None)


class StoppedError(Exception):
    """The program was stopped, because its result is no longer needed."""


@contextmanager
def stoppable(stop: Event) -> Iterator[None]:
    """In this context the programs of this thread are killed when the event is set, and ``run_program`` raises
    StoppedError.
    """
    token = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(token)


class Ended(msgspec.Struct, frozen=True):
    """The result of a program.

    ``status`` is its exit status, None when ``signal`` ended it or it could not be started (``problem`` states why).
    ``peak_memory`` in bytes is that of the largest process among the program and the children that it waited for; 0
    when it is below the peak of this process, which the kernel includes (exec keeps the high-water mark of the forking
    one).
    """

    argv: tuple[str, ...]
    status: int | None = None
    signal: int | None = None
    timed_out: bool = False
    stdout: str = ""
    stderr: str = ""
    elapsed: float = 0.0
    peak_memory: int = 0
    problem: str = ""


def run_program(argv: Sequence[str], *, directory: Path, environment: Mapping[str, str], timeout: float) -> Ended:
    """Run a program in ``directory`` with exactly this environment; after ``timeout`` seconds kill its process group.

    Processes of the group that remain when the program ends are killed as well.
    """
    start, own_peak = time.monotonic(), _peak(resource.getrusage(resource.RUSAGE_SELF))
    try:
        process = subprocess.Popen(
            argv,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Ended(tuple(argv), problem=f"could not be started: {getattr(error, 'strerror', None) or error}")
    _log.debug("running %s", shlex.join(map(str, argv)))
    with process:
        out, err = _Kept(), _Kept()
        try:
            timed_out = _drain(process, {process.stdout: out, process.stderr: err}, start + timeout)
        except BaseException:
            stop_group(process.pid)
            raise
        code, peak = _reap(process)
    return Ended(
        tuple(argv),
        status=code if code >= 0 else None,
        signal=None if code >= 0 or timed_out else -code,
        timed_out=timed_out,
        stdout=out.text(),
        stderr=err.text(),
        elapsed=round(time.monotonic() - start, 3),
        peak_memory=peak if peak > own_peak + _ROUNDING else 0,
    )


class _Kept:
    """The beginning and the end of a stream."""

    def __init__(self) -> None:
        self._head, self._tail = bytearray(), bytearray()
        self._dropped = 0

    def add(self, piece: bytes) -> None:
        half = MAX_KEPT // 2
        room = half - len(self._head)
        self._head += piece[:room]
        self._tail += piece[room:]
        surplus = len(self._tail) - half
        if surplus > 0:
            del self._tail[:surplus]
            self._dropped += surplus

    def text(self) -> str:
        head, tail = (bytes(part).decode("utf-8", "replace") for part in (self._head, self._tail))
        return f"{head}\n[{self._dropped} bytes left out]\n{tail}" if self._dropped else head + tail


def _drain(process: subprocess.Popen[bytes], kept: Mapping[IO[bytes] | None, _Kept], deadline: float) -> bool:
    """Read both streams until the program and the streams ended; return whether the time ran out before."""
    timed_out, until, stop = False, deadline, _STOP.get()
    with selectors.DefaultSelector() as selector:
        for stream, keeper in kept.items():
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, keeper)
        ended = False
        while not ended or selector.get_map():
            if stop is not None and stop.is_set():
                raise StoppedError("not wanted any more")
            if not ended and _has_ended(process.pid):
                ended, until = True, time.monotonic() + _GRACE
                stop_group(process.pid)
            if time.monotonic() > until:
                if ended:
                    break
                timed_out, until = True, time.monotonic() + _GRACE
                stop_group(process.pid)
            for key, _ in selector.select(_POLL if selector.get_map() else _SOON):
                piece = os.read(key.fd, _READ)
                key.data.add(piece)
                if not piece:
                    selector.unregister(key.fileobj)
    return timed_out


def _has_ended(pid: int) -> bool:
    """Whether the program ended; it stays a zombie, so that the id of its process group is not reused."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def stop_group(group: int) -> None:
    """Kill every process of this group, if there are any."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # no process remains (macOS reports EPERM for zombies)
        return


def _reap(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, _peak(usage)


def _peak(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
