"""A badge: the fields of a shields.io endpoint, with counts and the month, never a percentage."""

from typing import Final

import msgspec

from conformance.reports.model import Report
from conformance.results import Ending

_COLOUR: Final[dict[Ending, str]] = {"conforms": "brightgreen", "does-not-conform": "red", "incomplete": "lightgrey"}


class Badge(msgspec.Struct, frozen=True, rename="camel"):
    """https://shields.io/badges/endpoint-badge: what the service draws."""

    message: str
    color: str
    label: str = "zstd:chunked"
    schema_version: int = 1
    is_error: bool = False


def badge_of(report: Report) -> Badge:
    """The badge of a run; a partial run and one without targets make no statement on conformance."""
    if report.partial or not report.subjects:
        return Badge("no statement", "lightgrey")
    ending: Ending = report.ending or "incomplete"
    musts = [result for subject in report.subjects for result in subject.verdicts if result.level == "MUST"]
    passed = sum(result.verdict == "pass" for result in musts)
    failed = sum(result.verdict == "fail" for result in musts)
    counts = {
        "conforms": f"{passed} MUST",
        "does-not-conform": f"{failed} MUST failed",
        "incomplete": f"{sum(result.verdict == 'not-run' for result in musts)} MUST not decided",
    }
    return Badge(f"{ending.replace('-', ' ')} ({counts[ending]}) {report.started:%Y-%m}", _COLOUR[ending])


def render_badge(report: Report) -> bytes:
    """The badge as JSON."""
    return msgspec.json.encode(badge_of(report)) + b"\n"
