"""Lanes in threads: compressors and digests work on large buffers without the interpreter's lock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Final

from conformance.format.lanes import Lanes

_BATCH: Final = 2**19
"""Bytes of actions that are handed over together: a handover takes longer than the digest of a small file."""
_COST: Final = 2**10
"""Each action counts for so many bytes more."""
_WAITING: Final = 16
"""Batches that may wait."""
Action = Callable[[], object]


class ThreadLane:
    """One thread. Use it in a ``with`` statement of ``thread_lanes``, which ends the thread."""

    def __init__(self, name: str) -> None:
        self._queue: Queue[list[Action] | None] = Queue(_WAITING)
        self._batch: list[Action] = []
        self._size = 0
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, action: Action, size: int) -> None:
        """Run it after those before it; wait where too many do."""
        self._batch.append(action)
        self._size += size + _COST
        if self._size >= _BATCH:
            self._hand_over()

    def settle(self) -> None:
        """Wait until all were run."""
        self._hand_over()
        self._queue.join()
        self._raise()

    def end(self) -> None:
        """Run nothing more, and end the thread."""
        self._error = self._error or RuntimeError("ended")
        self._queue.put(None)
        self._thread.join()

    def _hand_over(self) -> None:
        self._raise()
        self._queue.put(self._batch)
        self._batch, self._size = [], 0

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (batch := self._queue.get()) is not None:
            try:
                for action in batch:
                    if self._error is None:
                        action()
            except BaseException as error:  # raised again where the next action comes from
                self._error = error
            finally:
                self._queue.task_done()


@contextmanager
def thread_lanes() -> Iterator[Lanes]:
    """Two threads, which end with the block."""
    lanes = ThreadLane("zcc-compression"), ThreadLane("zcc-digests")
    try:
        yield Lanes(*lanes)
    finally:
        for lane in lanes:
            lane.end()
