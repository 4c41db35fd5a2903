"""``python -m conformance.reports.publishing.index DIRECTORY``: the index of published results, as HTML and Markdown.

Target, version, date, profiles, verdict and the command to repeat it; the failures by requirement;
and the interoperability matrix of the newest certification report.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from conformance.reports.certification import CertificationReport
from conformance.reports.certification_page import matrix_blocks
from conformance.reports.html import render_page
from conformance.reports.model import Report, SubjectReport, read_report
from conformance.reports.page import TONE_OF, Cell, Page, Paragraph, Section, Table, Tone, row
from conformance.reports.page_forms import render_page_markdown
from conformance.reports.words import short_name
from conformance.requirements import Catalogue, load_catalogue
from conformance.results import RequirementResult

NAME: Final = "index"
_LACKS: Final = {"1": "no profiles and no outcomes", "2": "no statement of power"}
"""The information that earlier editions of results lack."""
_SIGNS: Final[dict[str, tuple[str, Tone]]] = {
    "pass": ("pass", "pass"),
    "fail": ("FAIL", "fail"),
    "waived": ("waived", "warning"),
    "not-run": ("not run", "warning"),
    "unsupported": ("-", ""),
    "not-applicable": ("n/a", ""),
}


class Entry(msgspec.Struct, frozen=True):
    """One published results file: ``path`` relative to the directory."""

    path: str
    report: Report

    @property
    def edition(self) -> str:
        """The number of the edition of results that it follows."""
        return self.report.schema.rpartition(":")[2]


def entries(directory: Path) -> tuple[Entry, ...]:
    """Every results.json below a directory; ValueError names a file that cannot be read."""
    found = []
    for path in sorted(directory.rglob("results.json")):
        try:
            found.append(Entry(path.relative_to(directory).as_posix(), read_report(path.read_bytes())))
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}: {error}") from None
    return tuple(found)


def newest_certification(directory: Path) -> CertificationReport | None:
    """The certification report that was created last, if there is one."""
    made = [
        msgspec.json.decode(path.read_bytes(), type=CertificationReport)
        for path in sorted(directory.glob("certificate-*.json"))
    ]
    return max(made, key=lambda certification: certification.started, default=None)


def index_page(found: Sequence[Entry], certification: CertificationReport | None, catalogue: Catalogue) -> Page:
    """The page of all entries."""
    sections = [Section("Results", (_list(found),), "results")]
    sections += [
        Section(f"As {role}", (_requirements(found, role, catalogue),), role)
        for role in dict.fromkeys(subject.roles[0] for entry in found for subject in entry.report.subjects)
    ]
    if certification is not None and certification.matrix:
        made = Paragraph(f"Of the certification report of {certification.started:%Y-%m-%d}.")
        sections.append(
            Section("Interoperability of the tools", (made, *matrix_blocks(certification.matrix)), "matrix")
        )
    lead = [Paragraph(f"{len(found)} runs. A verdict is for the profiles that the target claims (docs/verdicts.md).")]
    for edition, lacks in _LACKS.items():
        count = sum(entry.edition == edition for entry in found)
        if count:
            lead.append(Paragraph(f"{count} are of edition {edition} of results, which has {lacks}.", "warning"))
    return Page("Published results", tuple(lead), tuple(sections))


def _list(found: Sequence[Entry]) -> Table:
    headers = ("target", "role", "date", "profiles", "verdict", "edition", "repeat it by")
    rows = [_row(entry, subject) for entry in found for subject in entry.report.subjects]
    return Table(headers, tuple(sorted(rows, key=lambda cells: (cells[1].text, cells[0].text))))


def _row(entry: Entry, subject: SubjectReport) -> tuple[Cell, ...]:
    ending = subject.ending or "incomplete"
    profiles = ", ".join(claim.profile for claim in subject.claims if not claim.is_withdrawn)
    return row(
        Cell(short_name(subject.subject), "", entry.path),
        subject.roles[0],
        f"{entry.report.started:%Y-%m-%d}",
        profiles or "none recorded",
        Cell(ending.replace("-", " "), TONE_OF[ending]),
        Cell(entry.edition, "warning" if entry.edition in _LACKS else ""),
        _command(subject),
    )


def _command(subject: SubjectReport) -> str:
    name, _, adapter = subject.subject.removesuffix(")").partition(" (adapter ")
    if adapter:
        return f"pytest --implementation {adapter} --role {subject.roles[0]}"
    if subject.roles[0] == "registry":
        return f"start {name.partition(' ')[0]}; pytest --registry http://127.0.0.1:5000"
    return f"zcc check --deep {name}"


def _requirements(found: Sequence[Entry], role: str, catalogue: Catalogue) -> Table:
    """A row for each requirement that a target does not pass, a column for each target."""
    subjects = sorted(
        (subject for entry in found for subject in entry.report.subjects if subject.roles[0] == role),
        key=lambda subject: subject.subject,
    )
    by_id: dict[str, dict[int, RequirementResult]] = {}
    for number, subject in enumerate(subjects):
        for result in subject.verdicts:
            by_id.setdefault(result.id, {})[number] = result
    telling = {
        name: results
        for name, results in by_id.items()
        if any(result.verdict in ("fail", "not-run", "waived") for result in results.values())
    }
    rows = tuple(
        row(
            name,
            next(iter(results.values())).level,
            *(_verdict(results.get(number)) for number in range(len(subjects))),
            catalogue.statement_of(name),
        )
        for name, results in sorted(telling.items())
    )
    caption = f"{len(telling)} of {len(by_id)} requirements: those that at least one target does not pass"
    return Table(
        ("requirement", "level", *(short_name(subject.subject) for subject in subjects), "statement"), rows, caption
    )


def _verdict(result: RequirementResult | None) -> Cell:
    if result is None:
        return Cell("")
    text, tone = _SIGNS[result.verdict]
    return Cell(text, "warning" if result.verdict == "fail" and result.level != "MUST" else tone)


def documents(directory: Path) -> Iterator[tuple[str, bytes]]:
    """The files of the index, by name."""
    page = index_page(entries(directory), newest_certification(directory), load_catalogue())
    yield f"{NAME}.html", render_page(page)
    yield f"{NAME}.md", render_page_markdown(page)


def main(arguments: list[str]) -> int:
    """Write the index into the directory; 2 and a line on standard error where a file there cannot be read."""
    directory = Path(arguments[0])
    try:
        for name, content in documents(directory):
            (directory / name).write_bytes(content)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
