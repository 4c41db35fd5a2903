"""A report as one HTML file that needs no network."""

from conformance.reports.html.render import render_html

__all__ = ["render_html"]
