"""Every form a report can be written in, by the name that ``--format`` takes."""

from collections.abc import Callable, Mapping
from typing import Final

from conformance.reports.badge import render_badge, render_badge_svg
from conformance.reports.codequality import render_codequality
from conformance.reports.junit import render_junit
from conformance.reports.markdown import render_markdown
from conformance.reports.model import Report, encode
from conformance.reports.page import Picture
from conformance.reports.sarif import render_sarif
from conformance.requirements import Catalogue


def _html(report: Report, catalogue: Catalogue, pictures: Mapping[str, Picture] | None = None) -> bytes:
    from conformance.reports.html import render_html  # noqa: PLC0415 (start-up time: templates)

    return render_html(report, catalogue, pictures)


FORMS: Final[Mapping[str, Callable[[Report, Catalogue], bytes]]] = {
    "json": lambda report, _: encode(report),
    "junit": render_junit,
    "html": _html,
    "sarif": render_sarif,
    "codequality": render_codequality,
    "markdown": render_markdown,
    "badge": lambda report, _: render_badge(report),
    "badge-svg": lambda report, _: render_badge_svg(report),
}


def render(form: str, report: Report, catalogue: Catalogue, pictures: Mapping[str, Picture] | None = None) -> bytes:
    """The report in one form, HTML with ``pictures`` of targets by name; KeyError for an unknown form."""
    if form == "html":
        return _html(report, catalogue, pictures)
    return FORMS[form](report, catalogue)
