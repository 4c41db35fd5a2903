"""A page as HTML: one self-contained document, no script, no network."""

import re
from typing import Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from conformance.observed.printable import safe
from conformance.reports.html.parts import data_address, part
from conformance.reports.page import Block, Cell, Code, Page

# Permitted links: an anchor, a relative path, or an address. Never a scheme that runs code.
_ADDRESS: Final = re.compile(r"(?:https?://|(?!//)(?:\.\./)*|#)[A-Za-z0-9._~/#%@+-]*")


def render_page(page: Page) -> bytes:
    """The whole document in UTF-8."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "safe_text": safe,
        "kind": _kind,
        "address": _address,
        "code_lines": _code_lines,
        "data_address": data_address,
    }
    template = environment.from_string(part("page.html.j2"))
    document = template.render(page=page, style=Markup(part("style.css")))  # noqa: S704 (a file of this package)
    return document.encode("utf-8", "backslashreplace") + b"\n"


def _kind(block: Block) -> str:
    return type(block).__name__


def _address(cell: Cell) -> str:
    return cell.link if cell.link and _ADDRESS.fullmatch(cell.link) else ""


def _code_lines(block: Code) -> str:
    return "\n".join(safe(line) for line in block.text.splitlines())
