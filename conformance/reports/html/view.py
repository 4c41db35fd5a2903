"""What the HTML report shows, as plain values: the template only places them."""

from collections.abc import Iterator, Mapping

import msgspec

from conformance.observed.evidence import Evidence
from conformance.observed.printable import safe
from conformance.reports.model import Report
from conformance.reports.notes import notes
from conformance.reports.page import Picture
from conformance.reports.power import percent
from conformance.reports.verdict_line import verdict_line
from conformance.reports.words import explained_by, verdict_word
from conformance.requirements import Catalogue
from conformance.results import Ending, Finding, RequirementResult

# A run over many images shows only what did not pass; ``zcc requirements`` shows the catalogue.
_WHOLE_TABLES = 12
# A failed SHOULD is a warning, a MAY a note. The first five come first, the others in the order of the catalogue.
WORDS = ("fail", "not-run", "warning", "waived", "note", "pass", "unsupported", "not-applicable")
_TELLING = WORDS[:5]
# The groups whose failures a picture of the layers, or of the sentinel's bytes, explains.
_DRAWN = ("SENT-BLOB", "LAYER", "FOOTER", "TOC", "TARSPLIT")
_MAX_FINDINGS = 12
_MAX_FINDINGS_OF_MANY = 3
_MAX_SHAPES = 12
_MAX_EVIDENCE = 4
_MAX_EVIDENCE_TEXT = 6000


class FindingView(msgspec.Struct, frozen=True):
    """One finding: ``facts`` are label and text; ``evidence`` shows it; ``replay`` repeats it."""

    message: str
    facts: tuple[tuple[str, str], ...]
    evidence: tuple[str, ...]
    replay: str


class RowView(msgspec.Struct, frozen=True):
    """One requirement of one target. ``word`` is the verdict as shown: a failed SHOULD is a warning, a MAY a note."""

    id: str
    anchor: str
    group: str
    level: str
    class_: str
    word: str
    statement: str
    advice: str
    reason: str
    findings: tuple[FindingView, ...]
    more: int
    explained_by: str


class SubjectView(msgspec.Struct, frozen=True):
    """One target: its verdict, the counts of its MUSTs, its rows and notes.

    ``waived`` are the failures that the user declared, with reason and date; ``digest`` what was judged, by content.
    """

    name: str
    ending: str
    line: str
    decided: int
    musts: int
    counts: tuple[tuple[str, int], ...]
    rows: tuple[RowView, ...]
    left_out: int
    notes: tuple[str, ...]
    waived: tuple[str, ...] = ()
    digest: str = ""
    picture: Picture | None = None
    shows_picture: bool = False


def subject_views(report: Report, catalogue: Catalogue, pictures: Mapping[str, Picture]) -> Iterator[SubjectView]:
    """The targets of a report in order; anchors of the first target are the bare ids."""
    whole = len(report.subjects) <= _WHOLE_TABLES
    taken: set[str] = set()
    for number, subject in enumerate(report.subjects):
        shown = [result for result in subject.verdicts if whole or result.verdict in ("fail", "not-run", "waived")]
        shown.sort(key=_gravest_first)
        rows = tuple(_row(result, catalogue, number, taken, whole=whole) for result in shown)
        musts = [result for result in subject.verdicts if result.level == "MUST"]
        decided = sum(result.verdict in ("pass", "fail", "waived") for result in musts)
        owed = sum(result.verdict != "not-applicable" for result in musts)
        ending: Ending | str = "partial" if report.partial else (subject.ending or "incomplete")
        yield SubjectView(
            safe(subject.subject),
            ending,
            safe(verdict_line(subject, partial=report.partial)),
            decided,
            owed,
            tuple((word, sum(verdict_word(each) == word for each in subject.verdicts)) for word in WORDS),
            rows,
            len(subject.verdicts) - len(shown),
            tuple(safe(note.plain.removeprefix("note: ")) for note in notes(subject)),
            tuple(safe(f"{each.id}: {each.reason}") for each in subject.verdicts if each.verdict == "waived"),
            f"{subject.identity.kind} {safe(subject.identity.name)}, {safe(subject.identity.digest)}"
            if subject.identity
            else "",
            pictures.get(subject.subject),
            any(each.verdict == "fail" and each.id.rpartition("-")[0] in _DRAWN for each in subject.verdicts),
        )


