"""Markdown, for the summary of a pipeline step or a comment: verdicts, then failures, short, and what was tried."""

from collections.abc import Iterator
from typing import Final

from conformance.observed.printable import safe
from conformance.reports.model import Report, SubjectReport
from conformance.reports.power import power_texts
from conformance.reports.verdict_line import verdict_line
from conformance.reports.words import explained_by
from conformance.requirements import Catalogue

_MARK: Final = {"conforms": "✅", "does-not-conform": "❌", "incomplete": "⚠️"}
_MAX_ROWS: Final = 50
_SPECIAL: Final = str.maketrans({each: f"\\{each}" for each in "\\`*_{}[]<>()#+-.!|~"})


def render_markdown(report: Report, catalogue: Catalogue) -> bytes:
    """The report as Markdown in UTF-8."""
    return ("\n".join(_lines(report, catalogue)) + "\n").encode("utf-8", "backslashreplace")


def _lines(report: Report, catalogue: Catalogue) -> Iterator[str]:
    yield "## zstd:chunked conformance"
    for subject in report.subjects:
        mark = "" if report.partial else f"{_MARK[subject.ending or 'incomplete']} "
        yield ""
        yield f"{mark}{plain(verdict_line(subject, partial=report.partial))}"
        yield from _failures(subject, catalogue)
    if report.power:
        yield "\nGenerated examples, with the bound on the failure rate (95 %):\n"
        yield from (f"- {plain(text)}" for text in power_texts(report.power))
    yield ""
    yield f"{report.tool.name} {report.tool.version}, {report.started:%Y-%m-%d %H:%M} UTC, {report.elapsed:.1f} s"


def _failures(subject: SubjectReport, catalogue: Catalogue) -> Iterator[str]:
    told = [result for result in subject.verdicts if result.verdict in ("fail", "not-run", "waived")]
    if not told:
        return
    yield ""
    yield "| requirement | level | verdict | finding | what to do |"
    yield "|---|---|---|---|---|"
    for result in told[:_MAX_ROWS]:
        finding = next(iter(result.telling), None)
        message = finding.message if finding else result.reason
        where = f" ({finding.where})" if finding and finding.where else ""
        advice = catalogue.advice_on(result.id) if result.verdict == "fail" else ""
        cells = (result.id, result.level, result.verdict, plain(f"{message}{where}"), plain(advice))
        yield f"| {' | '.join(cells)} |"
    yield f"\nAbout a requirement: `{explained_by(told[0].id)}`"
    if len(told) > _MAX_ROWS:
        yield f"\nand {len(told) - _MAX_ROWS} more"


def plain(text: str) -> str:
    """Text of a target, escaped for Markdown."""
    return safe(text).translate(_SPECIAL)
