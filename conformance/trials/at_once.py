"""Jobs that several threads run at once: observations of a far registry, and runs of programs."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Final, Generic, TypeVar

from conformance.processes.run import stoppable

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
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


@contextmanager
def programs_ahead(batches: Iterable[Mapping[K, Callable[[], T]]], workers: int) -> Iterator[Callable[[K], T]]:
    """``with programs_ahead(batches, 3) as result: result(key)``; ``Ahead`` of jobs that run programs, by their keys.

    One worker is the calling thread: a job is then run when its result is asked for. At the end, or when the caller is
    interrupted, jobs that have not begun are dropped and running programs killed.
    """
    stop = Event()

    def run(job: Callable[[], T]) -> T:
        with stoppable(stop):
            return job()

    prepared = [{key: partial(run, job) for key, job in batch.items()} for batch in batches]
    by_key = {key: job for batch in prepared for key, job in batch.items()}
    with Ahead([[*batch.values()] for batch in prepared], workers=workers if workers > 1 else 0) as ahead:
        try:
            yield lambda key: ahead.result(by_key[key])
        finally:
            stop.set()


def at_once(jobs: Sequence[Callable[[], T]], workers: int) -> Iterator[T]:
    """The results in the order of the jobs, of which ``workers`` run at a time; one worker is the calling thread.

    When the caller is interrupted, or ends early, jobs that have not begun are dropped and running programs killed.
    """
    with programs_ahead([{number: job} for number, job in enumerate(jobs)], workers) as result:
        for number in range(len(jobs)):
            yield result(number)


class Once(Generic[K, T]):
    """Runs the job of each key once, whatever thread asks for it first; the others wait for its result."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._futures: dict[K, Future[T]] = {}

    def result(self, key: K, job: Callable[[], T]) -> T:
        """What the job of this key returned, or raised."""
        with self._lock:
            is_first = key not in self._futures
            future = self._futures.setdefault(key, Future())
        if is_first:
            _fulfil(future, job)
        return future.result()

    def done(self) -> list[T]:
        """The results so far, in the order in which they were asked for."""
        with self._lock:
            futures = list(self._futures.values())
        return [future.result() for future in futures if future.done() and future.exception() is None]


def _fulfil(future: Future[Any], job: Job) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(job())
    except BaseException as error:  # raised where the result is asked for
        future.set_exception(error)
