"""``python -m conformance.assurance.differential``: run the harness; exit status 1 when a verdict is wrong."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.assurance.differential import report
from conformance.assurance.differential.documents import DocumentFault, run_documents
from conformance.assurance.differential.harness import Found, Harness, Options, Summary
from conformance.assurance.differential.tables import TableFault, run_tables
from conformance.readers.panel import Panel

MIN_READERS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: no fault; 1: faults, saved in the directory; 2: too few readers to compare."""
    parser = argparse.ArgumentParser(prog="python -m conformance.assurance.differential", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="number of archives (2000)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same archives (0)")
    parser.add_argument("--seconds", type=float, default=0, help="stop after this many seconds (0: never)")
    parser.add_argument(
        "--commands", type=int, default=50, help="give 1 of N that pass to the command readers (50; 0: none)"
    )
    parser.add_argument("--findings", type=Path, default=Path("build/differential"), help="directory for faults")
    parser.add_argument("--tables", type=int, default=-1, help="number of TOCs and tar-splits (a tenth of --cases)")
    parser.add_argument(
        "--documents", type=int, default=-1, help="number of index, manifest and config documents (a tenth of --cases)"
    )
    parser.add_argument("--whole", action="store_true", help="save faults without shrinking them")
    parser.add_argument("--table", action="store_true", help="print the pairs that differ and what catches them")
    options = parser.parse_args(arguments)

    def on_fault(found: Found) -> None:
        path = report.save(found, options.findings)
        sys.stdout.write(f"fault at case {found.case}: {found.fault.signature}: {path}\n")
        sys.stdout.flush()

    with Panel(timeout=5) as panel:
        if len(panel.readers) < MIN_READERS:
            sys.stderr.write("too few readers on this machine: zcc readers install\n")
            return 2
        for name, what in (panel.absent | panel.broken).items():
            sys.stdout.write(f"not compared: {name} ({what})\n")
        run = Options(options.cases, options.seed, options.commands, options.seconds, not options.whole)
        summary = Harness(panel, run, on_fault).run(_progress)
        tables = options.tables if options.tables >= 0 else options.cases // 10
        documents = options.documents if options.documents >= 0 else options.cases // 10
        of_tables = run_tables(panel, tables, options.seed, lambda fault: _say(fault, options.findings))
    with Panel(timeout=5, reads=("documents",)) as panel:
        for name, what in (panel.absent | panel.broken).items():
            sys.stdout.write(f"not compared: {name} ({what})\n")
        of_documents = run_documents(
            panel, documents, options.seed, lambda fault: _say_document(fault, options.findings)
        )
    said = (
        *report.lines(summary),
        *report.json_lines(of_tables, "TOCs and tar-splits"),
        *report.json_lines(of_documents, "documents"),
    )
    sys.stdout.write("\n".join(said) + "\n")
    if options.table:
        sys.stdout.write("\n".join(report.table(summary)) + "\n")
    return int(bool(summary.faults or of_tables.faults or of_documents.faults))


def _say(fault: TableFault, directory: Path) -> None:
    path = report.save_json(fault.document, directory, f"{fault.part.lower()}-{fault.what}")
    sys.stdout.write(f"fault: {fault.reader} sees another {fault.what} in a {fault.part} that passes: {path}\n")


def _say_document(fault: DocumentFault, directory: Path) -> None:
    path = report.save_json(fault.document, directory, fault.part)
    sys.stdout.write(f"fault: {fault.reader} reads {fault.place} of a {fault.part} that passes otherwise: {path}\n")


def _progress(summary: Summary) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{summary.cases} cases, {len(summary.faults)} kinds of faults ")


if __name__ == "__main__":
    raise SystemExit(main())
