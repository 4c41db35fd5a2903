"""``zcc requirements``: the catalogue."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.manual import manual
from conformance.commands.shared import cannot, console

if TYPE_CHECKING:
    from conformance.reports.catalogue import CatalogueEntry
    from conformance.requirements import Retired


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "requirements",
            "requirements REG-028",
            "requirements --json SENT-PULL",
            status={0: "done", 2: "no such requirement"},
        )
    )(requirements)


def requirements(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID|GROUP]…", help="Only these ids, such as REG-028, or a group: REG."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the catalogue as one JSON document.")] = False,
    untested: Annotated[bool, typer.Option("--untested", help="Only requirements without a check.")] = False,
) -> None:
    """Print the catalogue, or all that it has on some: why, source, advice, check, mutants, examples."""
    from conformance.reports.catalogue import (  # noqa: PLC0415 (start-up time)
        catalogue_entries,
        catalogue_json,
        catalogue_list,
        entry_page,
        retired_line,
    )
    from conformance.requirements import load_catalogue  # noqa: PLC0415

    entries, retired = catalogue_entries(untested_only=untested), load_catalogue().retired
    if ids:
        entries, retired = _named(entries, retired, [name.upper() for name in ids])
    if json:
        sys.stdout.buffer.write(catalogue_json(entries, retired))
        return
    shown = console()
    if not ids:
        shown.print(catalogue_list(entries) if entries else "every requirement has a check")
        return
    for entry in entries:
        shown.print(entry_page(entry))
        _print_examples(entry.id)
    for item in retired:
        shown.print(retired_line(item))


def _print_examples(requirement_id: str) -> None:
    from conformance.cases.vectors.examples import examples_of  # noqa: PLC0415 (start-up time)

    found = examples_of(requirement_id)
    for name, text, case in (("wrong", found.wrong, found.wrong_case), ("right", found.right, found.right_case)):
        if text:
            files = f" (case {case}: zcc vectors export DIR)" if case else ""
            console().print(f"  {name + ':':<12}{text}{files}")


def _named(
    entries: tuple["CatalogueEntry", ...], retired: tuple["Retired", ...], names: list[str]
) -> tuple[tuple["CatalogueEntry", ...], tuple["Retired", ...]]:
    """The requirements of these ids and groups; an unknown name ends the command."""

    def is_named(requirement_id: str, name: str) -> bool:
        return name in (requirement_id, requirement_id.rpartition("-")[0])

    for name in names:
        known = (*(entry.id for entry in entries), *(item.id for item in retired))
        if not any(is_named(requirement_id, name) for requirement_id in known):
            cannot(f"{name} is neither a requirement nor a group; zcc requirements lists them")
    return (
        tuple(entry for entry in entries if any(is_named(entry.id, name) for name in names)),
        tuple(item for item in retired if any(is_named(item.id, name) for name in names)),
    )
