"""Clients made of a toolkit, run in this process: the same arguments and outcomes, without starting a program."""

import contextlib
import io
import os
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

import msgspec

from conformance.implementations.adapter import Adapter, find_adapter
from conformance.implementations.adapter_document import Operation, Option
from conformance.implementations.outcome import Classified, classify
from conformance.implementations.placeholders import OPTIONS as HERE
from conformance.implementations.placeholders import fill
from conformance.implementations.protocol import OPERATIONS, OPTIONS
from conformance.implementations.runner import Run, Values
from conformance.mutants.null_clients import KINDS
from conformance.mutants.run_client import run_client
from conformance.observed.evidence import CommandEvidence
from conformance.processes.sandbox import Sandbox
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.registry.client.credentials import Credentials
from conformance.requirements import load_catalogue
from conformance.results import RequirementResult, Verdict, conclude
from conformance.trials.consumer.scenarios import AWARE, BY_TOC, UNAWARE, judge_requirement
from conformance.trials.consumer.trial import ConsumerTrials
from conformance.trials.under_test import ImplementationSubject

_OF_A_LAYOUT: Final = ("unpack", "--layout", "{layout}", "--output", "{output}", HERE)


class InProcessConsumer(ImplementationSubject):
    """A toolkit behind the adapter of the reference; ``operations`` may leave some out, or add ``scan``.

    ``from_layout``: it unpacks images in layouts, and asks no registry.
    """

    def __init__(
        self,
        toolkit: Toolkit,
        directory: Path,
        operations: Sequence[Operation] = ("unpack",),
        *,
        from_layout: bool = False,
    ) -> None:
        super().__init__(_adapter(operations, from_layout=from_layout), "in process", directory)
        self._vectors = {**OPERATIONS, "unpack": _OF_A_LAYOUT} if from_layout else OPERATIONS
        client: Any = toolkit.client

        class Quick(client):  # type: ignore[misc]
            """Does not wait between attempts."""

            def __init__(self, *arguments: Any, **more: Any) -> None:
                super().__init__(*arguments, **more, sleep=lambda _: None)

        self._toolkit = msgspec.structs.replace(toolkit, client=Quick)

    def run(
        self,
        operation: Operation,
        values: Values,
        *,
        hosts: Sequence[str] = (),
        options: Sequence[Option] = (),
        timeout: float | None = None,
        credentials: Mapping[str, Credentials] | None = None,
        ca_file: Path | None = None,
        partial_pulls: bool = True,
        sandbox: Sandbox | None = None,
    ) -> Run:
        del timeout, ca_file, partial_pulls  # nothing here can be stopped, or be told so
        place = sandbox or self.sandbox(hosts=hosts, credentials=credentials)
        given = {**place.values(), **{key: str(value) for key, value in values.items()}}
        own: tuple[Option, ...] = ("authfile",) if place.secrets else ()
        extra = [argument for option in (*own, *options) for argument in fill(OPTIONS[option], given)]
        argv = fill(self._vectors[operation], given, extra)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.dict(os.environ):
            os.environ.clear()
            os.environ.update(place.environment)
            try:
                status: int | None = self.work(argv)
            except SystemExit as error:
                status = int(error.code or 0)
            except Exception:
                traceback.print_exc()
                status = 1
        how = self.ended(status, out.getvalue(), err.getvalue())
        evidence = (CommandEvidence(argv, status, err.getvalue()[-2000:]),)
        return Run("in process", operation, how.outcome, how.reason, evidence, out.getvalue(), err.getvalue())

    def work(self, argv: Sequence[str]) -> int:
        """What the program does; its exit status."""
        return run_client(self._toolkit, argv)

    def ended(self, status: int | None, out: str, err: str) -> Classified:
        """How it ended."""
        return classify(exit_status=status, stdout=out, stderr=err, protocol=True)


def _adapter(operations: Sequence[Operation], *, from_layout: bool) -> Adapter:
    reference = find_adapter("reference")
    known = {name: reference.operations[name] for name in operations}
    if from_layout:
        known["unpack"] = (_OF_A_LAYOUT,)
    return msgspec.structs.replace(reference, operations=known, unsupported={})


def judge_client(
    toolkit: Toolkit = REFERENCE,
    *,
    directory: Path,
    aware: bool = True,
    by_toc: bool = False,
    from_layout: bool = False,
    operations: Sequence[Operation] = ("unpack",),
    only: Sequence[str] = (),
) -> dict[str, RequirementResult]:
    """Results by requirement id."""
    aware = aware and not by_toc
    subject = InProcessConsumer(toolkit, directory, operations, from_layout=from_layout)
    trials = ConsumerTrials(subject, aware=aware, by_toc=by_toc)
    wanted = only or tuple(AWARE if aware else BY_TOC if by_toc else UNAWARE)
    return {name: conclude(load_catalogue()[name], judge_requirement(trials, name)) for name in wanted}


def verdicts(results: Mapping[str, RequirementResult]) -> dict[str, Verdict]:
    """Verdicts by requirement id."""
    return {name: result.verdict for name, result in results.items()}


class NullSubject(InProcessConsumer):
    """A null client; those that end the process, or never end, are played."""

    def __init__(self, kind: str, directory: Path) -> None:
        super().__init__(REFERENCE, directory, ("unpack", "scan"))
        self._kind = kind

    def work(self, argv: Sequence[str]) -> int:
        return 0 if self._kind in ("crash", "hang") else KINDS[self._kind](argv)

    def ended(self, status: int | None, out: str, err: str) -> Classified:
        if self._kind == "crash":
            return classify(exit_status=None, signal=6)
        if self._kind == "hang":
            return classify(exit_status=None, timed_out=True)
        return super().ended(status, out, err)
