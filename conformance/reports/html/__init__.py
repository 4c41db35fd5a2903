"""A report, or a page, as one HTML file that needs no network."""

from conformance.reports.html.page import render_page
from conformance.reports.html.render import render_html

__all__ = ["render_html", "render_page"]
