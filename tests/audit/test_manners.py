"""How an audit treats registries: waits, pauses, tokens, connections, long lists, hosts that hang."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from benchmarks.fleets import Fleet, fill_distribution
from conformance.audit import connections
from conformance.audit.connections import MAX_RATE_LIMIT_WAIT, Hosts
from conformance.audit.engine import Outcome, run_audit
from conformance.audit.model import AuditOptions
from conformance.audit.state import State, StateError
from conformance.audit.summary import Summary, summarize
from conformance.audit.traffic import Traffic
from conformance.format.document import encode
from conformance.registry.client.options import ConnectionOptions
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.faults import Fault, Match
from conformance.registry.server.launch import docker_registry, find_docker_registry
from conformance.registry.server.serving import Call, Reply
from conformance.registry.server.tokens import TOKEN_PATH, TokenAuth
from tests.audit.fleet import layers_of, load
from tests.tools import need

OPTIONS = AuditOptions(use_panel=False)


@pytest.fixture(name="state")
def _state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "audit.sqlite") as state:
        yield state


def audit(state: State, *targets: str, options: AuditOptions = OPTIONS, hosts: Hosts | None = None) -> Summary:
    outcome: Outcome = run_audit(state, targets, options, hosts=hosts)
    return summarize(state, outcome.run)


def _clock() -> tuple[Callable[[], float], Callable[[float], None], list[float]]:
    now, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    return (lambda: now[0]), sleep, slept


def _limited(after: str, *, count: int | None) -> Fault:
    headers = {"Retry-After": after} if after else {}
    return Fault(Match(count=count), instead=lambda _call, _core: Reply(429, headers, b""))


def test_retry_after_is_waited_for_whole(state: State) -> None:
    """Expected: nothing is asked before the two minutes that the registry names are over."""
    clock, sleep, slept = _clock()
    with EmbeddedRegistry() as registry:
        load(registry, "app", "1", layers_of(1))
        registry.arm(_limited("120", count=1))
        hosts = Hosts(Traffic(), 1, sleep=sleep, clock=clock)
        assert audit(state, f"{registry.url.removeprefix('http://')}/app:1", hosts=hosts).judged == 1
        assert sum(exchange.status == 429 for exchange in registry.exchanges) == 1
    assert sum(slept) == pytest.approx(120)


def test_a_limit_of_hours_is_given_up_after_five_minutes_for_all_images(state: State) -> None:
    """Expected: one image waits five minutes, the others do not; each is one line."""
    clock, sleep, slept = _clock()
    with EmbeddedRegistry(defects=[_limited("86400", count=None)]) as registry:
        host = registry.url.removeprefix("http://")
        hosts = Hosts(Traffic(), 1, sleep=sleep, clock=clock)
        options = AuditOptions(use_panel=False, connections=1)
        summary = audit(state, *(f"{host}/app:{number}" for number in range(20)), options=options, hosts=hosts)
    assert summary.not_judged == 20
    assert all("limits the rate" in each.problem for each in summary.problems)
    assert (
        MAX_RATE_LIMIT_WAIT <= sum(slept) < 10 * MAX_RATE_LIMIT_WAIT
    )  # several threads tell the one clock of their waits


def test_tokens_are_asked_for_once_a_repository(state: State) -> None:
    """Expected: no more requests for tokens than repositories and connections explain, for 40 images."""
    layers = layers_of(2)
    connection = ConnectionOptions(username="me", password="secret")
    with EmbeddedRegistry(auth=TokenAuth("me", "secret")) as registry:
        for number in range(40):
            load(registry, f"app{number % 2}", f"v{number}", layers)
        options = AuditOptions(connection, use_panel=False, connections=2)
        assert audit(state, registry.url, options=options).judged == 40
        tokens = [exchange for exchange in registry.exchanges if TOKEN_PATH in exchange.url]
    assert len(tokens) <= 1 + 2 * 2 * 2  # the catalog; pull and list for each repository, by two connections at once


def test_a_catalog_of_thousands_of_pages(state: State) -> None:
    """Expected: 3,000 pages are read, and the audit continues to the end of them."""
    pages = 3000

    def page(call: Call, _core: RegistryCore) -> Reply:
        if not call.path.endswith("_catalog"):
            return Reply(200, {}, encode({"tags": None}))
        number = int(call.query.get("last", "r0")[1:])
        headers = {"Link": f'</v2/_catalog?n=1&last=r{number + 1}>; rel="next"'} if number + 1 < pages else {}
        names = [f"r{number}"] if number % 100 == 0 else [f"other{number}"]
        return Reply(200, headers, encode({"repositories": names}))

    with EmbeddedRegistry(defects=[Fault(Match("any", "GET"), instead=page)]) as registry:
        host = registry.url.removeprefix("http://")
        audit(state, f"{host}/none/")
        asked = sum("_catalog" in exchange.url for exchange in registry.exchanges)
    assert asked == pages


@contextmanager
def _hanging_host() -> Iterator[str]:
    """A host that accepts connections and never responds."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_hosts_that_hang_and_images_that_are_huge_cost_a_line(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expected: a hanging host, a huge manifest and a forbidden one are a line each; the rest is judged."""
    monkeypatch.setattr(connections, "_TIMEOUT", 0.2)

    def bad(call: Call, _core: RegistryCore) -> Reply | None:
        if call.path.endswith("/manifests/huge"):
            return Reply(200, {"Content-Type": "application/json"}, b'{"layers": "' + b"x" * 5 * 2**20 + b'"}')
        return Reply(403, {}, b"") if call.path.endswith("/manifests/forbidden") else None

    class Bad(Fault):
        def before(self, call: Call, core: RegistryCore) -> Reply | None:
            return bad(call, core)

    with _hanging_host() as hanging, EmbeddedRegistry(defects=[Bad(Match())]) as registry:
        load(registry, "app", "good", layers_of(1))
        host = registry.url.removeprefix("http://")
        hanging_ones = [f"{hanging}/app:{number}" for number in range(50)]
        start = time.monotonic()
        summary = audit(state, f"{host}/app:huge", f"{host}/app:forbidden", *hanging_ones, f"{host}/app:good")
    assert (summary.judged, summary.not_judged) == (1, 52)
    assert time.monotonic() - start < 60
    problems = {each.reference.rpartition(":")[2]: each.problem for each in summary.problems}
    assert "the limit is" in problems["huge"]
    assert "HTTP 403" in problems["forbidden"]
    assert any("no further request" in problem for problem in problems.values())


