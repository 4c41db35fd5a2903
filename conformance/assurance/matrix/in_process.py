"""A subject that is a toolkit in this process: for mutants, which would otherwise cost a second a run."""

# ruff: noqa: ARG002 - there is no sandbox in this process

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from conformance.implementations.adapter import find_adapter
from conformance.implementations.adapter_document import Operation, Option
from conformance.implementations.outcome import Outcome, classify
from conformance.implementations.placeholders import fill
from conformance.implementations.runner import Run, Values
from conformance.observed.evidence import CommandEvidence
from conformance.processes.sandbox import Sandbox
from conformance.reference.__main__ import main
from conformance.reference.toolkit import Toolkit
from conformance.registry.client.credentials import Credentials
from conformance.trials.under_test import ImplementationSubject


class InProcessSubject(ImplementationSubject):
    """Runs the reference's command line with another toolkit, and classifies how it ends as the runner does.

    ``can_sign``: the adapter says that it has the option ``sign``, and the toolkit signs anyway.
    """

    def __init__(self, toolkit: Toolkit, directory: Path, *, can_sign: bool = False) -> None:
        adapter = find_adapter("reference")
        if can_sign:
            adapter = msgspec.structs.replace(adapter, options={**adapter.options, "sign": ()})
        super().__init__(adapter, "0.0", directory)
        self._toolkit = toolkit

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
        lacking = [option for option in options if option not in self.adapter.options]
        if lacking or operation in self.adapter.unsupported:
            return Run(self.adapter.name, operation, Outcome.UNSUPPORTED, f"no {', '.join(lacking) or operation}")
        filled = {key: str(value) for key, value in values.items()} | {"python": "python"}
        given = [argument for option in options for argument in fill(self.adapter.options[option], filled)]
        argv = fill(self.adapter.operations[operation][0], filled, given)
        arguments = argv[argv.index(operation) :]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(arguments, self._toolkit)
        how = classify(exit_status=status, stdout=out.getvalue(), stderr=err.getvalue(), protocol=True)
        evidence = (CommandEvidence(argv, status, err.getvalue()),)
        return Run(
            self.adapter.name, operation, how.outcome, how.reason, evidence, out.getvalue(), err.getvalue(), 0.0, 0
        )
