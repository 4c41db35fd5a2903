"""The suite in its own process: started by several commands, and ended with them."""

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.suite.signals import STARTED_BY

if TYPE_CHECKING:
    from conformance.reports.model import Report

_log: Final = logging.getLogger(__name__)
_PLUGIN: Final = "conformance.plugin"
_MAX_SECONDS: Final = 3600
_CLEAN_UP_SECONDS: Final = 30
_MAX_LINE: Final = 400


def judge_by_suite(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str] | None = None
) -> "Report | str":
    """Run the suite; its results stay in ``directory``. If there are none: the reason, in one line."""
    from conformance.reports.model import read_report  # noqa: PLC0415 (start-up time)

    results = directory.resolve() / "results.json"
    results.unlink(missing_ok=True)
    quiet = ("-p", "no:cacheprovider", "-q", "--tb=short", "-c", os.devnull)
    command = [sys.executable, "-m", "pytest", *_plugin(), *quiet, f"--report-dir={results.parent}", *arguments]
    with tempfile.TemporaryDirectory(prefix="zcc-suite-") as place:
        try:
            ended = _run(command, Path(place), environment or os.environ)
        except subprocess.TimeoutExpired:
            return f"the suite did not end within {_MAX_SECONDS} s"
    if results.is_file():
        return read_report(results.read_bytes())
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    return (lines[-1] if lines else f"pytest ended with {ended.returncode}")[:_MAX_LINE]


def _run(command: Sequence[str], place: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a suite in ``place``, which also holds its temporary files; it cleans up before this command ends.

    Where this process is killed, the suite ends by itself.
    """
    with subprocess.Popen(
        command,
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**environment, "TMPDIR": str(place), STARTED_BY: str(os.getpid())},
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=_MAX_SECONDS)
        except BaseException:
            process.terminate()
            try:
                process.communicate(timeout=_CLEAN_UP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            raise
    for line in (output + errors).splitlines():
        _log.debug("suite: %s", line)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _plugin() -> tuple[str, ...]:
    """The arguments that load our plugin, where it is not installed and pytest does not find it by itself."""
    installed = any(point.value == _PLUGIN for point in entry_points(group="pytest11"))
    return () if installed else ("-p", _PLUGIN)
