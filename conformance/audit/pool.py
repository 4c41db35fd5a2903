"""Layers judged in processes of their own: reading every byte of them is work for all cores."""

import multiprocessing
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final

import msgspec

from conformance.audit.connections import Hosts, OverBudgetError, Traffic
from conformance.audit.model import AuditOptions
from conformance.audit.parts import Part, Wanted, judge_part
from conformance.audit.sources import AuditedImage, Shared, open_image
from conformance.registry.client.options import ConnectionOptions

_ATTEMPTS: Final = 3


class Answered(msgspec.Struct, frozen=True):
    """A part from another process, and what it cost. ``part`` is None when the byte budget ended it."""

    part: Part | None
    requests: int
    bytes: int


def judge_elsewhere(
    reference: str, connection: ConnectionOptions, wanted: Wanted, *, deep: bool, left: int
) -> Answered:
    """Judge one layer in this process; ``left`` bytes may be received (0: any number)."""
    traffic = Traffic(left)
    source = open_image(reference, connection, Hosts(traffic, 1), Shared())
    try:
        part = judge_part(source, wanted, deep=deep)
    except OverBudgetError:
        part = None
    return Answered(part, traffic.requests, traffic.bytes)


def _leave_signals() -> None:
    """Ctrl-C goes to all processes of a terminal; what becomes of the work is decided by the one that has the state."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Pool:
    """``with Pool(options, traffic) as pool``; ``pool.judge`` is called by several threads and waits."""

    def __init__(self, options: AuditOptions, traffic: Traffic) -> None:
        self._options, self._traffic = options, traffic
        # The environment of a process cannot be sent to another as it is.
        self._connection = msgspec.structs.replace(options.connection, environ=dict(options.connection.environ))
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    @property
    def workers(self) -> tuple[int, ...]:
        """The processes that are running."""
        executor = self._executor
        return () if executor is None else tuple(executor._processes)

    def judge(self, source: AuditedImage, wanted: Wanted) -> Part:
        """The part of one layer; a process that dies is replaced, and the layer given to another."""
        for attempt in range(_ATTEMPTS):
            executor = self._running()
            try:
                answered = executor.submit(
                    judge_elsewhere,
                    source.locator,
                    self._connection,
                    wanted,
                    deep=self._options.deep,
                    left=self._traffic.left,
                ).result()
            except BrokenProcessPool:
                self._drop(executor)
                if attempt + 1 == _ATTEMPTS:
                    raise
                continue
            self._traffic.add(answered.requests, answered.bytes)
            if answered.part is None:
                raise OverBudgetError("--max-bytes: a layer is larger than what is left")
            return answered.part
        raise AssertionError("unreachable")

    def _running(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._executor is None:
                context = multiprocessing.get_context("spawn")  # threads hold locks that a fork would copy
                self._executor = ProcessPoolExecutor(
                    self._options.workers, mp_context=context, initializer=_leave_signals
                )
            return self._executor

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._executor is broken:
                self._executor = None
        broken.shutdown(wait=False)
