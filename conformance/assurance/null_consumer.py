"""Null clients as consumers, run in this process: same arguments and outcomes, no program is started."""

from collections.abc import Sequence
from pathlib import Path

from conformance.assurance.matrix.consumers import InProcessConsumer
from conformance.assurance.null_clients import KINDS
from conformance.implementations.adapter_document import Operation
from conformance.implementations.outcome import Classified, classify
from conformance.reference.toolkit import REFERENCE


class NullConsumer(InProcessConsumer):
    """A null client; a crash and a hang are simulated."""

    def __init__(self, kind: str, directory: Path, operations: Sequence[Operation] = ("unpack", "scan")) -> None:
        super().__init__(REFERENCE, directory, operations)
        self._kind = kind

    def work(self, argv: Sequence[str]) -> int:
        return 0 if self._kind in ("crash", "hang") else KINDS[self._kind](argv)

    def ended(self, status: int | None, out: str, err: str) -> Classified:
        if self._kind == "crash":
            return classify(exit_status=None, signal=6)
        if self._kind == "hang":
            return classify(exit_status=None, timed_out=True)
        return super().ended(status, out, err)
