"""The files that the HTML consists of, and pictures as part of it."""

import base64
from importlib.resources import files

from conformance.reports.page import Picture


def part(name: str) -> str:
    """The text of a file in this package."""
    return files(__package__).joinpath(name).read_text("utf-8")


def data_address(picture: Picture) -> str:
    """As an image, in which no script runs and nothing is fetched."""
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.svg.encode('utf-8', 'backslashreplace')).decode()}"
