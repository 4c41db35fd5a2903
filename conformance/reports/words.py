"""The text of a finding, the same in every report."""

from collections.abc import Iterator

from conformance.observed.printable import safe
from conformance.requirements import Level
from conformance.results import Finding, RequirementResult

_MAX_EVIDENCE = 4
_OF_A_FAILED: dict[Level, str] = {"MUST": "fail", "SHOULD": "warning", "MAY": "note"}


def finding_lines(finding: Finding) -> Iterator[str]:
    """Lines of plain text: what, where, expected, found, evidence, replay."""
    yield safe(finding.message)
    for label, text in (("where", finding.where), ("expected", finding.expected), ("found", finding.found)):
        if text:
            yield f"  {label + ':':<10}{safe(text)}"
    for evidence in finding.evidence[:_MAX_EVIDENCE]:
        first, *rest = evidence.as_text().splitlines() or [""]
        yield f"  evidence: {safe(first)}"
        for line in rest:
            yield f"            {safe(line)}"
    if len(finding.evidence) > _MAX_EVIDENCE:
        yield f"            … and {len(finding.evidence) - _MAX_EVIDENCE} more in results.json"
    if finding.replay:
        yield f"  replay:   {safe(finding.replay)}"


def verdict_word(result: RequirementResult) -> str:
    """The verdict as shown: a failed SHOULD is a warning, a failed MAY a note."""
    return _OF_A_FAILED[result.level] if result.verdict == "fail" else result.verdict


def explained_by(requirement_id: str) -> str:
    """The command that shows the statement, reason, source and advice of a requirement, with examples."""
    return f"zcc requirements {requirement_id}"


def short_name(subject: str) -> str:
    """The name of a tool and its version, without the adapter that drove it."""
    return subject.partition(" (adapter ")[0]
