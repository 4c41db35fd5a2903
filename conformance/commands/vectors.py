"""``zcc vectors``: cases for implementers in any language (docs/vectors.md)."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.manual import DONE, VERDICT, manual
from conformance.commands.output import Output, ReportForm, chosen_forms, write_forms
from conformance.commands.shared import cannot, console
from conformance.commands.verbosity import say

if TYPE_CHECKING:
    from conformance.reports.model import Report, SubjectReport

_vectors = typer.Typer(
    help="Cases for implementers in any language (docs/vectors.md).",
    no_args_is_help=True,
    epilog=manual("vectors export DIR", status=DONE),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(_vectors, name="vectors")


@_vectors.command(
    epilog=manual(
        "vectors build DIR",
        status=DONE,
    )
)
def build(directory: Annotated[Path, typer.Argument(help="Where index.json and blobs/ are written.")]) -> None:
    """Build all cases from the mutants and variants of this version: the same bytes on every machine."""
    from conformance.cases.vectors.build import build_vectors  # noqa: PLC0415 (start-up time)
    from conformance.cases.vectors.store import write_vectors  # noqa: PLC0415

    vectors = build_vectors()
    write_vectors(vectors, directory)
    size = sum(map(len, vectors.blobs.values()))
    say(f"{len(vectors.index.cases)} cases, {len(vectors.blobs)} blobs of {size} bytes")
    for name, reason in vectors.index.omitted.items():
        say(f"left out: {name}: {reason}")


@_vectors.command(
    epilog=manual(
        "vectors export DIR",
        status=DONE,
    )
)
def export(
    directory: Annotated[Path, typer.Argument(help="Where cases/ID/ are written; must not exist or be empty.")],
    source: Annotated[Path | None, typer.Option("--vectors", help="Vectors other than those of this package.")] = None,
) -> None:
    """Write one directory for each case: case.json, and an OCI layout, a layer or a sentinel blob."""
    from conformance.cases.vectors.model import VectorError  # noqa: PLC0415 (start-up time)
    from conformance.cases.vectors.store import export_cases, read_vectors, vectors_directory  # noqa: PLC0415

    try:
        vectors = read_vectors(source or vectors_directory())
        export_cases(vectors, directory)
    except VectorError as error:
        cannot(str(error))
    say(f"{len(vectors.index.cases)} cases")


@_vectors.command(
    epilog=manual(
        "vectors judge results.jsonl",
        "vectors judge results.jsonl --format html -o report.html",
        status=VERDICT,
    )
)
def judge(
    results: Annotated[Path, typer.Argument(help="The output of the runner: JSON lines, one for each case.")],
    source: Annotated[Path | None, typer.Option("--vectors", help="Vectors other than those of this package.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file too.")] = None,
    form: ReportForm = None,
    output: Output = None,
) -> None:
    """Judge a runner by requirement. A refusal counts at the right stage, with an accepted positive control."""
    from conformance.cases.vectors.model import VectorError  # noqa: PLC0415
    from conformance.cases.vectors.results import read_results  # noqa: PLC0415
    from conformance.cases.vectors.store import read_index, vectors_directory  # noqa: PLC0415
    from conformance.commands.report_forms import FORMS, render  # noqa: PLC0415
    from conformance.reports.model import check_report, encode, subject_report  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415
    from conformance.results import EXIT_STATUS  # noqa: PLC0415 (start-up time)
    from conformance.trials.vector_results import judge_results  # noqa: PLC0415

    start, forms = time.monotonic(), chosen_forms(form or [], output or [], FORMS)
    try:
        index = read_index(source or vectors_directory())
        case_results = read_results(results, (case.id for case in index.cases))
    except VectorError as error:
        cannot(str(error))
    verdicts, tally = judge_results(index.cases, case_results)
    report = subject_report(str(results), ("artifact",), verdicts)
    if junit is not None:
        forms.append(("junit", str(junit)))
    if forms:
        whole = _whole(report, time.monotonic() - start)
        write_forms(forms, lambda name: render(name, whole, load_catalogue()))
    if "-" in (target for _, target in forms):
        pass
    elif json:
        sys.stdout.buffer.write(encode(check_report(report, load_catalogue().revision)))
    else:
        _print(report)
        say(
            f"{len(index.cases)} cases: {tally.right} right, {tally.wrong} wrong, {tally.undecided} not decided, "
            f"{tally.free} where either is right; {tally.trees} trees stated and right"
        )
    if report.ending is not None and report.ending != "conforms":
        raise typer.Exit(EXIT_STATUS[report.ending])


def _print(report: "SubjectReport") -> None:
    from conformance.reports import terminal  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415

    terminal.print_details(console(), report, load_catalogue(), named=False)


def _whole(report: "SubjectReport", elapsed: float) -> "Report":
    from conformance.reports.model import now, run_report  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415

    return run_report((report,), started=now(), elapsed=round(elapsed, 3), revision=load_catalogue().revision)
