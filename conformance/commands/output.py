"""``--format`` and ``--output``, may be repeated: forms and their files."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from conformance.commands.shared import cannot

PAGE_FORMS: Final = ("json", "html", "markdown")
"""The forms of documents other than the report of one run."""
ReportForm = Annotated[
    list[str] | None,
    typer.Option(
        "--format", help="json, junit, html, sarif, codequality, markdown, badge or badge-svg; may be repeated."
    ),
]
PageForm = Annotated[list[str] | None, typer.Option("--format", help="Write json, html or markdown; may be repeated.")]
Output = Annotated[
    list[str] | None,
    typer.Option("--output", "-o", help="The file of each --format, in their order; - is standard output."),
]


def chosen_forms(names: Sequence[str], targets: Sequence[str], known: Iterable[str]) -> list[tuple[str, str]]:
    """Each form with its file; one form without a file goes to standard output ("-"). Ends the command otherwise."""
    if not names and not targets:
        return []
    listed = tuple(known)
    unknown = [name for name in names if name not in listed]
    if unknown:
        cannot(f"--format {unknown[0]}: not one of {', '.join(listed)}")
    if len(names) == 1 and not targets:
        return [(names[0], "-")]
    if len(names) != len(targets):
        cannot(f"{len(names)} --format and {len(targets)} --output: each form needs its own file")
    return list(zip(names, targets, strict=True))


def write_forms(forms: Iterable[tuple[str, str]], render: Callable[[str], bytes]) -> None:
    """Write each form into its file; ends the command where it cannot."""
    for form, target in forms:
        content = render(form)
        if target == "-":
            sys.stdout.buffer.write(content)
            continue
        try:
            Path(target).write_bytes(content)
        except OSError as error:
            cannot(f"--output {target}: {error.strerror}")
