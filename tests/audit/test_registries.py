"""Audits of registries: what is read once, what goes wrong, and how the audit continues."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from conformance.audit import listing
from conformance.audit.checking import CheckOptions, check_image
from conformance.audit.connections import MAX_RATE_LIMIT_WAIT, Hosts
from conformance.audit.engine import Outcome, run_audit
from conformance.audit.export import image_rows
from conformance.audit.model import AuditOptions
from conformance.audit.state import State, StateError
from conformance.audit.summary import Summary, summarize
from conformance.audit.traffic import Traffic
from conformance.format.document import encode
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from conformance.registry.server.faults import Fault, Match
from conformance.registry.server.serving import Call, Reply
from tests.audit.fleet import layers_of, load

OPTIONS = AuditOptions(use_panel=False)


@pytest.fixture(scope="module", name="registry")
def _registry() -> Iterator[EmbeddedRegistry]:
    """30 images of 6 layers, in three repositories."""
    layers = layers_of(6)
    with EmbeddedRegistry() as registry:
        for number in range(30):
            repository = f"team{number % 3}/app"
            chosen = [layers[number % 6], layers[(number + 1) % 6]]
            load(registry, repository, f"v{number}", chosen)
        yield registry


@pytest.fixture(name="state")
def _state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "audit.sqlite") as state:
        yield state


def audit(state: State, *targets: str, options: AuditOptions = OPTIONS, hosts: Hosts | None = None) -> Outcome:
    return run_audit(state, targets, options, hosts=hosts)


def summary_of(state: State, outcome: Outcome) -> Summary:
    return summarize(state, outcome.run)


def layer_reads(registry: EmbeddedRegistry, since: int = 0) -> Counter[str]:
    """How often bytes of each layer were sent."""
    return Counter(
        exchange.url.rpartition("/")[2]
        for exchange in registry.exchanges[since:]
        if exchange.method == "GET" and any(name.lower() == "range" for name, _ in exchange.request_headers)
    )


def test_each_layer_is_read_once(registry: EmbeddedRegistry, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expected: all images by a catalog in pages, each layer read once, and what ``zcc check`` states about each."""
    monkeypatch.setattr(listing, "PAGE", 2)
    before = len(registry.exchanges)
    outcome = audit(state, registry.url)
    summary = summary_of(state, outcome)
    assert (summary.images, summary.judged, summary.not_judged, summary.waiting) == (30, 30, 0, 0)
    assert outcome.run.finished
    reads = layer_reads(registry, before)
    assert len(reads) == 6
    assert set(reads.values()) == {1}
    pages = [e.url for e in registry.exchanges[before:] if "/_catalog" in e.url]
    assert len(pages) == 2
    for row in list(image_rows(state, outcome.run))[::9]:
        report = check_image(row.reference, CheckOptions(use_panel=False))
        assert row.verdict is not None
        assert row.verdict.verdicts == {result.id: result.verdict for result in report.verdicts}
        assert (row.verdict.ending, row.verdict.notes) == (report.ending, report.notes)


def test_a_second_run_asks_only_for_the_tags(registry: EmbeddedRegistry, state: State) -> None:
    """Expected: one HEAD an image, the same summary; --fresh reads all again."""
    first = audit(state, registry.url)
    before = len(registry.exchanges)
    second = audit(state, registry.url)
    asked = Counter(exchange.method for exchange in registry.exchanges[before:])
    assert asked == {"HEAD": 30, "GET": 4}  # the catalog, and the tags of three repositories
    assert not second.resumed
    assert second.run.id != first.run.id
    assert summary_of(state, second).profiles == summary_of(state, first).profiles
    before = len(registry.exchanges)
    audit(state, registry.url, options=AuditOptions(use_panel=False, fresh=True))
    assert len(layer_reads(registry, before)) == 6


def test_a_prefix_is_a_part_of_the_registry(registry: EmbeddedRegistry, state: State) -> None:
    host = registry.url.removeprefix("http://")
    assert summary_of(state, audit(state, f"{host}/team1/")).images == 10


