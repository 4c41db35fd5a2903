"""Deep audits on a real Dask cluster: a scheduler and workers as separate programs on loopback."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.audit_cluster import scheduler as started_scheduler
from benchmarks.audit_cluster import worker
from conformance.audit.state import State, StateError
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.faults import Fault, Match
from conformance.registry.server.serving import Call, Reply
from tests.audit.fleet import layers_of, load
from tests.tools import need

LAYERS = 10
_ZCC = (sys.executable, "-W", "ignore", "-c", "from conformance.cli import main; main()", "audit")


@pytest.fixture(name="scheduler")
def _scheduler(tmp_path: Path) -> Iterator[str]:
    need(find_spec("distributed") is not None, "dask.distributed")
    with started_scheduler(tmp_path) as address:
        yield address


@contextmanager
def _slow_registry() -> Iterator[tuple[EmbeddedRegistry, set[str]]]:
    """Ten images of one layer each, and the digests of these; a layer takes a quarter of a second."""
    layers = layers_of(LAYERS)
    digests = {str(layer.descriptor["digest"]) for layer in layers}

    def slowly(call: Call, reply: Reply, _core: RegistryCore) -> Reply:
        if "range" not in call.headers and call.path.rpartition("/")[2] in digests:
            time.sleep(0.25)
        return reply

    with EmbeddedRegistry() as registry:
        for number, layer in enumerate(layers):
            load(registry, f"app{number}", "1", [layer])
        registry.arm(Fault(Match("blob", "GET"), change=slowly))
        yield registry, digests


def test_a_worker_that_dies_and_one_that_comes(scheduler: str, tmp_path: Path) -> None:
    """Expected: nothing is lost, and no layer whose verdict was retained is read again."""
    state = tmp_path / "audit.sqlite"
    with _slow_registry() as (registry, digests):
        command = [*_ZCC, registry.url, "--deep", "--no-panel", "--scheduler", scheduler, "--state", str(state)]
        with worker(scheduler, tmp_path, 1) as first:
            audit = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            kept = _wait_for_parts(state, 3)
            os.kill(first.pid, signal.SIGKILL)
        assert 3 <= len(kept) < LAYERS
        before = len(registry.exchanges)
        with worker(scheduler, tmp_path, 2):
            out, err = audit.communicate(timeout=120)
        assert audit.returncode == 0, err.decode()
        assert f"{LAYERS} images, {LAYERS} judged" in out.decode()
        after = _whole_reads(registry, digests, before)
        assert not kept & set(after)
        everything = _whole_reads(registry, digests)
        assert len(everything) == LAYERS
        assert sum(everything.values()) <= LAYERS + 2  # what the worker read when it died, or had not yet told


def _whole_reads(registry: EmbeddedRegistry, digests: set[str], since: int = 0) -> Counter[str]:
    """How often each layer was read whole."""
    return Counter(
        digest
        for exchange in registry.exchanges[since:]
        if exchange.method == "GET" and (digest := exchange.url.rpartition("/")[2]) in digests
        if not exchange.request_header("range")
    )


def _wait_for_parts(path: Path, count: int) -> set[str]:
    """Until so many layers are judged; their digests."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with suppress(StateError), State.open(path, writes=False) as state:
            kept = {key.split("\nchunked ")[1].split()[1] for (key,) in state.rows("SELECT key FROM parts")}
            if len(kept) >= count:
                return kept
        time.sleep(0.05)
    raise AssertionError("the audit did not begin")


def _run(*arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [*_ZCC, *arguments]
    whole = {**os.environ, **(environ or {})}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90, env=whole)


def test_a_scheduler_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    need(find_spec("distributed") is not None, "dask.distributed")
    state = str(tmp_path / "audit.sqlite")
    run = _run("oci:/nowhere", "--deep", "--scheduler", "nonsense", "--state", state)
    assert run.returncode == 8
    assert "--scheduler nonsense" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_password_does_not_go_over_the_network_in_clear(tmp_path: Path) -> None:
    state = str(tmp_path / "audit.sqlite")
    options = ("--deep", "--scheduler", "tcp://192.0.2.1:8786", "--username", "me", "--state", state)
    run = _run("oci:/nowhere", *options, environ={"OCI_PASSWORD": "hush"})
    assert "in clear text" in run.stderr
    assert "hush" not in run.stdout + run.stderr
