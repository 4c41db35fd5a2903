"""Blobs drawn as bars of frames, to scale: the whole blob, then its first frames and its end magnified."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from conformance.anatomy.canvas import WIDTH, Canvas, number
from conformance.anatomy.model import FrameView, Holds, LayerView
from conformance.anatomy.words import HOLDS, cut, short_size

MARGIN: Final = 40.0
SPAN: Final = WIDTH - 2 * MARGIN
_BAR, _ZOOM_BAR = 34.0, 30.0
_GAP: Final = 60.0
_LEAST: Final = 0.5
"""Pixels: narrower frames are drawn together, in the colour of most of their bytes."""
_VISIBLE: Final = 3.0
"""Pixels: the minimum width of the parts of the end."""
_CHARACTER: Final = 7.2
"""Pixels: the maximum width of a character in the labels."""
_FIRST_FRAMES: Final = 14
_WEDGE: Final = 6.0
"""Pixels: wedges at a smaller distance are drawn as one."""
_TAIL: Final = ("toc", "tar-split", "footer")


class _Strip(msgspec.Struct, frozen=True):
    """A section of a bar in one colour, in pixels."""

    holds: Holds
    start: float
    end: float


def draw_layer(canvas: Canvas, layer: LayerView) -> None:
    """The bars of one layer, from ``canvas.y`` on."""
    frames = layer.frames.listed.first if layer.frames else ()
    if not frames or not layer.size:
        canvas.rect(MARGIN, canvas.y, SPAN, _BAR, "data")
        canvas.text(WIDTH / 2, canvas.y + 22, f"{layer.kind}: no frames to show", "ink middle")
        canvas.y += _BAR + 24
        return
    top = canvas.y
    _draw(canvas, _strips(frames, 0, layer.size, MARGIN, SPAN), top, _BAR)
    _mark_zeros(canvas, frames, layer.size, top)
    tail = [frame for frame in frames if frame.holds in _TAIL]
    below = top + _BAR + 58
    left = (SPAN - _GAP) / 2 if tail else SPAN
    first = _first_frames(frames)
    _zoom(canvas, first, layer.size, top + _BAR, below, MARGIN, left)
    _label_first(canvas, first, below, MARGIN, left)
    if tail:
        _zoom(canvas, tail, layer.size, top + _BAR, below, MARGIN + left + _GAP, left)
        _label_tail(canvas, tail, below, MARGIN + left + _GAP, left)
    _scale(canvas, layer.size, top + _BAR)
    canvas.y = below + _ZOOM_BAR + (70 if tail else 40)


def _first_frames(frames: Sequence[FrameView]) -> Sequence[FrameView]:
    """The first frames, up to a large one, beside which the others could not be seen."""
    kept: list[FrameView] = []
    for frame in frames[:_FIRST_FRAMES]:
        if frame.holds in _TAIL or (len(kept) >= 4 and frame.size > sum(item.size for item in kept)):
            break
        kept.append(frame)
    return kept or frames[:1]


def _strips(
    frames: Sequence[FrameView], start: int, size: int, left: float, width: float, least: float = _LEAST
) -> Iterator[_Strip]:
    """Frames in pixels: equal neighbours are joined, narrow ones are drawn together."""
    scale = width / size
    group: dict[Holds, float] = {}
    edge = left
    for frame in frames:
        end = left + (frame.end - start) * scale
        group[frame.holds] = group.get(frame.holds, 0) + frame.size
        if end - edge >= least or frame is frames[-1]:
            yield _Strip(max(group, key=lambda holds: group[holds]), edge, end)
            group, edge = {}, end


def _draw(canvas: Canvas, strips: Iterator[_Strip], top: float, height: float) -> None:
    """One path for each colour."""
    steps: dict[Holds, list[str]] = {}
    for strip in strips:
        width = number(strip.end - strip.start)
        step = f"M{number(strip.start)} {number(top)}h{width}v{number(height)}h-{width}z"
        steps.setdefault(strip.holds, []).append(step)
    for holds, parts in steps.items():
        canvas.path("".join(parts), holds)


def _scale(canvas: Canvas, size: int, y: float) -> None:
    canvas.text(MARGIN, y + 14, "0", "quiet mono")
    canvas.text(MARGIN + SPAN, y + 14, str(size), "quiet mono end")


def _mark_zeros(canvas: Canvas, frames: Sequence[FrameView], size: int, top: float) -> None:
    """Mark zeros chunks, whose frames are very small, by a wedge above the bar."""
    places = {round(SPAN * frame.offset / size / _WEDGE) for frame in frames if frame.holds == "zeros"}
    if places:
        steps = (f"M{number(MARGIN + place * _WEDGE - 4)} {number(top - 8)}h8l-4 7z" for place in sorted(places))
        canvas.path("".join(steps), "zeros")


def _zoom(
    canvas: Canvas, frames: Sequence[FrameView], size: int, above: float, top: float, left: float, width: float
) -> None:
    """Draw a section of the bar larger, with lines to its position in the bar."""
    start, end = frames[0].offset, frames[-1].end
    first, last = MARGIN + SPAN * start / size, MARGIN + SPAN * end / size
    canvas.path(
        f"M{number(first)} {number(above + 1)}L{number(left)} {number(top)}H{number(left + width)}"
        f"L{number(max(last, first + 1))} {number(above + 1)}z",
        "zoom",
    )
    if frames[0].holds in _TAIL:
        for strip in _at_least_visible(frames, left, width):
            canvas.rect(strip.start, top, strip.end - strip.start, _ZOOM_BAR, strip.holds)
        return
    _draw(canvas, _strips(frames, start, end - start, left, width), top, _ZOOM_BAR)


def _at_least_visible(frames: Sequence[FrameView], left: float, width: float) -> Iterator[_Strip]:
    total = frames[-1].end - frames[0].offset
    widths = [max(_VISIBLE, width * frame.size / total) for frame in frames]
    over = sum(widths) - width
    widest = widths.index(max(widths))
    widths[widest] -= max(over, 0)
    edge = left
    for frame, own in zip(frames, widths, strict=True):
        yield _Strip(frame.holds, edge, edge + own)
        edge += own


def _label_first(canvas: Canvas, frames: Sequence[FrameView], top: float, left: float, width: float) -> None:
    start, end = frames[0].offset, frames[-1].end
    scale = width / (end - start)
    for frame in frames:
        words = f"{frame.size} B"
        if frame.size * scale > 8 * len(words):
            middle = left + scale * ((frame.offset + frame.end) / 2 - start)
            canvas.text(middle, top + 19, words, "on mono middle")
    canvas.text(left, top + _ZOOM_BAR + 14, str(start), "quiet mono")
    canvas.text(left + width, top + _ZOOM_BAR + 14, str(end), "quiet mono end")
    named = next((frame for frame in frames if frame.name), None)
    words = f"the first {len(frames)} frames" + (f"; the first file is {cut(named.name, 48)}" if named else "")
    canvas.text(left, top + _ZOOM_BAR + 34, words, "quiet")


def _label_tail(canvas: Canvas, frames: Sequence[FrameView], top: float, left: float, width: float) -> None:
    """A label for each part of the end, with a leader line to it; from right to left, so that no lines cross."""
    strips = list(_at_least_visible(frames, left, width))
    for row, (frame, strip) in enumerate(zip(frames, strips, strict=True)):
        middle = (strip.start + strip.end) / 2
        y = top + _ZOOM_BAR + 22 + 20 * row
        words = f"{HOLDS[frame.holds]} at {frame.offset}, {short_size(frame.size)}"
        if middle + 14 + _CHARACTER * len(words) > left + width - 10:  # it would cross the next line
            canvas.path(f"M{number(middle)} {number(top + _ZOOM_BAR)}V{number(y - 4)}h-10", "line")
            canvas.text(middle - 14, y, words, "ink mono end")
        else:
            canvas.path(f"M{number(middle)} {number(top + _ZOOM_BAR)}V{number(y - 4)}h10", "line")
            canvas.text(middle + 14, y, words, "ink mono")
