"""Judges layers in other processes: on this machine, or on the workers of a Dask cluster (``cluster``)."""

import multiprocessing
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

import msgspec

from conformance.audit.connections import Hosts
from conformance.audit.model import AuditOptions
from conformance.audit.parts import Part, Wanted
from conformance.audit.sources import AuditedImage
from conformance.audit.tasks import ATTEMPTS, Task, TaskResult, crashed, judge_elsewhere
from conformance.audit.traffic import OverBudgetError, StoppedError


class Workers(Protocol):
    """An executor of ``concurrent.futures`` for tasks, and the handling of lost workers."""

    size: int
    """The number of tasks that run at the same time."""

    def executor(self) -> Executor:
        """The executor to submit to; a new one when the last one is broken."""

    def submit(self, executor: Executor, task: Task) -> TaskResult:
        """Run a task and wait for it."""

    def take(self, error: Exception, executor: Executor, task: Task) -> None:
        """Return when the task may be submitted again after this error; otherwise raise an error."""

    def close(self) -> None:
        """Give up unfinished tasks."""


class Pool:
    """``with Pool(options, hosts, workers) as pool``; ``pool.judge`` is called by several threads and waits."""

    def __init__(self, options: AuditOptions, hosts: Hosts, workers: Workers) -> None:
        self._options, self._hosts, self._workers = options, hosts, workers
        # The environment of a process cannot be sent to another unchanged. Options for this process only are left out.
        connection = msgspec.structs.replace(options.connection, environ=dict(options.connection.environ))
        self._sent = AuditOptions(deep=options.deep, use_panel=options.use_panel, pulls=options.pulls)
        self._connection = connection

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()

    def judge(self, source: AuditedImage, wanted: Wanted) -> Part:
        """The part of one layer; when a process dies, the layer is given to another."""
        traffic = self._hosts.traffic
        for _ in range(ATTEMPTS):
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
    """Ignore Ctrl-C, which all processes of a terminal receive; the process with the state decides what to stop."""
    for name in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(name, signal.SIG_IGN)


class LocalProcesses:
    """Processes of this machine; when one dies, the executor ends all of them, and they are replaced."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None

    def executor(self) -> Executor:
        """The executor, started on first use."""
        with self._lock:
            if self._executor is None:
                context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
                self._executor = ProcessPoolExecutor(self.size, mp_context=context, initializer=_leave_signals)
            return self._executor

    def submit(self, executor: Executor, task: Task) -> TaskResult:
        """Judge a layer in one of the processes."""
        return executor.submit(judge_elsewhere, task).result()

    def take(self, error: Exception, executor: Executor, task: Task) -> None:  # noqa: ARG002 (of the protocol)
        """Replace broken processes; raise an error of the layer itself."""
        if not isinstance(error, BrokenProcessPool):
            raise error
        with self._lock:
            if self._executor is executor:
                self._executor = None
        executor.shutdown(wait=False)

    def close(self) -> None:
        """Let running tasks end, and discard their results."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)


def workers_of(options: AuditOptions) -> Workers | None:
    """The workers that the options request; None where threads of this process read the layers. Raises StoppedError."""
    if options.scheduler:
        from conformance.audit.cluster import ClusterWorkers  # noqa: PLC0415 (an extra)

        return ClusterWorkers(options)
    return LocalProcesses(options.workers) if options.deep else None
