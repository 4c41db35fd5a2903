"""A document in parts, for documents other than the report of one run: as HTML, Markdown or text (docs/reports.md).

Code with content to show (a comparison, an index, a certification report, an audit) creates a ``Page``; its rendering
is defined once, in ``html.render_page`` and ``page_forms``. All texts may be hostile: the renderers escape them.
"""

from typing import Literal

import msgspec

from conformance.results import Ending

Tone = Literal["", "pass", "fail", "warning", "none"]
"""The rating of a line: "" is none."""
TONE_OF: dict[Ending, Tone] = {"conforms": "pass", "does-not-conform": "fail", "incomplete": "warning"}


class Cell(msgspec.Struct, frozen=True):
    """A field of a table. ``link`` is a relative path, an anchor (``#id``) or an http(s) address."""

    text: str
    tone: Tone = ""
    link: str = ""


class Table(msgspec.Struct, frozen=True):
    """Rows under headers; the first cell of a row names it."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


class Listing(msgspec.Struct, frozen=True):
    """Lines of equal importance."""

    items: tuple[str, ...]


class Paragraph(msgspec.Struct, frozen=True):
    text: str
    tone: Tone = ""


class Code(msgspec.Struct, frozen=True):
    """Commands, or bytes as text."""

    text: str


class Picture(msgspec.Struct, frozen=True):
    """An SVG document created by this project; ``text`` states the same in words."""

    svg: str
    text: str


Block = Table | Listing | Paragraph | Code | Picture


class Section(msgspec.Struct, frozen=True):
    """Blocks under a heading; ``anchor`` is its id."""

    heading: str
    blocks: tuple[Block, ...]
    anchor: str = ""


class Page(msgspec.Struct, frozen=True):
    """A whole document: its result in a few lines (``lead``), the parts, and facts as label and text."""

    title: str
    lead: tuple[Paragraph, ...] = ()
    sections: tuple[Section, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def row(*cells: Cell | str) -> tuple[Cell, ...]:
    """A row of cells; a text is a plain cell."""
    return tuple(Cell(each) if isinstance(each, str) else each for each in cells)
