"""The steps before and after an operation: files, setup, a service in the background, authentication.

At the end, in any case, the service is stopped and the teardown is run.
"""

import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from conformance.implementations.adapter import Adapter
from conformance.implementations.placeholders import Vector, fill
from conformance.processes.run import Ended, run_program, stop_group
from conformance.processes.sandbox import Sandbox

_STEP_SECONDS: Final = 60.0
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_POLL: Final = 0.1
_MAX_LOG: Final = 4096


class SurroundingsError(Exception):
    """The steps before an operation failed; one line."""


class Steps:
    """Runs steps in order in a sandbox, and records their results."""

    def __init__(self, sandbox: Sandbox, environment: Mapping[str, str], values: Mapping[str, str]) -> None:
        self._sandbox, self._environment = sandbox, environment
        # Steps around operations may use placeholders that not every operation has.
        self._values = defaultdict(str, values)
        self.ended: list[Ended] = []

    def run(self, steps: tuple[Vector, ...], name: str) -> None:
        """Run the steps until one fails: then SurroundingsError with the message of the tool."""
        self._values["stdout"] = ""
        for step in steps:
            ended = self._run(step)
            self.ended.append(ended)
            if ended.status != 0 or ended.timed_out:
                raise SurroundingsError(f"{name}: {step[0]} {_how(ended)}")
            self._values["stdout"] = ended.stdout.rstrip("\r\n") or self._values["stdout"]

    def try_all(self, steps: tuple[Vector, ...]) -> None:
        """Run all steps, also after a failure."""
        self._values["stdout"] = ""
        self.ended += [self._run(step) for step in steps]

    @contextmanager
    def service(self, command: Vector, ready: Vector) -> Iterator[None]:
        """Run a program in the background during the context, which begins when ``ready`` succeeds."""
        log = self._sandbox.directory / "service.log"
        with log.open("wb") as output:
            try:
                process = subprocess.Popen(
                    fill(command, self._values),
                    cwd=self._sandbox.home,
                    env=dict(self._environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise SurroundingsError(f"service: {command[0]} could not be started: {error.strerror}") from None
        with process:
            try:
                self._wait(process, ready, log)
                yield
            finally:
                _stop(process)

    def _wait(self, process: subprocess.Popen[bytes], ready: Vector, log: Path) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            if process.poll() is not None:
                raise SurroundingsError(f"service: it ended with status {process.returncode}: {_last_line(log)}")
            if not ready or self._run(ready).status == 0:
                return
            if time.monotonic() > deadline:
                raise SurroundingsError(f"service: not ready after {_READY_SECONDS:.0f} seconds: {_last_line(log)}")
            time.sleep(_POLL)

    def _run(self, step: Vector) -> Ended:
        argv = fill(step, self._values)
        return run_program(argv, directory=self._sandbox.home, environment=self._environment, timeout=_STEP_SECONDS)


@contextmanager
def surroundings(
    adapter: Adapter, sandbox: Sandbox, environment: Mapping[str, str], values: Mapping[str, str]
) -> Iterator[Steps]:
    """Run the steps before and after the context: SurroundingsError when one fails. ``teardown`` is always run."""
    write_files(adapter, sandbox, values)
    steps = Steps(sandbox, environment, values)
    try:
        steps.run(adapter.setup, "setup")
        if adapter.service:
            with steps.service(adapter.service, adapter.ready):
                _log_in(adapter, sandbox, steps)
                yield steps
        else:
            _log_in(adapter, sandbox, steps)
            yield steps
    finally:
        steps.try_all(adapter.teardown)


def write_files(adapter: Adapter, sandbox: Sandbox, values: Mapping[str, str]) -> None:
    """Write the files of the adapter below HOME, readable by this user only: they may have a password."""
    known = defaultdict(str, values)
    for name, content in adapter.files.items():
        path = sandbox.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a tool may have created a link at this path
        path.touch(mode=0o600)
        path.write_text(fill([content], known)[0], "utf-8")


def _log_in(adapter: Adapter, sandbox: Sandbox, steps: Steps) -> None:
    if sandbox.logins:
        steps.run(adapter.login, "login")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        stop_group(process.pid)


def _how(ended: Ended) -> str:
    if ended.problem:
        return ended.problem
    if ended.timed_out:
        return "did not end in time"
    lines = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
    status = f"status {ended.status}" if ended.signal is None else f"signal {ended.signal}"
    return f"ended with {status}: {lines[-1][:300] if lines else 'no output'}"


def _last_line(log: Path) -> str:
    lines = log.read_bytes()[-_MAX_LOG:].decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "no output"
