"""``zcc audit``: every image of a registry or of a list; ``zcc audit show``: the content of the state file."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from conformance.commands.manual import DONE, manual
from conformance.commands.shared import CaFile, Insecure, PlainHttp, Username, cannot, connection_options, console
from conformance.commands.verbosity import is_quiet, tell

if TYPE_CHECKING:
    from conformance.audit.engine import Progress
    from conformance.audit.state import Run, State
    from conformance.audit.summary import Summary

STATE = Path("zcc-audit.sqlite")
_INTERRUPTED = 130
_AUDITED = {0: "all conform", 1: "an image does not", 2: "the audit could not run", 8: "something was not judged"}


class _RunByDefault(TyperGroup):
    """``zcc audit TARGET`` is ``zcc audit run TARGET``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["run", *args]
        return super().parse_args(ctx, args)


_audit = typer.Typer(
    cls=_RunByDefault,
    no_args_is_help=True,
    help="Judge every image of a registry or a list, each distinct layer once (docs/audit.md).",
    epilog=manual("audit https://registry.example", "audit show", status=_AUDITED),
)
StateFile = Annotated[Path, typer.Option("--state", metavar="FILE", help="SQLite file that keeps the results.")]
Form = Annotated[
    Literal["text", "json", "markdown", "html", "csv", "jsonl", "parquet"],
    typer.Option("--format", help="A summary (text, json, markdown, html), or one row an image (csv, jsonl, parquet)."),
]
Since = Annotated[
    Literal["", "last"], typer.Option("--since", help="last: also show what changed since the previous run.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(_audit, name="audit")


@_audit.command(
    epilog=manual(
        "audit https://registry.example",
        "audit registry.example/team/ --deep --since last",
        "audit --from images.txt --state audit.sqlite",
        status=_AUDITED,
    )
)
def run(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TARGET", help="https://HOST, HOST/PREFIX/, or REF: one image."),
    ] = None,
    list_file: Annotated[
        str, typer.Option("--from", metavar="FILE", help="A list of targets, one a line (-: standard input).")
    ] = "",
    state: StateFile = STATE,
    form: Form = "text",
    since: Since = "",
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of every layer.")] = False,
    panel: Annotated[
        bool, typer.Option("--panel/--no-panel", help="Feed sentinels to the real tar readers on this machine.")
    ] = True,
    connections: Annotated[int, typer.Option(min=1, max=64, help="Connections to one host.")] = 4,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Processes for --deep (0: one for each core).")] = 0,
    max_bytes: Annotated[
        int, typer.Option("--max-bytes", min=0, help="Stop after this number of bytes was received (0: no limit).")
    ] = 0,
    pulls: Annotated[
        bool, typer.Option("--pulls", help="Count what each tag costs a client that has the tag before it.")
    ] = False,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Read layers on the workers of a Dask cluster: tcp://HOST:PORT.")
    ] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again and reuse no earlier verdict.")] = False,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Judge all images. After an interruption the same command continues.

    SIGUSR1 pauses it, SIGUSR2 lets it go on.
    """
    from conformance.audit.connections import Hosts  # noqa: PLC0415 (start-up time)
    from conformance.audit.engine import run_audit  # noqa: PLC0415
    from conformance.audit.model import AuditOptions  # noqa: PLC0415
    from conformance.audit.pausing import pausable  # noqa: PLC0415
    from conformance.audit.state import State, StateError  # noqa: PLC0415
    from conformance.audit.traffic import Traffic  # noqa: PLC0415
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415

    wanted = [*(targets or ()), *_listed(list_file)]
    if not wanted and list_file:
        cannot(f"--from {list_file}: it names nothing; one image, prefix, layout or registry belongs on each line")
    if not wanted:
        cannot("name a registry (https://HOST), a part of one (HOST/PREFIX/) or images, or give --from FILE")
    try:
        connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
        processes = workers or os.cpu_count() or 1
        options = AuditOptions(connection, deep, panel, connections, processes, max_bytes, fresh, scheduler, pulls)
        hosts = Hosts(Traffic(max_bytes), connections)
        with State.open(state) as opened:
            try:
                with pausable(hosts, lambda text: tell(f"zcc: {text}")), _shown() as on_progress:
                    outcome = run_audit(opened, wanted, options, on_progress=on_progress, hosts=hosts)
            except KeyboardInterrupt:
                typer.echo("zcc: interrupted: run the same command again to continue", err=True)
                raise typer.Exit(_INTERRUPTED) from None
            if outcome.stopped:
                typer.echo(f"zcc: {outcome.stopped}: run the same command again to continue", err=True)
            _end(_print(opened, outcome.run, form, since))
    except (StateError, CredentialError) as error:
        cannot(str(error))


@_audit.command(
    epilog=manual(
        "audit show",
        "audit show --requirement TOC-016",
        "audit show --format html > audit.html",
        status=DONE,
    )
)
def show(
    state: StateFile = STATE,
    image: Annotated[str, typer.Option(help="Only this image, with its findings.")] = "",
    requirement: Annotated[str, typer.Option(help="Only the images in which this requirement fails.")] = "",
    layer: Annotated[str, typer.Option(metavar="DIGEST", help="Only the images that have this layer.")] = "",
    form: Form = "text",
    since: Since = "",
) -> None:
    """Show the last audit of a state file: its summary, or some of its images. No image is judged."""
    from conformance.audit.state import State, StateError  # noqa: PLC0415 (start-up time)

    chosen = [name for name, value in (("image", image), ("requirement", requirement), ("layer", layer)) if value]
    if len(chosen) > 1:
        cannot(f"choose one of {', '.join(f'--{name}' for name in chosen)}")
    try:
        with State.open(state, writes=False) as opened:
            last = opened.last_run()
            if last is None:
                cannot(f"{state}: it has no audit yet")
            if not chosen:
                _print(opened, last, form, since)
            else:
                _print_images(opened, last, chosen[0], image or requirement or layer)
    except StateError as error:
        cannot(str(error))


def _listed(name: str) -> Iterator[str]:
    from conformance.audit.listing import read_list  # noqa: PLC0415 (start-up time)

    if not name:
        return
    try:
        if name == "-":
            yield from read_list(sys.stdin)
            return
        with Path(name).open(encoding="utf-8") as file:
            yield from read_list(file)
    except (OSError, UnicodeDecodeError) as error:
        cannot(f"--from {name}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}")


def _print(state: "State", run: "Run", form: Form, since: str) -> "Summary":
    from conformance.audit import export, text  # noqa: PLC0415 (start-up time)
    from conformance.audit.summary import encode_summary, summarize  # noqa: PLC0415
    from conformance.reports.html import render_page  # noqa: PLC0415
    from conformance.reports.page_forms import render_page_markdown  # noqa: PLC0415

    before = state.last_run(before=run.id, finished=True) if since else None
    if since and before is None:
        tell("zcc: --since last: there is no finished earlier run")
    summary = summarize(state, run, before)
    if form == "json":
        sys.stdout.buffer.write(encode_summary(summary))
    elif form in {"csv", "jsonl"}:
        for piece in export.export(state, run, form):
            sys.stdout.buffer.write(piece)
    elif form == "parquet":
        _write_parquet(state, run)
    elif form == "html":
        sys.stdout.buffer.write(render_page(text.page(summary)))
    elif form == "markdown":
        sys.stdout.buffer.write(render_page_markdown(text.page(summary)))
    else:
        out = console()
        for line in text.lines(summary):
            out.print(line)
    return summary


def _write_parquet(state: "State", run: "Run") -> None:
    from conformance.audit.parquet import NoParquetError, write_parquet  # noqa: PLC0415 (start-up time)

    if sys.stdout.isatty():
        cannot("--format parquet is not text: send it to a file (> audit.parquet)")
    try:
        write_parquet(state, run, sys.stdout.buffer)
    except NoParquetError as error:
        cannot(str(error))


def _print_images(state: "State", run: "Run", what: str, value: str) -> None:
    from conformance.audit.export import image_rows  # noqa: PLC0415 (start-up time)

    condition = {
        "image": "reference = ?",
        "requirement": "verdict IN (SELECT verdict FROM verdict_fails WHERE requirement = ?)",
        "layer": "verdict IN (SELECT verdict FROM verdict_layers WHERE digest = ?)",
    }[what]
    out, found = console(), False
    for row in image_rows(state, run, condition, value):
        found = True
        verdict = row.verdict
        out.print(f"{row.reference}: {row.problem or (verdict.ending if verdict else 'waiting')}")
        if verdict is None or what == "layer":
            continue
        for finding in verdict.findings:
            if finding.outcome in ("fail", "not-run") and (what == "image" or finding.requirement == value):
                differs = f" (expected {finding.expected}, found {finding.found})" if finding.expected else ""
                out.print(f"  {finding.requirement} {finding.where}: {finding.message}{differs}")
        if what == "image":
            for note in verdict.notes:
                out.print(f"  note: {note}")
    if not found:
        cannot(f"the last audit has no such image: --{what} {value}")


def _end(summary: "Summary") -> None:
    from conformance.results import EXIT_STATUS  # noqa: PLC0415 (start-up time)

    if summary.ending != "conforms":
        raise typer.Exit(EXIT_STATUS[summary.ending])


@contextmanager
def _shown() -> Iterator[Callable[["Progress"], None]]:
    """Images done, rate, time left and bytes on standard error, where that is a terminal."""
    if is_quiet() or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 (start-up time)
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    from conformance.audit.text import amount  # noqa: PLC0415

    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()),
        TextColumn("{task.fields[rate]} {task.fields[received]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("listing", total=None, rate="", received="")

        def update(progress: "Progress") -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task,
                description="judging" if progress.total else "listing",
                total=progress.total or None,
                completed=progress.done,
                rate=f"{speed:.1f} images/s," if speed else "",
                received=amount(progress.bytes),
            )

        yield update
