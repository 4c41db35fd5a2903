"""The catalogue with its columns: the check of each requirement, and the mutants that show that the check can fail."""

from collections import defaultdict

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from conformance import checks
from conformance.cases import variants
from conformance.cases.mutants import all_mutants
from conformance.reports.encoding import indented_json
from conformance.requirements import (
    Level,
    Profile,
    RequirementClass,
    Retired,
    Role,
    broken_by,
    find_checks,
    find_variants,
    freedom_of,
    load_catalogue,
    name_of,
    place_of,
)


class CatalogueEntry(msgspec.Struct, frozen=True):
    """One requirement with the names of its checks, mutants and variants (``module.function``).

    ``check`` describes the check, ``advice`` the remedy.
    """

    id: str
    level: Level
    roles: tuple[Role, ...]
    profiles: tuple[Profile, ...]
    class_: RequirementClass = msgspec.field(name="class")
    statement: str
    checks: tuple[str, ...]
    mutants: tuple[str, ...]
    variants: tuple[str, ...]
    why: str
    source: str
    check: str
    advice: str


class _Catalogue(msgspec.Struct, frozen=True):
    revision: str
    requirements: tuple[CatalogueEntry, ...]
    retired: tuple[Retired, ...] = ()


def catalogue_entries(*, untested_only: bool = False) -> tuple[CatalogueEntry, ...]:
    """All requirements, or those without a check, in catalogue order."""
    bound = find_checks(checks)
    breaking: dict[str, list[str]] = defaultdict(list)
    for maker in all_mutants():
        breaking[broken_by(maker)[0]].append(name_of(maker))
    free: dict[str, list[str]] = defaultdict(list)
    for choice in find_variants(variants):
        for requirement_id in freedom_of(choice).ids:
            free[requirement_id].append(name_of(choice))
    entries = (
        CatalogueEntry(
            requirement.id,
            requirement.level,
            requirement.roles,
            requirement.profiles,
            requirement.class_,
            requirement.statement,
            (name_of(bound[requirement.id]),) if requirement.id in bound else (),
            tuple(breaking[requirement.id]),
            tuple(free[requirement.id]),
            requirement.why,
            requirement.source,
            requirement.check,
            requirement.advice,
        )
        for requirement in load_catalogue().requirements
    )
    return tuple(entry for entry in entries if not (untested_only and entry.checks))


def catalogue_json(entries: tuple[CatalogueEntry, ...], retired: tuple[Retired, ...] = ()) -> bytes:
    """The entries, and the ids that are retired, as one indented JSON document."""
    document = _Catalogue(load_catalogue().revision, entries, retired)
    return indented_json(document)


def catalogue_list(entries: tuple[CatalogueEntry, ...]) -> RenderableType:
    """Two lines for each entry, and how many there are."""
    blocks: list[RenderableType] = []
    for entry in entries:
        head = f"  {entry.level:6}  {entry.class_:14}  {', '.join(entry.profiles)}"
        checked = "checked" if entry.checks else "no check"
        counts = f"  [{checked}, {len(entry.mutants)} mutants, {len(entry.variants)} variants]"
        blocks.append(Text.assemble((f"{entry.id:17}", "bold"), head, (counts, "dim")))
        blocks.append(Text(f"    {entry.statement}"))
    with_check = sum(bool(entry.checks) for entry in entries)
    return Group(
        *blocks, Text(f"{len(entries)} requirements, {with_check} with a check; zcc requirements ID shows one")
    )


def files_of(requirement_id: str) -> tuple[str, ...]:
    """File and line of the check of a requirement, of its mutants and of its variants; each once, in this order."""
    check = find_checks(checks).get(requirement_id)
    breaking = (maker for maker in all_mutants() if broken_by(maker)[0] == requirement_id)
    free = (choice for choice in find_variants(variants) if requirement_id in freedom_of(choice).ids)
    return tuple(dict.fromkeys(map(place_of, (*filter(None, (check,)), *breaking, *free))))


def entry_page(entry: CatalogueEntry) -> RenderableType:
    """All that there is on one requirement: what the catalogue has, and where its code and its page are."""
    lines = [
        ("level", entry.level),
        ("class", entry.class_),
        ("profiles", ", ".join(entry.profiles)),
        ("roles", ", ".join(entry.roles)),
        ("why", entry.why),
        ("source", entry.source),
        ("checked by", entry.check),
        ("advice", entry.advice),
        ("check", ", ".join(entry.checks) or "none yet"),
        ("mutants", ", ".join(entry.mutants) or "none"),
        ("variants", ", ".join(entry.variants) or "none"),
        ("files", ", ".join(files_of(entry.id))),
        ("page", f"docs/requirements.md#{entry.id.lower()}"),
    ]
    shown = [Text(f"  {name + ':':<12}{text}") for name, text in lines if text]
    return Group(Text.assemble((entry.id, "bold"), f" {entry.statement}"), *shown)


def retired_line(item: Retired) -> str:
    """A retired id, and its successors."""
    now = f"; now: {', '.join(item.successors)}" if item.successors else "; without successor"
    return f"{item.id} is retired: {item.reason.rstrip('.')}{now}"
