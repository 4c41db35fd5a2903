"""Observations made by several threads before they are asked for."""

from threading import Barrier, Event

import pytest

from conformance.trials.at_once import Ahead, Job


def test_each_job_is_run_once_and_gives_what_it_returns_or_raises() -> None:
    runs = []

    def works() -> int:
        runs.append("works")
        return 1

    def fails() -> int:
        raise ValueError("no")

    for workers in (0, 1, 4):
        runs.clear()
        with Ahead([[works, fails], [works]], workers=workers) as ahead:
            for _ in range(2):
                assert ahead.result(works) == 1
                with pytest.raises(ValueError, match="no"):
                    ahead.result(fails)
        assert runs == ["works"]


def test_without_workers_nothing_is_run_that_no_client_asks_for() -> None:
    with Ahead([[lambda: pytest.fail("it was run")]], workers=0):
        pass


def test_what_has_not_begun_at_the_end_is_dropped() -> None:
    begun, go, ran = Event(), Event(), []

    def first() -> None:
        begun.set()
        go.wait(20)

    def second() -> None:
        ran.append("second")

    with Ahead([[first], [second]], workers=1) as ahead:
        begun.wait(20)
        ahead._results[second].cancel()
        go.set()
    assert not ran


def test_the_jobs_of_a_batch_are_run_in_order_and_batches_at_the_same_time() -> None:
    met, order = Barrier(2), []

    def job(name: str, meets: bool) -> Job:
        def run() -> None:
            if meets:
                met.wait(20)
            order.append(name)

        return run

    first, second, other = job("first", True), job("second", False), job("other", True)
    with Ahead([[first, second], [other]], workers=2) as ahead:
        for each in (second, other, first):
            ahead.result(each)
    assert order.index("first") < order.index("second")
