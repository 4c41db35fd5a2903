"""SARIF 2.1.0 for code scanning: a rule for each requirement, a result for each failure.

GitHub shows nothing without a physical location and tracks a result by ``primaryLocationLineHash``; an image has no
source file, so the location is a file that the user names, or the name of the image as a path.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

import msgspec

from conformance.observed.printable import safe
from conformance.reports.model import Report, SubjectReport
from conformance.reports.power import power_texts
from conformance.reports.words import explained_by, finding_lines
from conformance.requirements import Catalogue, Level
from conformance.results import Finding, RequirementResult

_LEVELS: Final[dict[Level, str]] = {"MUST": "error", "SHOULD": "warning", "MAY": "note"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
# Limits of GitHub code scanning: 1024 characters of a description, 25,000 results of a run.
_MAX_DESCRIPTION: Final = 1024
_MAX_RESULTS: Final = 25_000


def render_sarif(report: Report, catalogue: Catalogue, *, location: str = "") -> bytes:
    """The failures of a report; ``location`` is the file to show them at, by default the name of the target."""
    results = [
        _result(subject, result, finding, location)
        for subject in report.subjects
        for result, finding in failures(subject)
    ][:_MAX_RESULTS]
    used = sorted({result["ruleId"] for result in results})
    places = {name: place for place, name in enumerate(used)}
    for result in results:
        result["ruleIndex"] = places[result["ruleId"]]
    driver = {
        "name": report.tool.name,
        "version": report.tool.version,
        "informationUri": "https://github.com/podman-container-tools/container-libs/pull/681",
        "rules": [_rule(name, catalogue) for name in used],
    }
    run = {
        "tool": {"driver": driver},
        "results": results,
        "invocations": [
            {
                "executionSuccessful": report.ending != "incomplete",
                "startTimeUtc": f"{report.started:%Y-%m-%dT%H:%M:%SZ}",
            }
        ],
        "columnKind": "utf16CodeUnits",
    }
    if report.power:
        run["properties"] = {"power": [safe(text) for text in power_texts(report.power)]}
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def failures(subject: SubjectReport) -> Iterator[tuple[RequirementResult, Finding]]:
    """Every finding that is a failure, with the result that it belongs to."""
    for result in subject.verdicts:
        if result.verdict == "fail":
            yield from ((result, finding) for finding in result.findings if finding.outcome == "fail")


def _rule(name: str, catalogue: Catalogue) -> dict[str, Any]:
    known = name in catalogue.ids()
    statement = catalogue.statement_of(name)
    why = catalogue[name].why if known else ""
    advice = catalogue.advice_on(name)
    level: Level = catalogue[name].level if known else "MUST"
    return {
        "id": name,
        "shortDescription": {"text": statement[:_MAX_DESCRIPTION]},
        "fullDescription": {"text": f"{statement} {why}".strip()[:_MAX_DESCRIPTION]},
        "help": {"text": f"{advice} More: {explained_by(name)}".strip()},
        "defaultConfiguration": {"level": _LEVELS[level]},
        "properties": {"tags": [name.rpartition("-")[0]]},
    }


def _result(subject: SubjectReport, result: RequirementResult, finding: Finding, location: str) -> dict[str, Any]:
    text = "\n".join((*finding_lines(finding), explained_by(result.id)))
    identity = "\n".join((result.id, subject.subject, finding.where, finding.message))
    fingerprint = sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()
    return {
        "ruleId": result.id,
        "level": _LEVELS[result.level],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": location or as_path(subject.subject)},
                    "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": safe(finding.where or subject.subject)}],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint[:32]}:1"},
    }


def as_path(subject: str) -> str:
    """The name of an image as a relative URI of unreserved characters (RFC 3986)."""
    kept = "".join(each if each.isascii() and (each.isalnum() or each in "-._~/") else "-" for each in subject)
    return kept.strip("/") or "image"
