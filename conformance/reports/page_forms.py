"""A page as Markdown, and as text for terminals."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from conformance.observed.printable import safe
from conformance.reports.markdown import plain
from conformance.reports.page import Block, Cell, Code, Listing, Page, Paragraph, Picture, Table, Tone

_STYLE: dict[Tone, str] = {"": "", "pass": "green", "fail": "red", "warning": "yellow", "none": "dim"}


def render_page_markdown(page: Page) -> bytes:
    """The page as Markdown in UTF-8."""
    return ("\n".join(page_lines(page)) + "\n").encode("utf-8", "backslashreplace")


def page_lines(page: Page) -> Iterator[str]:
    """The page as lines of Markdown. Pictures are replaced by their text."""
    yield f"# {plain(page.title)}"
    for each in page.lead:
        yield ""
        yield plain(each.text)
    for section in page.sections:
        yield ""
        yield f"## {plain(section.heading)}"
        for block in section.blocks:
            yield ""
            yield from _block(block)
    if page.facts:
        yield ""
        yield from (f"- {plain(label)}: {plain(text)}" for label, text in page.facts)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Table):
        if block.caption:
            yield f"{plain(block.caption)}\n"
        yield f"| {' | '.join(plain(header) for header in block.headers)} |"
        yield f"|{'---|' * len(block.headers)}"
        yield from (f"| {' | '.join(_cell(cell) for cell in cells)} |" for cells in block.rows)
    elif isinstance(block, Listing):
        yield from (f"- {plain(item)}" for item in block.items)
    elif isinstance(block, Code):
        yield from (f"    {safe(line)}" for line in block.text.splitlines())
    else:
        yield plain(block.text)


def _cell(cell: Cell) -> str:
    text = plain(cell.text)
    return f"[{text}]({cell.link})" if cell.link and not set(cell.link) & set("()<> ") else text


def print_page(console: Console, page: Page) -> None:
    """The page for a terminal: its lead, then each part with content."""
    for each in page.lead:
        console.print(Text(safe(each.text), style=_STYLE[each.tone]))
    for section in page.sections:
        console.print()
        console.print(Text(safe(section.heading), style="bold"))
        for block in section.blocks:
            _print(console, block)


def _print(console: Console, block: Block) -> None:
    if isinstance(block, Table):
        grid = Grid(box=None, pad_edge=False, header_style="bold", title=block.caption or None, title_justify="left")
        for header in block.headers:
            grid.add_column(safe(header), overflow="fold")
        for cells in block.rows:
            grid.add_row(*(Text(safe(cell.text), style=_STYLE[cell.tone]) for cell in cells))
        console.print(grid)
    elif isinstance(block, Listing):
        for item in block.items:
            console.print(Text(f"  {safe(item)}"))
    elif isinstance(block, Paragraph):
        console.print(Text(safe(block.text), style=_STYLE[block.tone]))
    elif isinstance(block, Code):
        for line in block.text.splitlines():
            console.print(Text(f"  {safe(line)}"))
    elif isinstance(block, Picture):
        console.print(Text(safe(block.text), style="dim"))