def test_a_blob_that_another_repository_lacks_is_missed(state: State) -> None:
    """Expected: a layer that was judged in one repository does not stand for one that another has lost."""
    layer = layers_of(1)
    digest = layer[0].descriptor["digest"]

    def gone(call: Call, _core: RegistryCore) -> Reply:
        return Reply(404, {}, b"")

    with EmbeddedRegistry() as registry:
        for name in ("a", "b"):
            load(registry, name, "1", layer)

        class LostInB(Fault):
            def before(self, call: Call, core: RegistryCore) -> Reply | None:
                return gone(call, core) if call.path == f"/v2/b/blobs/{digest}" else None

        registry.arm(LostInB(Match()))
        host = registry.url.removeprefix("http://")
        outcome = audit(state, f"{host}/a:1", f"{host}/b:1")
        sound, broken = image_rows(state, outcome.run)
        assert sound.verdict is not None
        assert sound.verdict.ending == "conforms"
        report = check_image(f"{host}/b:1", CheckOptions(use_panel=False))
        assert broken.verdict is not None
        assert broken.verdict.verdicts == {result.id: result.verdict for result in report.verdicts}
        assert broken.verdict.ending == report.ending != "conforms"


def test_each_bad_entry_is_one_line(registry: EmbeddedRegistry, state: State) -> None:
    """Expected: what cannot be judged costs its own line, and the rest is judged."""
    host = registry.url.removeprefix("http://")
    bad = [f"{host}/team0/app:none", "127.0.0.1:1/app:1", "oci:/nowhere", "UPPER/Case", "https://x y/", f"{host}/no/"]
    outcome = audit(state, *bad, f"{host}/team0/app:v0")
    summary = summary_of(state, outcome)
    assert (summary.judged, summary.not_judged) == (1, 5)  # nothing lies below the last one
    assert all("\n" not in each.problem for each in summary.problems)
    assert "HTTP 404" in next(each.problem for each in summary.problems if each.reference.endswith("none"))
    assert summary.ending == "incomplete"


def test_a_registry_without_catalog_names_the_remedy(state: State) -> None:
    with EmbeddedRegistry(auth=BasicAuth("user", "secret")) as registry:
        (problem,) = summary_of(state, audit(state, registry.url)).problems
    assert "--from FILE" in problem.problem
    assert "secret" not in problem.problem


@pytest.mark.parametrize(
    ("body", "link", "words"),
    [
        (b"{", "", "cannot be read"),
        (encode({"repositories": [1]}), "", "not a list of names"),
        (encode({"repositories": ["../../etc"]}), "", "is not a repository name"),
        (encode({"repositories": ["a"]}), "<http://169.254.169.254/x>; rel=next", "on another host"),
    ],
)
def test_hostile_lists(state: State, body: bytes, link: str, words: str) -> None:
    def lie(call: Call, _core: RegistryCore) -> Reply:
        headers = {"Link": link} if link else {}
        return Reply(200, headers, body if call.path.endswith("_catalog") else encode({"tags": None}))

    with EmbeddedRegistry(defects=[Fault(Match(), instead=lie)]) as registry:
        problems = summary_of(state, audit(state, registry.url)).problems
    assert any(words in each.problem for each in problems)


def test_a_list_that_leads_round_in_circles_ends(state: State) -> None:
    def circle(call: Call, _core: RegistryCore) -> Reply:
        key = "repositories" if call.path.endswith("_catalog") else "tags"
        return Reply(200, {"Link": f'<{call.path}?n=1>; rel="next"'}, encode({key: ["app"]}))

    with EmbeddedRegistry(defects=[Fault(Match("any", "GET"), instead=circle)]) as registry:
        assert summary_of(state, audit(state, registry.url)).images == 1


def _clock() -> tuple[Callable[[], float], Callable[[float], None], list[float]]:
    now, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    return (lambda: now[0]), sleep, slept


def _limited(count: int | None) -> Fault:
    return Fault(Match(count=count), instead=lambda _call, _core: Reply(429, {"Retry-After": "0"}, b""))


def test_a_rate_limit_is_waited_for(state: State) -> None:
    """Expected: 429 twenty times, then every image is judged."""
    clock, sleep, slept = _clock()
    with EmbeddedRegistry() as registry:
        load(registry, "app", "1", layers_of(1))
        registry.arm(_limited(20))
        host = registry.url.removeprefix("http://")
        hosts = Hosts(Traffic(), 1, sleep=sleep, clock=clock)
        assert summary_of(state, audit(state, f"{host}/app:1", hosts=hosts)).judged == 1
    assert 1 <= sum(slept) < MAX_RATE_LIMIT_WAIT


