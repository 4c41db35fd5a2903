"""The report as HTML: model in, one self-contained document out (jinja2, autoescaped)."""

from collections.abc import Mapping

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from conformance.reports.html.parts import data_address, part
from conformance.reports.html.view import WORDS, run_facts, subject_views, tried_views
from conformance.reports.model import Report
from conformance.reports.page import Picture
from conformance.reports.verdict_line import run_line
from conformance.requirements import CLASSES, LEVELS, Catalogue


def render_html(report: Report, catalogue: Catalogue, pictures: Mapping[str, Picture] | None = None) -> bytes:
    """The whole document in UTF-8; ``pictures`` of targets, by their names."""
    views = tuple(subject_views(report, catalogue, pictures or {}))
    groups = sorted({row.group for view in views for row in view.rows})
    document = _template().render(
        title=views[0].name if len(views) == 1 else f"{len(views)} targets",
        report=report,
        run_line=run_line(report),
        subjects=views,
        facts=tuple(run_facts(report)),
        tried=tuple(tried_views(report)),
        groups=groups,
        levels=LEVELS,
        classes=CLASSES,
        words=WORDS,
        style=Markup(part("style.css")),  # noqa: S704 (a file of this package)
        script=Markup(part("script.js")),  # noqa: S704 (a file of this package)
    )
    return document.encode("utf-8", "backslashreplace") + b"\n"


def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["data_address"] = data_address
    return environment.from_string(part("report.html.j2"))
