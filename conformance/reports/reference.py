"""``python -m conformance.reports.reference FILE``: the requirement reference, created from the catalogue."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from conformance.reports.catalogue import CatalogueEntry, catalogue_entries
from conformance.requirements import Requirement, load_catalogue


def reference_lines() -> Iterator[str]:
    """Markdown: a table of groups, then a section for each requirement."""
    catalogue = load_catalogue()
    entries = {entry.id: entry for entry in catalogue_entries()}
    in_groups = sorted(catalogue.requirements, key=lambda requirement: requirement.id)
    yield "# Requirement reference"
    yield ""
    yield f"Format revision `{catalogue.revision}`. Generated from `conformance/requirements/requirements.toml` by"
    yield "`python -m conformance.reports.reference docs/requirements.md`; do not edit."
    yield ""
    yield "| group | requirements | with a check | mutants |"
    yield "|---|---|---|---|"
    for group, members in groupby(in_groups, key=lambda requirement: requirement.group):
        ids = [requirement.id for requirement in members]
        checked = sum(bool(entries[name].checks) for name in ids)
        mutants = sum(len(entries[name].mutants) for name in ids)
        yield f"| [{group}](#{ids[0].lower()}) | {len(ids)} | {checked} | {mutants} |"
    for requirement in in_groups:
        yield from _section(requirement, entries[requirement.id])
    if catalogue.retired:
        yield ""
        yield "# Retired ids"
        yield ""
        yield "An id never changes its meaning, and is never used again."
        yield ""
        yield "| id | why | now |"
        yield "|---|---|---|"
        for item in sorted(catalogue.retired, key=lambda retired: retired.id):
            yield f"| {item.id} | {item.reason} | {', '.join(item.successors) or '-'} |"


def _section(requirement: Requirement, entry: CatalogueEntry) -> Iterator[str]:
    yield ""
    yield f"## {requirement.id}"
    yield ""
    yield f"**{requirement.level}** ({', '.join(requirement.roles)}): {requirement.statement}"
    yield ""
    yield f"- profiles: {', '.join(requirement.profiles)}"
    yield f"- class: {requirement.class_}"
    yield f"- why: {requirement.why}"
    yield f"- source: {requirement.source}"
    yield f"- method: {requirement.check}"
    yield f"- check: {_code(entry.checks) or 'none yet'}"
    if requirement.advice:
        yield f"- advice: {requirement.advice}"
    if entry.mutants:
        yield f"- mutants: {_code(entry.mutants)}"
    if entry.variants:
        yield f"- variants: {_code(entry.variants)}"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> None:
    """Write the reference to the file named as argument."""
    Path(sys.argv[1]).write_text("\n".join(reference_lines()) + "\n", "utf-8")


if __name__ == "__main__":
    main()