def run_facts(report: Report) -> Iterator[tuple[str, str]]:
    """The run, its catalogue and its waivers, as label and text."""
    yield "suite", f"{report.tool.name} {report.tool.version}"
    provenance = report.provenance
    catalogue = f", {provenance.catalogue}" if provenance else ""
    yield "catalogue", safe(f"format revision {report.revision}{catalogue}")
    yield "started", f"{report.started:%Y-%m-%d %H:%M} UTC"
    yield "took", f"{report.elapsed:.1f} seconds"
    if report.seed:
        yield "seed", safe(report.seed)
    if provenance is None:
        return
    target = provenance.target
    yield "pointed at", safe(f"{target.kind} {', '.join(target.names) or 'embedded registry'}")
    chosen = {"effort": (target.effort,), "options": target.flags, "roles": target.roles, "profiles": target.profiles}
    for label, values in chosen.items():
        if any(values):
            yield label, ", ".join(values)
    if provenance.waivers:
        yield "waivers", safe(provenance.waivers)
    if provenance.responses:
        yield "registry", safe(f"responses {provenance.responses}")


class TriedView(msgspec.Struct, frozen=True):
    """The generated examples that were tried, and the bound that follows."""

    statement: str
    of: str
    examples: str
    bound: str
    shapes: str
    seed: str


def tried_views(report: Report) -> Iterator[TriedView]:
    """The statement of power: targets first, then the control of the suite's own checks."""
    for each in sorted(report.power, key=lambda tried: not tried.subject):
        shapes = sorted(each.shapes.items(), key=lambda item: -item[1])[:_MAX_SHAPES]
        bound = "the last one fails" if each.failed else f"< {percent(each.bound)}" if each.bound else ""
        yield TriedView(
            safe(f"{each.requirement} {each.statement}".strip()),
            safe(each.subject or "the suite's own checks"),
            str(each.examples),
            bound,
            safe(", ".join(f"{name}: {count}" for name, count in shapes)),
            safe(each.seed),
        )


def _gravest_first(result: RequirementResult) -> int:
    word = verdict_word(result)
    return WORDS.index(word) if word in _TELLING else len(WORDS)


def _row(result: RequirementResult, catalogue: Catalogue, number: int, taken: set[str], *, whole: bool) -> RowView:
    """Of many targets only the first findings are shown, and no advice, which would be there as often as they are."""
    limit = _MAX_FINDINGS if whole else _MAX_FINDINGS_OF_MANY
    anchor = result.id if result.id not in taken else f"{result.id}-{number + 1}"
    taken.add(result.id)
    telling = result.telling or result.findings
    class_ = result.class_ or (catalogue[result.id].class_ if result.id in catalogue.ids() else "")
    return RowView(
        result.id,
        anchor,
        result.id.rpartition("-")[0],
        result.level,
        class_,
        verdict_word(result),
        catalogue.statement_of(result.id),
        catalogue.advice_on(result.id) if result.verdict == "fail" and whole else "",
        safe(result.reason),
        tuple(_finding(finding) for finding in telling[:limit]),
        max(len(telling) - limit, 0),
        explained_by(result.id),
    )


def _finding(finding: Finding) -> FindingView:
    facts = (("where", finding.where), ("expected", finding.expected), ("found", finding.found))
    return FindingView(
        safe(finding.message),
        tuple((label, safe(text)) for label, text in facts if text),
        tuple(_evidence(each) for each in finding.evidence[:_MAX_EVIDENCE]),
        safe(finding.replay),
    )


def _evidence(evidence: Evidence) -> str:
    lines = evidence.as_text()[:_MAX_EVIDENCE_TEXT].splitlines()
    return "\n".join(safe(line) for line in lines)
