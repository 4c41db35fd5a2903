"""Jobs that several threads run at once: observations of a far registry, and runs of programs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Any, Final, TypeVar

from conformance.processes.run import stoppable

T = TypeVar("T")
Job = Callable[[], Any]
_MAX_WAIT: Final = 5.0  # seconds, for jobs under way at the end


class Ahead:
    """``with Ahead(batches) as ahead: ahead.result(job)``; each job is run once, by one of so many ``workers``.

    The jobs of a batch are run one after the other, batches at the same time.

    At the end jobs that have not begun are dropped. Those under way are waited for, for some seconds only: the threads
    do not keep the process from ending.
    """

    def __init__(self, batches: Iterable[Sequence[Job]], *, workers: int) -> None:
        self._results: dict[Job, Future[Any]] = {}
        self._waiting: SimpleQueue[Sequence[Job]] = SimpleQueue()
        for batch in batches:
            new = [job for job in dict.fromkeys(batch) if job not in self._results]
            self._results.update((job, Future()) for job in new)
            self._waiting.put(new)
        count = min(workers, self._waiting.qsize())
        self._threads = [Thread(target=self._work, name="ahead", daemon=True) for _ in range(count)]

    def __enter__(self) -> "Ahead":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._results.values():
            future.cancel()
        until = monotonic() + _MAX_WAIT
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def result(self, job: Job) -> Any:
        """What it returned, or raised. It is waited for; without workers it is run now."""
        future = self._results[job]
        if not self._threads and not future.done():
            _fulfil(future, job)
        return future.result()

    def _work(self) -> None:
        while True:
            try:
                batch = self._waiting.get_nowait()
            except Empty:
                return
            for job in batch:
                _fulfil(self._results[job], job)


def at_once(jobs: Sequence[Callable[[], T]], workers: int) -> Iterator[T]:
    """The results in the order of the jobs, of which ``workers`` run at a time; one worker is the calling thread.

    When the caller is interrupted, or ends early, jobs that have not begun are dropped and running programs killed.
    """
    stop = Event()

    def run(job: Callable[[], T]) -> T:
        with stoppable(stop):
            return job()

    several = workers > 1
    started: list[Callable[[], T]] = [partial(run, job) for job in jobs] if several else list(jobs)
    with Ahead([[job] for job in started], workers=workers if several else 0) as ahead:
        try:
            for job in started:
                yield ahead.result(job)
        finally:
            stop.set()


def _fulfil(future: Future[Any], job: Job) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(job())
    except BaseException as error:  # raised where the result is asked for
        future.set_exception(error)
