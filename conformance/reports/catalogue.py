"""The catalogue with its columns: what decides each requirement, and what shows that the check can fail."""

from collections import defaultdict

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from conformance import checks, mutants
from conformance.requirements import (
    Level,
    Profile,
    RequirementClass,
    Role,
    broken_by,
    find_checks,
    find_mutants,
    load_catalogue,
)


class CatalogueEntry(msgspec.Struct, frozen=True):
    """One requirement with the names of its checks and mutants (``module.function``)."""

    id: str
    level: Level
    roles: tuple[Role, ...]
    profiles: tuple[Profile, ...]
    class_: RequirementClass = msgspec.field(name="class")
    statement: str
    checks: tuple[str, ...]
    mutants: tuple[str, ...]


class _Catalogue(msgspec.Struct, frozen=True):
    revision: str
    requirements: tuple[CatalogueEntry, ...]


def catalogue_entries(*, untested_only: bool = False) -> tuple[CatalogueEntry, ...]:
    """All requirements, or those without a check, in catalogue order."""
    bound = find_checks(checks)
    breaking: dict[str, list[str]] = defaultdict(list)
    for maker in find_mutants(mutants):
        breaking[broken_by(maker)[0]].append(_name(maker))
    entries = (
        CatalogueEntry(
            requirement.id,
            requirement.level,
            requirement.roles,
            requirement.profiles,
            requirement.class_,
            requirement.statement,
            (_name(bound[requirement.id]),) if requirement.id in bound else (),
            tuple(breaking[requirement.id]),
        )
        for requirement in load_catalogue().requirements
    )
    return tuple(entry for entry in entries if not (untested_only and entry.checks))


def catalogue_json(entries: tuple[CatalogueEntry, ...]) -> bytes:
    """The entries as one indented JSON document."""
    document = _Catalogue(load_catalogue().revision, entries)
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def catalogue_table(entries: tuple[CatalogueEntry, ...]) -> RenderableType:
    """The entries as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "level", "roles"):
        table.add_column(column, no_wrap=True)
    table.add_column("check", justify="right")
    table.add_column("mutants", justify="right")
    table.add_column("statement")
    for entry in entries:
        table.add_row(
            entry.id,
            entry.level,
            ", ".join(entry.roles),
            "yes" if entry.checks else "-",
            str(len(entry.mutants) or "-"),
            entry.statement,
        )
    with_check = sum(bool(entry.checks) for entry in entries)
    return Group(table, Text(f"{len(entries)} requirements, {with_check} with a check"))


def _name(function: object) -> str:
    module = getattr(function, "__module__", "?").removeprefix("conformance.")
    return f"{module}.{getattr(function, '__name__', function)}"
