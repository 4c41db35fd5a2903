"""The bodies of the requests in evidence, as files: sent by the curl commands of a report."""

from collections.abc import Iterator
from pathlib import Path

from conformance.observed.evidence import Exchange
from conformance.reports.model import Report


def write_bodies(report: Report, directory: Path) -> int:
    """Write each body below ``directory``, where the curl commands read it; return their number. Raises OSError."""
    bodies = {exchange.body_file: exchange.request_body for exchange in _exchanges(report) if exchange.request_body}
    for name, body in bodies.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return len(bodies)


def _exchanges(report: Report) -> Iterator[Exchange]:
    for subject in report.subjects:
        for result in subject.verdicts:
            for finding in result.findings:
                yield from (piece for piece in finding.evidence if isinstance(piece, Exchange))
