"""``zcc certify`` ended by a signal: the suites that it runs clean up, and nothing is left in TMPDIR."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.reports.model import read_report
from tests.usual_signals import signals_as_in_a_terminal  # noqa: F401 (a fixture)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_of_a_certification_that_a_signal_ends(number: signal.Signals, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    code = "from conformance.cli import main; main()"
    command = [sys.executable, "-c", code, "certify", "reference", "-o", str(tmp_path / "out"), "--role", "copier"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    for _ in range(600):
        if list(temporary.glob("zcc-suite-*/zcc-impl-*")) or process.poll() is not None:
            break
        time.sleep(0.1)
    assert process.poll() is None, process.communicate()[0]
    time.sleep(1)
    process.send_signal(number)
    output, _ = process.communicate(timeout=90)
    if number == signal.SIGKILL:  # the suite that it started ends by itself
        assert process.returncode == -signal.SIGKILL
        _wait_until_empty(temporary)
        report = read_report((tmp_path / "out" / "reference" / "results.json").read_bytes())
        assert report.interrupted
        assert report.ending == "incomplete"
    else:
        assert process.returncode == 130, output
    assert "Traceback" not in output
    assert list(temporary.iterdir()) == []


def _wait_until_empty(directory: Path) -> None:
    for _ in range(600):
        if not list(directory.iterdir()):
            return
        time.sleep(0.1)