def test_debians_registry_is_audited_as_the_embedded_one(state: State, tmp_path: Path) -> None:
    """Expected: 30 images of 6 layers in docker-registry, each judged, no layer read twice."""
    need(find_docker_registry() is not None, "docker-registry")
    fleet = Fleet(30, 6, 2)
    fill_distribution(tmp_path / "registry" / "storage", fleet)
    with docker_registry(tmp_path / "registry") as launched:
        summary = audit(state, launched.url)
    assert (summary.images, summary.judged) == (30, 30)
    assert summary.ending == "conforms"
    assert summary.pulls.layers == 6
    # tags by HEAD and GET, configs, 6 layers, HEAD for a layer in the two other repositories, lists
    assert summary.run.requests < 30 * 3 + 6 + 12 + 10


def test_a_signal_pauses_and_another_goes_on(tmp_path: Path) -> None:
    """Expected: after SIGUSR1 nothing is asked; after SIGUSR2 the audit ends as it should."""
    state = tmp_path / "audit.sqlite"
    layers = layers_of(1)

    def slowly(_call: Call, reply: Reply, _core: RegistryCore) -> Reply:
        time.sleep(0.02)
        return reply

    with EmbeddedRegistry() as registry:
        for number in range(60):
            load(registry, "app", f"v{number}", layers)
        registry.arm(Fault(Match("manifest", "GET"), change=slowly))
        command = [sys.executable, "-c", "from conformance.cli import main; main()", "audit", registry.url]
        command += ["--no-panel", "--connections", "1", "--state", str(state)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            _wait_for_images(state, 3)
            os.kill(running.pid, signal.SIGUSR1)
            time.sleep(1.5)
            before = len(registry.exchanges)
            time.sleep(1)
            assert len(registry.exchanges) == before
            os.kill(running.pid, signal.SIGUSR2)
            out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert "60 images, 60 judged" in out
    assert "paused" in err
    assert "going on" in err


def _wait_for_images(path: Path, count: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(StateError), State.open(path, writes=False) as state:
            if state.rows("SELECT COUNT(verdict) FROM images")[0][0] >= count:
                return
        time.sleep(0.02)
    raise AssertionError("the audit did not begin")
