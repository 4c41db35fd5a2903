"""The workers of a Dask cluster (extra ``dask``), used through an executor as in ``concurrent.futures``.

The scheduler gives a task whose worker died to another one, and accepts added workers. Workers need this package in the
same version: a worker with other rules ends the audit.
"""

import gc
import os
import sys
from concurrent.futures import CancelledError, Executor
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from conformance.audit.model import AuditOptions
from conformance.audit.tasks import Task, TaskResult, crashed, judge_elsewhere
from conformance.audit.traffic import StoppedError
from conformance.registry.client.conventions import is_loopback_url

_CONNECT_SECONDS: Final = 30
_WHY: Final = "in a checkout: pip install '.[dask]'"


def judge_on_worker(task: Task) -> TaskResult:
    """``judge_elsewhere`` with the credential files and helpers of the user of the worker."""
    connection = msgspec.structs.replace(task.connection, environ=dict(os.environ))
    return judge_elsewhere(msgspec.structs.replace(task, connection=connection))


class ClusterWorkers:
    """A client of the scheduler that the options name."""

    def __init__(self, options: AuditOptions) -> None:
        address = options.scheduler
        if options.connection.username and not _is_private(address):
            raise StoppedError(
                f"--username with --scheduler {address}: the password would go over the network in clear text; "
                "use a tls:// scheduler, or log in on the workers (docker login)"
            )
        try:
            self._distributed: Any = import_module("distributed")  # an extra without type annotations
        except ImportError:
            raise StoppedError(f"--scheduler needs dask.distributed: {_WHY}") from None
        try:
            self._client = self._distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            line = _line(error)
            _let_go(error)
            raise StoppedError(f"--scheduler {address}: {line}") from None
        self._executor: Executor = self._client.get_executor(pure=False)
        self.size = max(sum(self._client.nthreads().values()), 1)

    def executor(self) -> Executor:
        """The same executor during the whole audit."""
        return self._executor

    def submit(self, executor: Executor, task: Task) -> TaskResult:
        """Judge a layer on one of the workers; the environment is not sent."""
        given = task.connection
        password = given.password if given.username else ""
        connection = msgspec.structs.replace(given, environ={}, password=password)
        return executor.submit(judge_on_worker, msgspec.structs.replace(task, connection=connection)).result()

    def take(self, error: Exception, executor: Executor, task: Task) -> None:  # noqa: ARG002 (of the protocol)
        """Give up a layer on which several workers died; a lost scheduler ends the audit."""
        if isinstance(error, self._distributed.KilledWorker):
            raise crashed(task) from None
        if isinstance(error, ModuleNotFoundError):
            raise StoppedError(f"a worker lacks this package ({error}): {_WHY} there too") from None
        if isinstance(error, CancelledError | OSError | RuntimeError):
            raise StoppedError(f"the scheduler is lost ({_line(error)})") from None
        raise error

    def close(self) -> None:
        """Cancel waiting tasks, and disconnect from the cluster."""
        self._client.close(timeout=5)


def _is_private(address: str) -> bool:
    scheme = urlsplit(address).scheme
    return scheme in ("tls", "wss") or (scheme == "tcp" and is_loopback_url(address))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _let_go(error: BaseException) -> None:
    """Free the objects in the frames of an error silently: a client that never connected would print a traceback."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        each: BaseException | None = error
        while each is not None:
            each.__traceback__ = None
            each = each.__context__
        gc.collect()
    finally:
        sys.unraisablehook = hook
