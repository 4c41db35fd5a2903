"""``zcc report compare`` and ``merge``: two results compared, and several results merged."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.manual import VERDICT, manual
from conformance.commands.output import PAGE_FORMS, Output, PageForm, ReportForm, chosen_forms, write_forms
from conformance.commands.report.files import read_results
from conformance.commands.shared import EXIT_DIFFERS, cannot, console
from conformance.commands.verbosity import tell

if TYPE_CHECKING:
    from conformance.reports.comparison import Comparison
    from conformance.reports.model import Report
    from conformance.reports.page import Page


def register(report: typer.Typer) -> None:
    """Add the commands."""
    report.command(
        epilog=manual(
            "report compare old.json new.json",
            "report compare old.json new.json --format html -o change.html",
            status={0: "no worse", 1: "a MUST fails that did not", 2: "failed", 8: "a MUST is no longer decided"},
        )
    )(compare)
    report.command(
        epilog=manual(
            "report merge a.json b.json --format json -o all.json",
            status={**VERDICT, 2: "the results do not belong together"},
        )
    )(merge)


def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="results.json of an earlier run.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="results.json of a later one.")],
    form: PageForm = None,
    output: Output = None,
) -> None:
    """Compare two results: new failures, fixed failures, and requirements that are no longer decided."""
    from conformance.reports.comparison import compare as compared  # noqa: PLC0415 (start-up time)

    forms = chosen_forms(form or [], output or [], PAGE_FORMS)
    before, after = read_results(old)[0], read_results(new)[0]
    show(compared(before, after), before, after, forms)


def show(comparison: "Comparison", old: "Report", new: "Report", forms: list[tuple[str, str]]) -> None:
    """Write a comparison in these forms, print it if none is standard output, and end with its exit status."""
    from conformance.reports.comparison_page import comparison_page  # noqa: PLC0415 (start-up time)
    from conformance.requirements import load_catalogue  # noqa: PLC0415

    page = comparison_page(comparison, old, new, load_catalogue())
    write_forms(forms, lambda name: _rendered(name, comparison, page))
    if "-" not in (target for _, target in forms):
        from conformance.reports.page_forms import print_page  # noqa: PLC0415

        print_page(console(), page)
    end(comparison)


def end(comparison: "Comparison") -> None:
    """Exit status 1 when it is worse, 8 when something is no longer decided."""
    from conformance.results import EXIT_INCOMPLETE  # noqa: PLC0415 (start-up time)

    if comparison.is_worse:
        raise typer.Exit(EXIT_DIFFERS)
    if comparison.lost:
        raise typer.Exit(EXIT_INCOMPLETE)


def _rendered(form: str, comparison: "Comparison", page: "Page") -> bytes:
    from conformance.reports.encoding import indented_json  # noqa: PLC0415 (start-up time)
    from conformance.reports.html import render_page  # noqa: PLC0415
    from conformance.reports.page_forms import render_page_markdown  # noqa: PLC0415

    if form == "json":
        return indented_json(comparison)
    return render_page(page) if form == "html" else render_page_markdown(page)


def merge(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS…", help="Two or more results.json.")],
    form: ReportForm = None,
    output: Output = None,
) -> None:
    """Merge several results into one: the roles of a tool, machines, shards of a run. JSON by default."""
    from conformance.commands.report_forms import FORMS, render  # noqa: PLC0415
    from conformance.reports.merging import MergeError, merge_reports  # noqa: PLC0415
    from conformance.reports.verdict_line import verdict_line  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415
    from conformance.results import EXIT_STATUS  # noqa: PLC0415 (start-up time)

    forms = chosen_forms(form or [], output or [], FORMS) or [("json", "-")]
    try:
        merged = merge_reports([(str(path), read_results(path)[0]) for path in results])
    except MergeError as error:
        cannot(str(error))
    write_forms(forms, lambda name: render(name, merged, load_catalogue()))
    for subject in merged.subjects:
        tell(verdict_line(subject, partial=merged.partial))
    if merged.ending is not None and merged.ending != "conforms":
        raise typer.Exit(EXIT_STATUS[merged.ending])
