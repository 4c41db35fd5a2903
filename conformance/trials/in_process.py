"""A target that is a toolkit in this process: for mutants, which would otherwise cost a second a run."""

import contextlib
import io
import os
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.oci import read_config, read_manifest
from conformance.implementations.adapter import Adapter, find_adapter
from conformance.implementations.adapter_document import Operation, Option
from conformance.implementations.outcome import Classified, classify
from conformance.implementations.placeholders import OPTIONS as HERE
from conformance.implementations.placeholders import fill
from conformance.implementations.protocol import OPERATIONS
from conformance.implementations.runner import Run, Values
from conformance.observed.evidence import CommandEvidence
from conformance.processes.sandbox import Sandbox
from conformance.reference.__main__ import main
from conformance.reference.compression import is_tar_layer
from conformance.reference.copier import Copier
from conformance.reference.reading import content_of
from conformance.reference.toolkit import Toolkit
from conformance.reference.transfer import Plan
from conformance.reference.whole import WholeLayers
from conformance.trials.under_test import ImplementationUnderTest

_MAX_EVIDENCE = 2000
_OF_A_LAYOUT: Final = ("unpack", "--layout", "{layout}", "--output", "{output}", HERE)


class InProcessImplementation(ImplementationUnderTest):
    """Runs the reference's command line with another toolkit, and classifies the outcome as the runner does.

    ``operations``: those that the adapter has; None: those of the reference. ``can_sign``: the adapter declares the
    option ``sign``, and the toolkit signs anyway. ``can_export``: it also exports, which the reference does not.
    ``from_layout``: it unpacks images in layouts, and sends no request to a registry.
    """

    def __init__(
        self,
        toolkit: Toolkit,
        directory: Path,
        *,
        operations: Sequence[Operation] | None = None,
        can_sign: bool = False,
        can_export: bool = False,
        from_layout: bool = False,
    ) -> None:
        adapter = _adapter(operations, can_sign=can_sign, can_export=can_export, from_layout=from_layout)
        super().__init__(adapter, "in process", directory)
        self._vectors = {**OPERATIONS, "unpack": _OF_A_LAYOUT} if from_layout else OPERATIONS
        client: Any = toolkit.client

        class Quick(client):  # type: ignore[misc]
            """Does not wait between attempts."""

            def __init__(self, *arguments: Any, **more: Any) -> None:
                super().__init__(*arguments, **more, sleep=lambda _: None)

        self._toolkit = msgspec.structs.replace(toolkit, client=Quick)

    @property
    def at_once(self) -> int:
        """One: it takes the output and the environment of this process."""
        return 1

    def _operate(
        self, place: Sandbox, operation: Operation, values: Values, options: Sequence[Option], timeout: float | None
    ) -> Run:
        del timeout  # there is no process to stop
        lacking = [option for option in options if option not in self.adapter.options]
        if lacking or operation in self.adapter.unsupported:
            return Run(self.adapter.name, operation, "unsupported", f"no {', '.join(lacking) or operation}")
        given = {**place.values(), **{key: str(value) for key, value in values.items()}}
        own: tuple[Option, ...] = ("authfile",) if place.secrets else ()
        extra = [argument for option in (*own, *options) for argument in fill(self.adapter.options[option], given)]
        argv = fill(self._vectors[operation], given, extra)
        status, out, err = self._captured(argv, place.environment)
        how = self.ended(status, out, err)
        evidence = (CommandEvidence(argv, status, err[-_MAX_EVIDENCE:]),)
        return Run(self.adapter.name, operation, how.outcome, how.reason, evidence, out, err)

    def _captured(self, argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int | None, str, str]:
        """Exit status and output; an exception ends as it does in its own program."""
        out, err = io.StringIO(), io.StringIO()
        status: int | None = 1
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.dict(os.environ):
            os.environ.clear()
            os.environ.update(environment)
            try:
                status = self.work(argv)
            except SystemExit as error:
                status = int(error.code or 0)
            except Exception:
                traceback.print_exc()
        return status, out.getvalue(), err.getvalue()

    def work(self, argv: Sequence[str]) -> int:
        """What the program does; its exit status."""
        if argv[0] == "export":
            exporting = msgspec.structs.replace(self._toolkit, copier=_exporter(self._toolkit.copier))
            return main(("copy", *argv[1:]), exporting)
        return main(argv, self._toolkit)

    def ended(self, status: int | None, out: str, err: str) -> Classified:
        """How it ended."""
        return classify(exit_status=status, stdout=out, stderr=err, protocol=True)


def _adapter(operations: Sequence[Operation] | None, *, can_sign: bool, can_export: bool, from_layout: bool) -> Adapter:
    adapter = find_adapter("reference")
    if can_export:
        lacking = {name: why for name, why in adapter.unsupported.items() if name != "export"}
        exporting = {**adapter.operations, "export": adapter.operations["copy"]}
        adapter = msgspec.structs.replace(adapter, operations=exporting, unsupported=lacking)
    if can_sign:
        adapter = msgspec.structs.replace(adapter, options={**adapter.options, "sign": ()})
    if from_layout:
        adapter = msgspec.structs.replace(adapter, operations={**adapter.operations, "unpack": (_OF_A_LAYOUT,)})
    if operations is None:
        return adapter
    own = {name: adapter.operations[name] for name in operations}
    return msgspec.structs.replace(adapter, operations=own, unsupported={})


def _exporter(copier: Any) -> type[Copier]:
    """A copy that simulates an export from a storage: layers are unpacked, so that their DiffIDs are known."""

    class Exporter(copier):  # type: ignore[misc]
        def copy_plan(self) -> Plan:
            plan: Plan = super().copy_plan()
            manifest = read_manifest(plan.root.raw).view
            config = read_config(content_of(self._source.blob(manifest.config, MAX_DOCUMENT), "the config"))
            layers = WholeLayers(self._source, self._store)
            for layer, diff_id in zip(manifest.layers, config.view.rootfs.diff_ids, strict=True):
                if is_tar_layer(layer.media_type):
                    layers.tar(layer, Digest.parse(diff_id))
            return plan

    return Exporter
