"""Digests in a thread: they release the interpreter lock on large buffers. Compression in a process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from queue import Queue
from typing import BinaryIO, Final

from conformance.building.compress_process import ProcessFrames
from conformance.format.frame_writer import FrameWriter
from conformance.format.lanes import Lanes

_BATCH: Final = 2**19
"""Bytes of actions that are queued together: queueing takes longer than the digest of a small file."""
_COST: Final = 2**10
"""Bytes that each action counts in addition."""
_WAITING: Final = 16
"""Maximum number of waiting batches."""
Action = Callable[[], object]


class ThreadLane:
    """A lane with one thread; the context of ``thread_lanes`` ends the thread."""

    def __init__(self, name: str) -> None:
        self._queue: Queue[list[Action] | None] = Queue(_WAITING)
        self._batch: list[Action] = []
        self._size = 0
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, action: Action, size: int) -> None:
        """Queue an action; wait when too many batches are waiting."""
        self._batch.append(action)
        self._size += size + _COST
        if self._size >= _BATCH:
            self._hand_over()

    def settle(self) -> None:
        """Wait until all actions have run."""
        self._hand_over()
        self._queue.join()
        self._raise()

    def end(self) -> None:
        """Drop waiting actions, and end the thread."""
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
            except BaseException as error:  # raised again in the thread that queues actions
                self._error = error
            finally:
                self._queue.task_done()


@contextmanager
def parallel_lanes() -> Iterator[Lanes]:
    """Digests in a thread, and compression in a process for each large blob; both end with the context."""
    digests = ThreadLane("zcc-digests")
    with ExitStack() as stack:
        stack.callback(digests.end)

        def frames(blob: BinaryIO, level: int, checksums: bool) -> FrameWriter:
            made = ProcessFrames(blob, level, checksums)
            stack.callback(made.end)
            return made

        yield Lanes(digests, frames)
