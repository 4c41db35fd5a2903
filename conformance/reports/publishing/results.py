"""``python -m conformance.reports.publishing.results RESULTS DIRECTORY [SUBJECT]``: results cut to what is kept.

Verdicts stay as they are. Of each requirement the first findings stay, of each finding the first pieces of evidence,
without bodies; ports, which are others in every run, become PORT, and paths of this project are relative. SUBJECT
takes the place of the address of a registry, which makes no statement on what was judged.
"""

import re
import sys
from pathlib import Path
from typing import Final

import msgspec

from conformance.observed.evidence import CommandEvidence, Evidence, Exchange, Headers
from conformance.reports.model import Report, SubjectReport, encode, read_report
from conformance.reports.provenance import Provenance
from conformance.results import Finding, RequirementResult

MAX_FINDINGS: Final = 2
MAX_EVIDENCE: Final = 2
MAX_OUTPUT: Final = 600
_PROJECT: Final = Path(__file__).parents[3]
_DIRECTORY: Final = re.compile(r"(?<![}\w])/(?:tmp|work|root|home)/(?:[\w.@+-]+/)*")
_PORT: Final = re.compile(r"\b127\.0\.0\.(\d+):\d{2,5}\b")


def trimmed(report: Report, name: str = "") -> Report:
    """The same verdicts with less evidence; ``name`` replaces that of the subject where it is given."""
    return msgspec.structs.replace(
        report,
        subjects=tuple(_subject(subject, name) for subject in report.subjects),
        provenance=_provenance(report.provenance),
        power=tuple(
            msgspec.structs.replace(each, subject=each.subject and (name or _neutral(each.subject)))
            for each in report.power
        ),
    )


def _provenance(provenance: Provenance | None) -> Provenance | None:
    if provenance is None:
        return None
    names = tuple(_neutral(text) for text in provenance.target.names)
    return msgspec.structs.replace(provenance, target=msgspec.structs.replace(provenance.target, names=names))


def _subject(subject: SubjectReport, name: str) -> SubjectReport:
    identity = subject.identity
    return msgspec.structs.replace(
        subject,
        subject=name or _neutral(subject.subject),
        notes=tuple(_neutral(note) for note in subject.notes),
        verdicts=tuple(_result(result) for result in subject.verdicts),
        identity=identity and msgspec.structs.replace(identity, name=_neutral(identity.name)),
    )


def _result(result: RequirementResult) -> RequirementResult:
    kept = list(result.telling)
    kept += [finding for finding in result.findings if finding not in kept]
    findings = tuple(_finding(finding) for finding in kept[:MAX_FINDINGS])
    return msgspec.structs.replace(result, findings=findings, reason=_neutral(result.reason))


def _finding(finding: Finding) -> Finding:
    words = {name: _neutral(getattr(finding, name)) for name in ("message", "where", "expected", "found", "replay")}
    evidence = tuple(_evidence(piece) for piece in finding.evidence[:MAX_EVIDENCE])
    return msgspec.structs.replace(finding, evidence=evidence, **words)


def _evidence(evidence: Evidence) -> Evidence:
    if isinstance(evidence, Exchange):
        return msgspec.structs.replace(
            evidence,
            url=_neutral(evidence.url),
            request_headers=_headers(evidence.request_headers),
            response_headers=_headers(evidence.response_headers),
            response_start=b"",
            request_body=b"",
        )
    if isinstance(evidence, CommandEvidence):
        argv = tuple(_neutral(argument) for argument in evidence.argv)
        return msgspec.structs.replace(evidence, argv=argv, output=_neutral(evidence.output)[:MAX_OUTPUT])
    return evidence


def _headers(headers: Headers) -> Headers:
    return tuple((name, _neutral(value)) for name, value in headers)


def _neutral(text: str) -> str:
    """Without ports, and without directories of this machine: of this project and of the build of a tool."""
    text = _PORT.sub(r"127.0.0.\1:PORT", text).replace(f"{_PROJECT}/", "")
    return _DIRECTORY.sub("…/", text)


def main(arguments: list[str]) -> int:
    """Write DIRECTORY/results.json; 2 and a line on standard error when RESULTS is not a results file."""
    source, directory = (Path(argument) for argument in arguments[:2])
    name = arguments[2] if len(arguments) > 2 else ""
    try:
        report = read_report(source.read_bytes())
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "results.json").write_bytes(encode(trimmed(report, name)))
    except (OSError, ValueError) as error:
        print(f"{source}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