def test_a_rate_limit_without_end_is_given_up_after_five_minutes(state: State) -> None:
    clock, sleep, slept = _clock()
    with EmbeddedRegistry(defects=[_limited(None)]) as registry:
        host = registry.url.removeprefix("http://")
        hosts = Hosts(Traffic(), 1, sleep=sleep, clock=clock)
        (problem,) = summary_of(state, audit(state, f"{host}/app:1", hosts=hosts)).problems
    assert "limits the rate" in problem.problem
    assert sum(slept) >= MAX_RATE_LIMIT_WAIT


def test_a_silent_host_gets_no_further_requests(state: State) -> None:
    images = [f"127.0.0.1:1/app:{number}" for number in range(40)]
    summary = summary_of(state, audit(state, *images))
    assert summary.not_judged == 40
    assert summary.run.requests < 40
    assert any("no further request" in each.problem for each in summary.problems)


def test_a_byte_budget_stops_and_the_same_command_goes_on(registry: EmbeddedRegistry, state: State) -> None:
    budget = AuditOptions(use_panel=False, max_bytes=10_000, connections=1)
    outcome = audit(state, registry.url, options=budget)
    assert "--max-bytes" in outcome.stopped
    assert not outcome.run.finished
    stopped = summary_of(state, outcome)
    assert 0 < stopped.judged < 30
    assert stopped.ending == "incomplete"
    again = audit(state, registry.url)
    assert again.resumed
    assert again.run.id == outcome.run.id
    assert summary_of(state, again).judged == 30
    assert again.run.bytes > outcome.run.bytes


def test_since_last_states_what_changed(state: State) -> None:
    layers = layers_of(2)
    with EmbeddedRegistry() as registry:
        load(registry, "app", "stays", layers[:1])
        load(registry, "app", "moves", layers[:1])
        first = audit(state, registry.url)
        load(registry, "app", "moves", layers)
        load(registry, "app", "new", layers)
        second = audit(state, registry.url)
    difference = summarize(state, second.run, first.run).difference
    assert difference is not None
    assert (difference.new, difference.gone, difference.updated, difference.changed) == (1, 0, 1, 0)


def _zcc(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from conformance.cli import main; main()", "audit", *arguments]


def test_killed_and_run_again(registry: EmbeddedRegistry, tmp_path: Path) -> None:
    """Expected: after SIGKILL the same command ends with the same summary; no layer that was retained is read again."""
    state, host = tmp_path / "killed.sqlite", registry.url
    command = _zcc(host, "--state", str(state), "--no-panel", "--connections", "1", "--format", "json")
    slow = Fault(Match("manifest", "GET"), change=_slowly)
    registry.arm(slow)
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    done = _wait_for_images(state, 5)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    registry.arm()
    assert 5 <= done < 30
    with State.open(state, writes=False) as opened:
        kept = {key.split("\nchunked ")[1].split()[1] for (key,) in opened.rows("SELECT key FROM parts")}
    before = len(registry.exchanges)
    again = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert again.returncode == 0, again.stderr
    assert kept
    assert not kept & set(layer_reads(registry, before))
    summary = json.loads(again.stdout)
    with State.open(tmp_path / "whole.sqlite") as whole:
        expected = summary_of(whole, audit(whole, host))
    assert (summary["images"], summary["judged"], summary["waiting"]) == (30, 30, 0)
    assert summary["run"]["id"] == 1
    for part in ("profiles", "requirements", "pulls", "layers"):
        assert summary[part] == json.loads(encode_part(expected, part))


def _slowly(_call: Call, reply: Reply, _core: RegistryCore) -> Reply:
    time.sleep(0.02)
    return reply


def encode_part(summary: Summary, name: str) -> bytes:
    import msgspec

    return msgspec.json.encode(getattr(summary, name))


def _wait_for_images(path: Path, count: int) -> int:
    """Until so many images are judged; how many are."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(StateError), State.open(path, writes=False) as state:
            ((done,),) = state.rows("SELECT COUNT(verdict) FROM images")
            if done >= count:
                return int(done)
        time.sleep(0.02)
    raise AssertionError("the audit did not begin")
