"""The interoperability matrix as a picture: producers down, consumers across, one square for each combination."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from conformance.observed.interop import Cell, CellOutcome
from conformance.observed.printable import safe
from conformance.reports.certification import by_place, named
from conformance.reports.page import Picture
from conformance.reports.words import short_name

_FILL: Final[dict[CellOutcome, str]] = {
    "same tree": "#116329",
    "wrong tree": "#a40e26",
    "crashed": "#a40e26",
    "timed out": "#a40e26",
    "refused": "#7d4e00",
}
_SIGN: Final[dict[CellOutcome, str]] = {
    "same tree": "=",
    "wrong tree": "≠",
    "crashed": "!",
    "timed out": "t",
    "refused": "r",
    "unsupported": "-",
    "not pushed": "·",
    "not copied": "·",
    "absent": "·",
}
_NONE: Final = "#57606a"
_SIDE: Final = 34
_LEFT: Final = 190
_TOP: Final = 130
_MAX_NAME: Final = 24


def matrix_pictures(cells: Sequence[Cell]) -> Iterator[Picture]:
    """A picture for each image, registry and compression, without copiers. The text of each square is its title, and
    the text of the picture.
    """

    for place, listed, _ in by_place(cells):
        same = sum(cell.outcome == "same tree" for cell in listed)
        words = f"{named(*place)}: {same} of {len(listed)} combinations give the same tree"
        yield Picture("\n".join(_svg(listed, words)), words)


def _svg(cells: Sequence[Cell], words: str) -> Iterator[str]:
    producers = list(dict.fromkeys(cell.producer for cell in cells))
    consumers = list(dict.fromkeys(cell.consumer for cell in cells))
    width, height = _LEFT + _SIDE * len(consumers) + 90, _TOP + _SIDE * len(producers) + 10
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' font-family="sans-serif" font-size="12" role="img"><title>{_text(words)}</title>'
    )
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    for number, consumer in enumerate(consumers):
        x = _LEFT + _SIDE * number + _SIDE // 2
        yield f'<text transform="translate({x},{_TOP - 8}) rotate(-45)" fill="#1b1f24">{_name(consumer)}</text>'
    for number, producer in enumerate(producers):
        y = _TOP + _SIDE * number
        yield f'<text x="{_LEFT - 8}" y="{y + 21}" text-anchor="end" fill="#1b1f24">{_name(producer)}</text>'
    for cell in cells:
        x, y = _LEFT + _SIDE * consumers.index(cell.consumer), _TOP + _SIDE * producers.index(cell.producer)
        title = f"{cell.producer} to {cell.consumer}: {cell.outcome}"
        yield (
            f'<g><title>{_text(title)}</title><rect x="{x + 1}" y="{y + 1}" width="{_SIDE - 2}" height="{_SIDE - 2}"'
            f' fill="{_FILL.get(cell.outcome, _NONE)}"/><text x="{x + _SIDE // 2}" y="{y + 22}" text-anchor="middle"'
            f' fill="#ffffff" font-weight="bold">{_SIGN[cell.outcome]}</text></g>'
        )
    yield "</svg>"


def _name(subject: str) -> str:
    return _text(short_name(subject)[:_MAX_NAME])


def _text(words: str) -> str:
    return escape(safe(words))
