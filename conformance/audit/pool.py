"""Layers judged elsewhere: in processes of this machine, or on the workers of a Dask cluster (``cluster``)."""

import multiprocessing
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final, Protocol

import msgspec

from conformance.audit.connections import Hosts
from conformance.audit.model import AuditOptions
from conformance.audit.parts import Part, Wanted, judge_part
from conformance.audit.sources import AuditedImage, Shared, open_image
from conformance.audit.traffic import OverBudgetError, StoppedError, Traffic
from conformance.registry.client.options import ConnectionOptions
from conformance.sources.errors import SourceError

_ATTEMPTS: Final = 3


class Task(msgspec.Struct, frozen=True):
    """One layer to be judged: the image that has it, how to reach that, and what the verdict depends on.

    ``left`` bytes may be received (0: any number). ``checker`` is that of the caller: another one here would
    have other rules.
    """

    reference: str
    connection: ConnectionOptions
    wanted: Wanted
    options: AuditOptions
    checker: str
    left: int


class TaskResult(msgspec.Struct, frozen=True):
    """A part from elsewhere, and what it cost; ``part`` is None when it was ``stopped`` ("" by the byte budget)."""

    part: Part | None
    requests: int
    bytes: int
    stopped: str = ""


class Workers(Protocol):
    """Where tasks are carried out: an executor of ``concurrent.futures``, and how its losses are taken."""

    size: int
    """Tasks that it carries out at once, when it was asked."""

    def executor(self) -> Executor:
        """The executor to submit to; a new one where the last one is broken."""

    def submit(self, executor: Executor, task: Task) -> TaskResult:
        """Carry out a task and wait for it."""

    def take(self, error: Exception, executor: Executor, task: Task) -> None:
        """Return when the task may be submitted again after this error; else raise what it comes to."""

    def close(self) -> None:
        """Give up what is not done."""


def judge_elsewhere(task: Task) -> TaskResult:
    """Judge one layer in this process."""
    here = task.options.checker
    if here != task.checker:
        return TaskResult(None, 0, 0, f"a worker judges by other rules ({here}; here: {task.checker})")
    traffic = Traffic(task.left)
    source = open_image(task.reference, task.connection, Hosts(traffic, 1), Shared())
    try:
        part = judge_part(source, task.wanted, deep=task.options.deep, with_content=task.options.pulls)
    except OverBudgetError:
        return TaskResult(None, traffic.requests, traffic.bytes)
    return TaskResult(part, traffic.requests, traffic.bytes)


def crashed(task: Task) -> SourceError:
    """The layer that ends every process which reads it."""
    digest = task.wanted.descriptor.digest[:100]
    return SourceError(f"layer {digest}: {_ATTEMPTS} processes that read it died (out of memory?)")


class Pool:
    """``with Pool(options, hosts, workers) as pool``; ``pool.judge`` is called by several threads and waits."""

    def __init__(self, options: AuditOptions, hosts: Hosts, workers: Workers) -> None:
        self._options, self._hosts, self._workers = options, hosts, workers
        # The environment of a process cannot be sent to another as it is. What only steers this process stays here.
        connection = msgspec.structs.replace(options.connection, environ=dict(options.connection.environ))
        self._sent = AuditOptions(deep=options.deep, use_panel=options.use_panel, pulls=options.pulls)
        self._connection = connection

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()

    def judge(self, source: AuditedImage, wanted: Wanted) -> Part:
        """The part of one layer; where a process dies the layer is given to another."""
        traffic = self._hosts.traffic
        for _ in range(_ATTEMPTS):
            self._hosts.admit()
            task = Task(source.locator, self._connection, wanted, self._sent, self._options.checker, traffic.left)
            executor = self._workers.executor()
            try:
                result = self._workers.submit(executor, task)
            except Exception as error:
                self._workers.take(error, executor, task)
                continue
            traffic.add(result.requests, result.bytes)
            if result.stopped:
                raise StoppedError(result.stopped)
            if result.part is None:
                raise OverBudgetError("--max-bytes: a layer is larger than what is left")
            return result.part
        raise crashed(task)


def _leave_signals() -> None:
    """Ctrl-C goes to all processes of a terminal; the process with the state decides on the work."""
    for name in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(name, signal.SIG_IGN)


class LocalProcesses:
    """Processes of this machine; one that dies takes the others with it, and all are replaced."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are running."""
        executor = self._executor
        return () if executor is None else tuple(executor._processes)

    def executor(self) -> Executor:
        """Started when it is first requested."""
        with self._lock:
            if self._executor is None:
                context = multiprocessing.get_context("spawn")  # threads hold locks that a fork would copy
                self._executor = ProcessPoolExecutor(self.size, mp_context=context, initializer=_leave_signals)
            return self._executor

    def submit(self, executor: Executor, task: Task) -> TaskResult:
        """In one of the processes."""
        return executor.submit(judge_elsewhere, task).result()

    def take(self, error: Exception, executor: Executor, task: Task) -> None:  # noqa: ARG002 (of the protocol)
        """Broken processes are replaced; what the layer itself raised is its own."""
        if not isinstance(error, BrokenProcessPool):
            raise error
        with self._lock:
            if self._executor is executor:
                self._executor = None
        executor.shutdown(wait=False)

    def close(self) -> None:
        """Running tasks end by themselves; their results are discarded."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)


MakeWorkers = Callable[[AuditOptions], Workers]


def workers_of(options: AuditOptions) -> Workers | None:
    """What the options request; None where layers are read by the threads of this process. Raises StoppedError."""
    if options.scheduler:
        from conformance.audit.cluster import ClusterWorkers  # noqa: PLC0415 (an extra)

        return ClusterWorkers(options)
    return LocalProcesses(options.workers) if options.deep else None
