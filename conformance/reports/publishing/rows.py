"""``python -m conformance.reports.publishing.rows DIRECTORY…``: the rows of docs/results.md, from published results.

Each DIRECTORY is one of ``reports/published``; its name is the tool's name and version.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from conformance.reports.model import SubjectReport, read_report
from conformance.reports.words import short_name

_NONE: Final = "\N{EN DASH}"


def rows(directory: Path) -> Iterator[str]:
    """One row of a Markdown table for each role of the tool; OSError or ValueError when there are no results."""
    for subject in read_report((directory / "results.json").read_bytes()).subjects:
        yield f"{beginning(subject, directory.name)} | {_failed(subject)} |"


def beginning(subject: SubjectReport, directory: str) -> str:
    """The cells of tool, role and counts: MUST passed of those that were judged, unsupported, not applicable."""
    verdicts = Counter(result.verdict for result in subject.verdicts if result.level == "MUST")
    judged = verdicts["pass"] + verdicts["fail"] + verdicts["not-run"]
    name = short_name(subject.subject)
    link = f"[{name}](../reports/published/{directory}/results.json)"
    counts = f"{verdicts['pass']} of {judged} | {verdicts['unsupported']} | {verdicts['not-applicable']}"
    return f"| {link} | {subject.roles[0]} | {counts}"


def _failed(subject: SubjectReport) -> str:
    must, should = (
        ", ".join(result.id for result in subject.verdicts if result.verdict == "fail" and result.level == level)
        for level in ("MUST", "SHOULD")
    )
    return "; ".join(part for part in (must, should and f"SHOULD: {should}") if part) or _NONE


def main(directories: list[str]) -> int:
    """Print the rows; 2 and a line on standard error for a directory without results."""
    for name in directories:
        try:
            print(*rows(Path(name)), sep="\n")  # noqa: T201
        except (OSError, ValueError) as error:
            print(f"{name}: {error}", file=sys.stderr)  # noqa: T201
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
