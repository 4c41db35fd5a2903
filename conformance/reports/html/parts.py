"""The files that the HTML consists of."""

from importlib.resources import files


def part(name: str) -> str:
    """The text of a file in this package."""
    return files(__package__).joinpath(name).read_text("utf-8")
