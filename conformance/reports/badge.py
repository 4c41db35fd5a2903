"""A badge: the fields of a shields.io endpoint, or an SVG; with counts and the month, never a percentage.

Grey is what states nothing on the current date: a run that is incomplete, partial or older than a year.
"""

from datetime import date, timedelta
from typing import Final
from xml.sax.saxutils import escape

import msgspec

from conformance.reports.model import Report, now
from conformance.results import Ending

_COLOUR: Final[dict[Ending, str]] = {"conforms": "brightgreen", "does-not-conform": "red", "incomplete": "lightgrey"}
_GREY: Final = "lightgrey"
_VALID: Final = timedelta(days=365)
# White text has a contrast of at least 4.5 on each of them (WCAG 2.2, 1.4.3).
_FILL: Final = {"brightgreen": "#1a7f37", "red": "#c4232d", _GREY: "#646c75"}
_CHARACTER: Final = 6.6
"""Pixels: the mean width of one in Verdana of 11 pixels; ``textLength`` fits the text of any font to it."""
_MARGIN: Final = 6


class Badge(msgspec.Struct, frozen=True, rename="camel"):
    """https://shields.io/badges/endpoint-badge: what the service draws."""

    message: str
    color: str
    label: str = "zstd:chunked"
    schema_version: int = 1
    is_error: bool = False


def badge_of(report: Report, today: date) -> Badge:
    """The badge of a run; a partial run and one without targets make no statement on conformance."""
    if report.partial or not report.subjects:
        return Badge("no statement", _GREY)
    ending: Ending = report.ending or "incomplete"
    musts = [result for subject in report.subjects for result in subject.verdicts if result.level == "MUST"]
    passed = sum(result.verdict == "pass" for result in musts)
    failed = sum(result.verdict == "fail" for result in musts)
    counts = {
        "conforms": f"{passed} MUST",
        "does-not-conform": f"{failed} MUST failed",
        "incomplete": f"{sum(result.verdict == 'not-run' for result in musts)} MUST not decided",
    }
    is_old = today - report.started.date() > _VALID
    message = f"{ending.replace('-', ' ')} ({counts[ending]}) {report.started:%Y-%m}"
    return Badge(message, _GREY if is_old else _COLOUR[ending])


def render_badge(report: Report) -> bytes:
    """The badge as JSON, by the current date."""
    return msgspec.json.encode(badge_of(report, now().date())) + b"\n"


def render_badge_svg(report: Report) -> bytes:
    """The badge as an SVG without fonts, scripts and links from elsewhere, by the current date."""
    badge = badge_of(report, now().date())
    parts = ((badge.label, "#3a4149"), (badge.message, _FILL[badge.color]))
    drawn, x = "", 0
    for text, fill in parts:
        length = round(_CHARACTER * len(text))
        width = length + 2 * _MARGIN
        drawn += f'<rect x="{x}" width="{width}" height="20" fill="{fill}"/>'
        drawn += f'<text x="{x + _MARGIN}" y="14" textLength="{length}">{escape(text)}</text>'
        x += width
    title = escape(f"{badge.label}: {badge.message}")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{x}" height="20" viewBox="0 0 {x} 20">'
        f"<title>{title}</title>"
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{drawn}</g></svg>\n'
    )
    return svg.encode()
