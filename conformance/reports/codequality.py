"""The Code Quality form of GitLab: a JSON array of issues, one for each failure.

Fields and severities: GitLab documentation, "Code Quality", "Code Quality report format". An image has no source file:
the path is the name of the image, as in SARIF.
"""

from hashlib import sha256
from typing import Any, Final

import msgspec

from conformance.reports.model import Report
from conformance.reports.sarif import as_path, failures
from conformance.reports.words import explained_by, finding_lines
from conformance.requirements import Catalogue, Level

_SEVERITIES: Final[dict[Level, str]] = {"MUST": "major", "SHOULD": "minor", "MAY": "info"}


def render_codequality(report: Report, catalogue: Catalogue) -> bytes:
    """The failures of a report; an empty array when there are none."""
    issues: list[dict[str, Any]] = []
    for subject in report.subjects:
        for result, finding in failures(subject):
            identity = "\n".join((result.id, subject.subject, finding.where, finding.message))
            told = " ".join(finding_lines(finding))
            text = f"{catalogue.statement_of(result.id)} {told} ({explained_by(result.id)})"
            issues.append(
                {
                    "description": text,
                    "check_name": result.id,
                    "fingerprint": sha256(identity.encode("utf-8", "backslashreplace")).hexdigest(),
                    "severity": _SEVERITIES[result.level],
                    "location": {"path": as_path(subject.subject), "lines": {"begin": 1}},
                }
            )
    return msgspec.json.format(msgspec.json.encode(issues), indent=2) + b"\n"
