"""Keeps a sequence of requests that a registry contradicts, as a case that can be replayed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.cases.vectors.model import Step
from conformance.trials.registry.model import Keep


def keeper(report_dir: Path, number: int) -> Keep:
    """What ``explore`` is given: it writes below the directory of the report."""

    def keep(steps: Sequence[Step], contents: Mapping[str, bytes]) -> str:
        # Only a registry that fails pays for these imports.
        from conformance.cases.vectors.counterexamples import DIRECTORY, keep_requests  # noqa: PLC0415

        made = keep_requests(report_dir / DIRECTORY, "REG-020", steps, contents, number)
        return f"these {len(steps)} requests as a case that can be replayed: {DIRECTORY}/{made.name}, seed {number}"

    return keep
