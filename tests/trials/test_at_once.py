"""Several runs of programs at once."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from conformance.processes.run import Ended, run_program
from conformance.trials.at_once import Once, at_once


def _sleep(directory: Path, seconds: str) -> Ended:
    return run_program(["sleep", seconds], directory=directory, environment={"PATH": "/usr/bin:/bin"}, timeout=60)


def test_results_come_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    jobs = [partial(_sleep, tmp_path, seconds) for seconds in ("0.4", "0", "0.2", "0.1")]
    for workers in (1, 4):
        assert [ended.argv[1] for ended in at_once(jobs, workers)] == ["0.4", "0", "0.2", "0.1"]


def test_running_programs_are_killed_when_the_caller_is_interrupted(tmp_path: Path) -> None:
    jobs = [partial(_sleep, tmp_path, seconds) for seconds in ("0", "50", "50", "50")]

    def take_one() -> None:
        for _ in at_once(jobs, 2):
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        take_one()
    assert time.monotonic() - started < 20


def test_a_job_that_raises_ends_the_others(tmp_path: Path) -> None:
    def broken() -> Ended:
        raise ValueError("broken")

    started = time.monotonic()
    jobs: list[Callable[[], Ended]] = [broken, partial(_sleep, tmp_path, "50")]
    with pytest.raises(ValueError, match="broken"):
        list(at_once(jobs, 2))
    assert time.monotonic() - started < 20


def test_a_job_is_run_once_however_many_ask_for_it() -> None:
    runs: list[str] = []
    once: Once[str, int] = Once()

    def job(key: str) -> int:
        time.sleep(0.05)  # long enough for the others to ask before it ends
        runs.append(key)
        return len(key)

    jobs = [partial(once.result, key, partial(job, key)) for key in ("one", "one", "three")]
    assert list(at_once(jobs, 3)) == [3, 3, 5]
    assert sorted(runs) == ["one", "three"]
    assert sorted(once.done()) == [3, 5]


def test_a_failure_is_raised_for_everyone_who_asks_and_is_no_result() -> None:
    once: Once[str, int] = Once()
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            once.result("one", lambda: int("broken"))
    assert once.done() == []
