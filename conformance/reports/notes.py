"""Notes on a target, which decide nothing: equal notes are one line."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from conformance.observed.printable import safe
from conformance.reports.model import SubjectReport

_SHOWN_PLACES: Final = 8


def notes(subject: SubjectReport) -> Iterator[Text]:
    """One line each: requirements that need a deep check, notes on the target, notes on requirements."""
    if subject.needs_deep:
        count = len(subject.needs_deep)
        yield Text(f"note: {count} requirements need every byte of the layers (--deep)", style="cyan")
    for note in subject.notes:
        yield Text(f"note: {safe(note)}", style="cyan")
    alike: dict[str, dict[str, dict[str, None]]] = {}
    for result in subject.verdicts:
        for finding in result.findings:
            if finding.outcome in ("info", "unsupported", "needs-deep"):
                places = alike.setdefault(finding.message, {})
                places.setdefault(result.id, {})[finding.where] = None
    for message, by_id in alike.items():
        where = list(dict.fromkeys(place for of_one in by_id.values() for place in of_one if place))
        yield Text(f"note: {', '.join(by_id)}: {safe(message)}{_places(where)}", style="dim")


def _places(places: Sequence[str]) -> str:
    """The positions in brackets; a common prefix, up to a colon, is written once."""
    if not places:
        return ""
    first = places[0].partition(": ")[0]
    shared = first if len(places) > 1 and all(place.startswith(f"{first}: ") for place in places) else ""
    rest = [place.removeprefix(f"{shared}: ") if shared else place for place in places]
    more = f" and {len(rest) - _SHOWN_PLACES} more" if len(rest) > _SHOWN_PLACES else ""
    listed = ", ".join(rest[:_SHOWN_PLACES]) + more
    return f" ({safe(f'{shared}: {listed}' if shared else listed)})"
