"""Differences as text for terminals, and as JSON."""

import json
from collections.abc import Iterator
from typing import Final

import msgspec
from rich.text import Text

from conformance.anatomy.difference.model import Change, Difference, FieldChange, Mark, Section
from conformance.observed.printable import safe

SCHEMA_VERSION: Final = 1
MAX_LISTED: Final = 50
_STYLE: dict[Mark, str] = {"M": "yellow", "A": "green", "D": "red"}
_LONG: Final = 100


def lines(difference: Difference, limit: int | None = MAX_LISTED) -> Iterator[Text]:
    """All sections with content; at most ``limit`` changes of each are shown (None: all)."""
    yield Text(f"--- {safe(difference.first)}", style="red")
    yield Text(f"+++ {safe(difference.second)}", style="green")
    for section in difference.sections:
        yield from _section(section, limit)
    if difference.is_same:
        yield Text("no difference", style="green")


def encode(difference: Difference) -> bytes:
    """One JSON document in ASCII."""
    fields = {
        "schema": f"zcc-diff/{SCHEMA_VERSION}",
        "same": difference.is_same,
        **msgspec.to_builtins(difference),
    }
    return json.dumps(fields, indent=1).encode("ascii") + b"\n"


def _section(section: Section, limit: int | None) -> Iterator[Text]:
    count = len(section.changes)
    facts = [f"{count} differ{'s' if count == 1 else ''}"] if count else []
    if section.said:
        facts.append(section.said)
    elif not count and not section.remarks:
        facts.append("the same")
    title = Text(safe(section.title), style="bold")
    yield Text()
    yield Text.assemble(title, f": {', '.join(facts)}" if facts else "")
    for remark in section.remarks:
        yield Text(f"  {safe(remark)}", style="dim")
    for change in section.changes[:limit]:
        yield from _change(change)
    more = count - len(section.changes[:limit])
    if more:
        yield Text(f"  … {more} more (--all shows them)", style="dim")


def _change(change: Change) -> Iterator[Text]:
    head = Text.assemble("  ", (change.mark, _STYLE[change.mark]), f" {safe(change.name)}")
    if change.about:
        head.append(f"  {safe(change.about)}", style="dim")
    inline = ", ".join(_field(field) for field in change.fields)
    if len(inline) <= _LONG:
        yield head.append(f"  {inline}" if inline else "")
        return
    yield head
    for field in change.fields:
        line = _field(field)
        if len(line) <= _LONG:
            yield Text(f"      {line}")
        else:
            yield Text(f"      {safe(field.field)}")
            yield Text(f"        {safe(field.first)}")
            yield Text(f"      → {safe(field.second)}")


def _field(field: FieldChange) -> str:
    name = "" if field.field == "value" else f"{safe(field.field)} "
    return f"{name}{safe(field.first)} → {safe(field.second)}"
