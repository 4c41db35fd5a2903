"""The task of a process that judges one layer, and its result: what goes to another process or machine."""

from typing import Final

import msgspec

from conformance.audit.connections import Hosts
from conformance.audit.model import AuditOptions
from conformance.audit.parts import Part, Wanted, judge_part
from conformance.audit.sources import Shared, open_image
from conformance.audit.traffic import OverBudgetError, Traffic
from conformance.registry.client.options import ConnectionOptions
from conformance.sources.errors import SourceError

ATTEMPTS: Final = 3
"""How many processes are given a layer, when each dies that reads it."""


class Task(msgspec.Struct, frozen=True):
    """One layer to judge: its image, the options for its registry, and what the verdict depends on.

    ``left`` bytes may be received (0: any number). ``checker`` is that of the caller: a process with another one has
    other rules.
    """

    reference: str
    connection: ConnectionOptions
    wanted: Wanted
    options: AuditOptions
    checker: str
    left: int


class TaskResult(msgspec.Struct, frozen=True):
    """A part from another process, and its traffic; ``part`` is None when ``stopped`` states why ("" for the byte
    budget).
    """

    part: Part | None
    requests: int
    bytes: int
    stopped: str = ""


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
    """The error for a layer on which every process died that read it."""
    digest = task.wanted.descriptor.digest[:100]
    return SourceError(f"layer {digest}: {ATTEMPTS} processes that read it died (out of memory?)")
