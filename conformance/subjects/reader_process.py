"""Running one tar reader on one file: time-out, bounded output, a directory and HOME of its own."""

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

MAX_OUTPUT = 64 * 2**10
BLOB = "blob"
BLOB_ARGUMENT = "{blob}"  # in an argument vector: where the file's name goes


class Ended(msgspec.Struct, frozen=True):
    """How a program ended: ``status`` is None when it was stopped at its time-out or could not start."""

    argv: tuple[str, ...]
    status: int | None
    stdout: str
    stderr: str


def run_on(
    content: bytes, argv: tuple[str, ...], *, timeout: float, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run ``argv`` with the content in a file named "blob" in a new current directory, which is HOME as well.

    ``{blob}`` in ``argv`` becomes that name. Nothing of this process's environment reaches the program but PATH.
    At most MAX_OUTPUT bytes of each stream are kept; the rest is read and dropped.
    """
    with tempfile.TemporaryDirectory(prefix="zcc-reader-") as home:
        (Path(home) / BLOB).write_bytes(content)
        command = tuple(argument.replace(BLOB_ARGUMENT, BLOB) for argument in argv)
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": home, "LC_ALL": "C"}
        try:
            process = subprocess.Popen(
                command,
                cwd=home,
                env=own | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            return Ended(command, None, "", f"could not be started: {error.strerror}")
        with process:
            out, err = _drain(process, time.monotonic() + timeout)
            status = _status(process)
    return Ended(command, status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def _drain(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    """Read both streams until they end; kill the program with its children when the deadline passes."""
    kept = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as selector:
        for stream in kept:
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready or time.monotonic() > deadline:
                _kill(process)
                break
            for key, _ in ready:
                chunk = os.read(key.fd, 2**16)
                if not chunk:
                    selector.unregister(key.fileobj)
                for stream, buffer in kept.items():
                    if stream is key.fileobj:
                        buffer.extend(chunk[: MAX_OUTPUT - len(buffer)])
        else:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill(process)
    return bytes(kept[process.stdout]), bytes(kept[process.stderr])


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the session: the program may have ended and left children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _status(process: subprocess.Popen[bytes]) -> int | None:
    process.wait()
    return None if process.returncode == -signal.SIGKILL else process.returncode
