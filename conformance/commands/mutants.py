"""``zcc mutants``: the kill matrix, created by judging every mutant and every conforming variant (docs/mutants.md)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.manual import manual
from conformance.commands.shared import cannot, console
from conformance.commands.verbosity import say

if TYPE_CHECKING:
    from conformance.assurance.matrix.model import Row
    from conformance.assurance.matrix.run import Maker

_PARTS = ("artifact", "registry", "producer", "consumer", "copier")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "mutants REG-008",
            "mutants --part artifact",
            status={
                0: "all have the expected verdicts",
                1: "one has not, or a requirement has no kill",
                2: "could not run",
            },
        )
    )(mutants)


def mutants(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Only mutants and variants of these ids.")
    ] = None,
    part: Annotated[list[str] | None, typer.Option(help=f"Only of this part: {', '.join(_PARTS)}.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the matrix to this file.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Judge client mutants by every requirement: takes hours.")
    ] = False,
    rows: Annotated[
        Path | None, typer.Option(help="Store rows in this file; existing rows are not judged again.")
    ] = None,
    kept_only: Annotated[bool, typer.Option("--kept-only", help="Use only the rows in --rows; judge nothing.")] = False,
    page: Annotated[Path | None, typer.Option(help="Write the page to this file, as Markdown.")] = None,
) -> None:
    """Judge every mutant and every conforming variant: whether each check fails on the right ones only.

    All of them take ten minutes or more.
    """
    from conformance.assurance.matrix.model import as_json, broken_rows, problems  # noqa: PLC0415 (start-up time)
    from conformance.assurance.matrix.page import page_lines  # noqa: PLC0415
    from conformance.assurance.matrix.run import freedoms, makers, matrix_of  # noqa: PLC0415
    from conformance.reports.encoding import indented_json  # noqa: PLC0415

    if unknown := set(part or ()) - set(_PARTS):
        cannot(f"--part {sorted(unknown)[0]}: known are {', '.join(_PARTS)}")
    chosen = makers(part or (), ids or ())  # type: ignore[arg-type]
    if not chosen:
        cannot("no mutant and no variant is about that; ids: zcc requirements")
    is_whole = not ids and not part
    if (output or page) and not is_whole:
        cannot("--output and --page need the whole matrix: give no ids and no part")
    matrix = matrix_of(_shown(chosen, whole, rows, kept_only), whole=whole)
    wrong = problems(matrix, freedoms()) if is_whole else tuple(broken_rows(matrix))
    if output:
        output.write_bytes(indented_json(as_json(matrix)))
    if page:
        page.write_text("\n".join(page_lines(matrix)) + "\n", "utf-8")
    for line in wrong:
        say(line)
    held = sum(row.holds for row in matrix.rows)
    say(f"{held} of {len(matrix.rows)} mutants and variants have the expected verdicts")
    if wrong:
        raise typer.Exit(1)


def _shown(chosen: "tuple[Maker, ...]", whole: bool, kept: Path | None, kept_only: bool) -> "list[Row]":
    """The rows; with a progress bar on a terminal."""
    from rich.progress import track  # noqa: PLC0415 (start-up time)

    from conformance.assurance.matrix.run import run  # noqa: PLC0415
    from conformance.reports.encoding import json_bytes  # noqa: PLC0415
    from conformance.requirements import name_of  # noqa: PLC0415

    found = _kept(kept)
    left = [] if kept_only else [maker for maker in chosen if name_of(maker) not in found]
    rows = track(
        run(left, whole=whole), "judging", total=len(left), console=console(), disable=not console().is_terminal
    )
    for row in rows:
        found[row.name] = row
        if kept is not None:
            with kept.open("ab") as file:
                file.write(json_bytes(row) + b"\n")
    names = {name_of(maker) for maker in chosen}
    return [row for row in found.values() if row.name in names]


def _kept(file: Path | None) -> "dict[str, Row]":
    import msgspec  # noqa: PLC0415 (start-up time)

    from conformance.assurance.matrix.model import Row  # noqa: PLC0415

    if file is None or not file.is_file():
        return {}
    try:
        found = [msgspec.json.decode(line, type=Row) for line in file.read_bytes().splitlines()]
    except msgspec.MsgspecError as error:
        cannot(f"{file}: {error}")
    return {row.name: row for row in found}
