"""``zcc check``: judge one image."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.bound import Timeout, time_bound
from conformance.commands.manual import VERDICT, manual
from conformance.commands.output import Output, ReportForm, chosen_forms, write_forms
from conformance.commands.shared import (
    CaFile,
    Image,
    Insecure,
    PlainHttp,
    Username,
    cannot,
    connection_options,
    console,
    progress,
)

if TYPE_CHECKING:
    from conformance.registry.client.options import ConnectionOptions
    from conformance.reports.model import SubjectReport
    from conformance.reports.page import Picture
    from conformance.results import Waiver


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "check registry.example/app:tag",
            "check --deep oci:./layout:1",
            "check --waivers waivers.toml --format html -o report.html registry.example/app:tag",
            status=VERDICT,
        )
    )(check)


def check(
    image: Image,
    json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON document.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of every zstd:chunked layer.")] = False,
    require_sentinel: Annotated[
        bool, typer.Option("--require-sentinel", help="An image without a sentinel variant does not conform.")
    ] = False,
    require_chunked: Annotated[
        bool, typer.Option("--require-chunked", help="An image with a layer without partial pulls does not conform.")
    ] = False,
    panel: Annotated[
        bool, typer.Option("--panel/--no-panel", help="Feed the sentinel to the real tar readers on this machine.")
    ] = True,
    readers: Annotated[
        bool,
        typer.Option("--readers", help="With --deep: also compare the real tar readers on this machine with the TOC."),
    ] = False,
    waivers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file of known failures, with reason and date.")
    ] = None,
    form: ReportForm = None,
    output: Output = None,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
    timeout: Timeout = None,
) -> None:
    """Judge one image: index, manifests, configs, sentinel blobs, and the tables of its zstd:chunked layers.

    For an image in a registry only the ends of the layers are fetched, by Range requests; with --deep whole layers.
    """
    from conformance.audit.checking import CheckOptions, check_image, target_of  # noqa: PLC0415 (start-up time)
    from conformance.commands.report_forms import FORMS, render  # noqa: PLC0415
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415
    from conformance.reports.model import check_report, encode, now, run_report  # noqa: PLC0415
    from conformance.reports.provenance import Provenance, catalogue_digest, digest_of_waivers  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415
    from conformance.results import EXIT_STATUS  # noqa: PLC0415 (start-up time)
    from conformance.sources.errors import SourceError  # noqa: PLC0415

    forms = chosen_forms(form or [], output or [], FORMS)
    if readers and not deep:
        cannot("--readers needs --deep: the readers are given every byte of every layer")
    known = _read_waivers(waivers)
    started, clock = now(), time.monotonic()
    try:
        connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
        with time_bound(timeout, reads_whole=deep), progress("reading layers") as on_bytes:
            options = CheckOptions(
                connection,
                use_panel=panel,
                require_sentinel=require_sentinel,
                require_chunked=require_chunked,
                deep=deep,
                readers=readers,
                progress=on_bytes if deep else None,
                expect=on_bytes.expect,
                waivers=known,
            )
            report = check_image(image, options)
            pictures = _pictures(image, report.subject, connection) if "html" in (name for name, _ in forms) else {}
    except (SourceError, CredentialError) as error:
        cannot(str(error))
    if forms:
        elapsed = round(time.monotonic() - clock, 3)
        whole = run_report(
            (report,),
            started=started,
            elapsed=elapsed,
            revision=load_catalogue().revision,
            provenance=Provenance(catalogue_digest(), target_of(image, options), digest_of_waivers(known)),
        )
        write_forms(forms, lambda name: render(name, whole, load_catalogue(), pictures))
    if json:
        sys.stdout.buffer.write(encode(check_report(report, load_catalogue().revision)))
    elif "-" not in (target for _, target in forms):
        _print_report(report)
    if report.ending is not None and report.ending != "conforms":
        raise typer.Exit(EXIT_STATUS[report.ending])


def _pictures(image: str, subject: str, connection: "ConnectionOptions") -> "dict[str, Picture]":
    """The anatomy of the image, from its tables; nothing where they cannot be read: the verdicts state why."""
    from conformance.anatomy.svg import picture  # noqa: PLC0415 (start-up time)
    from conformance.anatomy.walk import ViewOptions, view_image  # noqa: PLC0415
    from conformance.audit.checking import open_source  # noqa: PLC0415
    from conformance.format.errors import FormatError  # noqa: PLC0415
    from conformance.reports.page import Picture  # noqa: PLC0415
    from conformance.sources.errors import SourceError  # noqa: PLC0415

    try:
        view = view_image(open_source(image, connection, judged=True), ViewOptions(limit=None))
    except (SourceError, FormatError):
        return {}
    text = "Each layer as a bar of what its bytes hold, to scale, and the sentinel byte by byte."
    return {subject: Picture(picture(view), text)}


def _read_waivers(file: Path | None) -> "tuple[Waiver, ...]":
    from conformance.reports.waiver_file import waivers_in  # noqa: PLC0415 (start-up time)

    try:
        return waivers_in(file) if file else ()
    except ValueError as error:
        cannot(str(error))


def _print_report(report: "SubjectReport") -> None:
    from conformance.reports import terminal  # noqa: PLC0415
    from conformance.reports.table import summary_tables  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415

    shown, catalogue = console(), load_catalogue()
    shown.print(terminal.statement(report))
    terminal.print_details(shown, report, catalogue, named=False)
    for table in summary_tables([report], catalogue):
        shown.print()
        shown.print(table)
