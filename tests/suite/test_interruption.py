"""Runs that end before their end: they state this, leave nothing behind, and never call an outage non-conformance."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.results import EXIT_INCOMPLETE
from tests.usual_signals import signals_as_in_a_terminal  # noqa: F401 (a fixture)

_SLOW = """
import os
import time
import pytest

class Slow:
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item):
        if item.session.testscollected and item.session.items.index(item) >= {after}:
            if not os.path.exists({mark!r}):
                open({mark!r}, "w").close()
            while not os.path.exists({go!r}):
                time.sleep(0.05)
"""


_LOST = """
import gc
import os
import signal
import pytest

class Slow:
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item):
        if item.session.items.index(item) == {after}:
            open({mark!r}, "w").close()
            gc.callbacks.append(lose)
            gc.collect()

def lose(phase, info):
    gc.callbacks.remove(lose)
    os.kill(os.getpid(), signal.SIGTERM)
    return [number for number in range(10)]  # Python calls the handler of the signal in here
"""


def start(
    directory: Path, *arguments: str, after: int = 3, plugin: str = _SLOW
) -> tuple["subprocess.Popen[str]", Path]:
    """A run of the suite in a process that pauses in one of its tests; the file that is there when it does."""
    mark = directory / "paused"
    (directory / "slow_plugin.py").write_text(plugin.format(after=after, mark=str(mark), go=str(directory / "go")))
    (directory / "load_slow.py").write_text(
        "import slow_plugin\ndef pytest_configure(config):\n    config.pluginmanager.register(slow_plugin.Slow())\n"
    )
    temporary = directory / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "pytest", "-p", "load_slow", "-p", "no:cacheprovider", "-p", "no:randomly", "-q"]
    command += ["-c", os.devnull, "--pyargs", "conformance.suite", f"--report-dir={directory / 'reports'}", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(directory), "TMPDIR": str(temporary)}
    for name in ("OCI_REGISTRY", "OCI_USERNAME", "OCI_PASSWORD"):
        environment.pop(name, None)
    process = subprocess.Popen(
        command, cwd=directory, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return process, mark


def wait_for(mark: Path, process: "subprocess.Popen[str]") -> None:
    for _ in range(1200):
        if mark.exists():
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    pytest.fail(f"it did not come to its pause: {process.communicate()[0]}")


def document(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "reports" / "results.json").read_bytes())
    return found


@pytest.fixture
def registry() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry() as running:
        yield running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_with_what_was_decided_and_nothing_left(
    number: signal.Signals, registry: EmbeddedRegistry, tmp_path: Path
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "results.json").write_text('{"of": "an earlier run"}')
    process, mark = start(tmp_path, "--registry", registry.url, "--role", "registry", after=6)
    wait_for(mark, process)
    assert not (tmp_path / "reports" / "results.json").exists(), (
        "the results of an earlier run are removed at the start"
    )
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == EXIT_INCOMPLETE, output
    assert "Traceback" not in output
    found = document(tmp_path)
    assert found["interrupted"] is True
    assert found["conforms"] is False
    assert found["ending"] == "incomplete"
    verdicts = {verdict["verdict"] for subject in found["subjects"] for verdict in subject["verdicts"]}
    assert {"pass", "not-run"} <= verdicts
    assert "interrupted in test 7" in output
    assert list((tmp_path / "tmp").iterdir()) == []
    repositories = _repositories(registry)
    assert repositories
    assert not any(registry.blobs_of(name) for name in repositories)


def _repositories(registry: EmbeddedRegistry) -> set[str]:
    return {
        exchange.url.partition("/v2/")[2].partition("/manifests/")[0]
        for exchange in registry.exchanges
        if "/manifests/" in exchange.url
    }


def test_a_registry_that_dies_ends_the_run_early_and_fails_nothing(tmp_path: Path) -> None:
    with EmbeddedRegistry() as running:
        process, _ = start(tmp_path, "--registry", running.url, "--role", "registry", after=1000)
        while len(running.exchanges) < 300 and process.poll() is None:
            time.sleep(0.01)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == EXIT_INCOMPLETE, output
    assert "incomplete" in output
    assert "stopped responding after" in output
    assert "does not conform" not in output
    assert "failed MUST" not in output
    assert "Traceback" not in output
    found = document(tmp_path)
    assert found["ending"] == "incomplete"
    verdicts = [verdict for subject in found["subjects"] for verdict in subject["verdicts"]]
    assert not [verdict["id"] for verdict in verdicts if verdict["verdict"] == "fail"]
    assert [verdict["id"] for verdict in verdicts if verdict["verdict"] == "pass"]


def test_a_signal_that_a_callback_of_the_garbage_collector_loses_ends_the_run(tmp_path: Path) -> None:
    with EmbeddedRegistry() as registry:
        process, _ = start(tmp_path, "--registry", registry.url, "-W", "ignore", plugin=_LOST)
        output = process.communicate(timeout=60)[0]
    assert process.returncode == EXIT_INCOMPLETE, output
    assert "incomplete: interrupted in test 4" in output
