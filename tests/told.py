"""What checks report of an observation, word for word, retained in a file beside the tests.

After a change that is meant: ``ZCC_WRITE_FINDINGS=1 pytest FILE``, and read the difference.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from conformance.checks.bound import checks_of
from conformance.results import Judgement

Told = dict[str, list[str]]


def told(seen: object, ids: str = "") -> Told:
    """Each judgement of each check of this observation whose id begins with ``ids``: outcome, words, place, values."""
    found = {
        name: lines_of(check(seen)) for name, check in sorted(checks_of(type(seen)).items()) if name.startswith(ids)
    }
    return {name: lines for name, lines in found.items() if lines}


def lines_of(judgements: Iterable[Judgement]) -> list[str]:
    """A line for each judgement, and one for each piece of evidence."""
    lines = []
    for each in judgements:
        lines.append(" | ".join((each.outcome, each.message, each.where, each.expected, each.found)))
        lines += [f"  {evidence.as_text()}" for evidence in each.evidence]
    return lines


def outcomes(seen: object, ids: str = "") -> str:
    """What each check of this observation comes to, in a line; those that state nothing are left out."""
    return ", ".join(
        f"{name.removeprefix(ids)} {'/'.join(line.partition(' | ')[0] for line in lines if line[0] != ' ')}"
        for name, lines in told(seen, ids).items()
    )


def kept(file: Path, makers: Mapping[str, Callable[[], Told]]) -> dict[str, Told]:
    """What the file states; it is written again where ``ZCC_WRITE_FINDINGS`` is set."""
    if os.environ.get("ZCC_WRITE_FINDINGS"):
        made = {name: make() for name, make in sorted(makers.items())}
        file.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    found: dict[str, Told] = json.loads(file.read_text("utf-8"))
    return found
