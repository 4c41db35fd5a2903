"""``--format`` and ``--output``: a report in one form or several."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.commands.shared import cannot

if TYPE_CHECKING:
    from conformance.reports.model import Report


def chosen_forms(names: list[str], targets: list[str]) -> list[tuple[str, str]]:
    """Each form with its file; one form without a file goes to standard output."""
    if not names and not targets:
        return []
    from conformance.reports.forms import FORMS  # noqa: PLC0415 (start-up time)

    unknown = [name for name in names if name not in FORMS]
    if unknown:
        cannot(f"--format {unknown[0]}: not one of {', '.join(FORMS)}")
    if len(names) == 1 and not targets:
        return [(names[0], "-")]
    if len(names) != len(targets):
        cannot(f"{len(names)} --format and {len(targets)} --output: each form needs a file of its own")
    return list(zip(names, targets, strict=True))


def write_forms(forms: list[tuple[str, str]], report: "Report") -> None:
    """Write the report in each form to its file, "-" for standard output."""
    from conformance.reports.forms import render  # noqa: PLC0415 (start-up time)
    from conformance.requirements import load_catalogue  # noqa: PLC0415

    for form, target in forms:
        content = render(form, report, load_catalogue())
        if target == "-":
            sys.stdout.buffer.write(content)
            continue
        try:
            Path(target).write_bytes(content)
        except OSError as error:
            cannot(f"--output {target}: {error.strerror}")
