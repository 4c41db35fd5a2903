"""Several runs of programs at once, which end together when the caller does not want the rest."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from conformance.processes.run import stoppable

T = TypeVar("T")


def at_once(jobs: Sequence[Callable[[], T]], workers: int) -> Iterator[T]:
    """The results in the order of the jobs, of which ``workers`` run at a time; one worker is the calling thread.

    When the caller is interrupted, or ends early, jobs that have not begun are dropped and running programs killed.
    """
    if workers <= 1:
        yield from (job() for job in jobs)
        return
    stop = Event()

    def run(job: Callable[[], T]) -> T:
        with stoppable(stop):
            return job()

    with ThreadPoolExecutor(workers, thread_name_prefix="at-once") as pool:
        waiting = [pool.submit(run, job) for job in jobs]
        try:
            for future in waiting:
                yield future.result()
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
