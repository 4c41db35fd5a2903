"""Sequences of requests that several threads run at the same time: what they find, and what happens then."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import hypothesis
import msgspec
import pytest

from conformance.cases.vectors.model import Step
from conformance.observed.registry import MachineSeen
from conformance.registry.client.client import RegistryClient
from conformance.registry.server import defects
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.responses import error_reply
from conformance.registry.server.serving import Call, Reply
from conformance.trials.at_once import Ahead
from conformance.trials.registry import machine
from conformance.trials.registry.machine import draw, explore
from conformance.trials.registry.model import RegistryModel
from conformance.trials.registry.quick import FILE, QUICK_SEED, Stored, read_stored
from conformance.trials.registry.sequences import Sequences
from conformance.trials.registry.target import RegistryUnderTest


@contextmanager
def under_test(*wrong: Defect) -> Iterator[tuple[EmbeddedRegistry, RegistryUnderTest]]:
    with EmbeddedRegistry(defects=wrong) as registry:
        subject = RegistryUnderTest(RegistryClient(registry.url, retries=0), "zcc/tried")
        yield registry, subject
        subject.client.close()


def run(subject: RegistryUnderTest, *, workers: int, between: Callable[[], None] = lambda: None) -> MachineSeen:
    sequences = Sequences(subject, "quick", 0)
    with Ahead([[job] for job in sequences.jobs], workers=workers) as ahead:
        seen = [ahead.result(job) for job in sequences.jobs]
    between()
    return sequences.conclude(seen, counted.append)


counted: list[int] = []


class Named:
    """Takes the place of a model, and keeps the names of the actions with what they are about."""

    def __init__(self) -> None:
        self.actions: list[object] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *about: self.actions.append((name, *about))


def drawn(number: int) -> list[list[object]]:
    made = []
    for sequence in draw("quick", number):
        model = Named()
        for action in sequence:
            action(cast(RegistryModel, model))
        made.append(model.actions)
    return made


def test_the_same_sequences_are_drawn_from_a_seed_every_time() -> None:
    assert drawn(0) == drawn(0) != drawn(1)
    assert list(map(len, drawn(0))) == [12] * 8


def test_each_sequence_sends_requests() -> None:
    with under_test() as (_, subject):
        assert all(job().requests for job in Sequences(subject, "quick", 0).jobs)


def test_the_sequence_with_the_most_requests_is_begun_first() -> None:
    with under_test() as (_, subject):
        sequences = Sequences(subject, "quick", 0)
        sent = {job: job().requests for job in sequences.jobs}
        ordered = sequences.longest_first()
    assert set(ordered) == set(sequences.jobs)
    assert sent[ordered[0]] > sum(sent.values()) / len(sent) > sent[ordered[-1]]


def test_they_send_the_requests_that_one_after_the_other_sends() -> None:
    sent = []
    for workers in (0, 4):
        with under_test() as (registry, subject):
            counted.clear()
            assert run(subject, workers=workers) == MachineSeen(8)
            sent.append(sorted(exchange.method for exchange in registry.exchanges))
            assert sum(counted) == len(registry.exchanges)
    with under_test() as (registry, subject):
        assert explore(subject, "quick", 0) == MachineSeen(8)
        sent.append(sorted(exchange.method for exchange in registry.exchanges))
    assert sent[0] == sent[1] == sent[2]


@pytest.mark.parametrize("name", ["deleted_manifests_stay", "reencodes_json", "merges_twin_platforms"])
def test_a_contradiction_is_shrunk(name: str) -> None:
    with under_test(getattr(defects, name)()) as (_, subject):
        seen = run(subject, workers=4)
    assert seen.failure
    assert "state." in seen.failure, "the steps of the shortest sequence"
    assert seen.exchanges


def test_a_contradiction_that_does_not_occur_again_stays_a_failure() -> None:
    with under_test(defects.deleted_manifests_stay()) as (registry, subject):
        seen = run(subject, workers=4, between=registry.arm)
    assert seen.failure.startswith("while other sequences ran in other repositories, and not without them: ")
    assert "is still served" in seen.failure
    assert seen.sequences == 17


def test_a_contradiction_that_hypothesis_does_not_find_again_is_tried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "explore", lambda *_, **__: MachineSeen(0))
    with under_test(defects.deleted_manifests_stay()) as (_, subject):
        seen = run(subject, workers=4)
    assert "is still served" in seen.failure
    assert "other sequences" not in seen.failure


def test_the_stored_sequences_are_those_that_are_drawn() -> None:
    found = draw("quick", QUICK_SEED)
    if os.environ.get("ZCC_WRITE_SEQUENCES"):
        FILE.write_bytes(msgspec.json.encode(Stored(hypothesis.__version__, found)) + b"\n")
    stored = read_stored()
    assert [len(each) for each in stored.sequences] == [len(each) for each in found]
    if stored.hypothesis != hypothesis.__version__:
        pytest.skip(f"drawn by Hypothesis {stored.hypothesis}, and this is {hypothesis.__version__}")
    assert stored.sequences == found


@pytest.mark.parametrize("without", [(), ("-p", "no:hypothesispytest")], ids=["with its plugin", "without"])
def test_a_registry_is_judged_without_the_import_of_hypothesis(tmp_path: Path, without: tuple[str, ...]) -> None:
    own = ["--pyargs", "conformance.suite", "--profile=registry-lifecycle", f"--report-dir={tmp_path}"]
    arguments = [*own, *without, "-q"]
    code = f"import pytest, sys; status = pytest.main({arguments}); print(status, 'hypothesis' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert ran.stdout.splitlines()[-1].endswith("0 False"), ran.stdout[-2000:]


def test_what_a_worker_pushed_is_deleted_by_another_process() -> None:
    with under_test() as (registry, subject):
        assert run(subject, workers=2) == MachineSeen(8)
        names = [f"zcc/tried/sequence-{number}/{name}" for number in range(8) for name in "ab"]
        assert any(registry.blobs_of(name) for name in names)
        pushed = subject.hand_over()
        subject.clean_up()
        assert any(registry.blobs_of(name) for name in names), "it is no longer its own"
        other = RegistryUnderTest(subject.client, "zcc/tried")
        other.take_over(pushed)
        other.clean_up()
        assert not any(registry.blobs_of(name) for name in names)


class OneStore(Defect):
    """Removes a blob from every repository, as crane's registry does, and responds with 500 where it is gone."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        if call.method != "DELETE" or "/blobs/sha256:" not in call.path:
            return None
        holding = [each for each in core.repositories.values() if call.path.rpartition("/")[2] in each.links]
        for each in holding:
            each.links.remove(call.path.rpartition("/")[2])
        return Reply(202) if holding else error_reply(500, "INTERNAL_SERVER_ERROR", "no such blob")


def test_a_blob_that_is_gone_is_not_listed_as_retained() -> None:
    with under_test(OneStore()) as (_, subject):
        for name in "ab":
            assert subject.upload(subject.repository(name), b"a shared blob").status == 201
        assert [exchange.status for exchange in subject.clean_up()] == [500]
        assert subject.left == ()


@pytest.mark.parametrize("limit", [0, 3, 25])
def test_the_search_for_a_shorter_sequence_ends(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine._SHORTER, "quick", limit)
    kept: list[tuple[Step, ...]] = []
    counted: list[int] = []

    def keep(steps: Sequence[Step], _: object) -> str:
        kept.append(tuple(steps))
        return f"{len(steps)} requests"

    with under_test(defects.deleted_manifests_stay()) as (_, subject):
        seen = explore(subject, "quick", 0, counted.append, keep)
    assert seen.sequences == len(counted) <= 8 + 1 + limit
    assert "is still served: HTTP 200" in seen.failure
    assert f"{len(kept[0])} requests" in seen.failure
    last = kept[0][-1]
    assert (last.do, last.status, last.seen) == ("get-manifest", (404,), 200)
    assert seen.exchanges[-1].url.endswith(last.reference)
