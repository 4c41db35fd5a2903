"""Observations that several threads make before they are asked for: a registry that is far away takes its time."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Final

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


def _fulfil(future: Future[Any], job: Job) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(job())
    except Exception as error:  # raised where the result is asked for
        future.set_exception(error)
