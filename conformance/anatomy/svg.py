"""Draws an image: every layer blob as a bar of frames, the sentinel byte by byte."""

from pathlib import PurePath
from typing import Final

from conformance.anatomy.bars import MARGIN, draw_layer
from conformance.anatomy.canvas import WIDTH, Canvas
from conformance.anatomy.model import ImageView, LayerView
from conformance.anatomy.sentinel import field_at
from conformance.anatomy.words import HOLDS, count_text, cut, short_size
from conformance.format.tarheader import BLOCK

MAX_LAYERS: Final = 64
_COLUMNS, _CELL_WIDTH, _CELL_HEIGHT = 32, 32.0, 27.0
_FIELD_CLASSES: Final = {"name": "name", "checksum": "checksum", "magic": "magic", "message": "message"}


def picture(image: ImageView) -> str:
    """The SVG. Layers that several manifests share are drawn once."""
    canvas = Canvas()
    uses = _uses(image)
    layers = [layer for manifest in image.manifests for layer in manifest.layers if not layer.same_as]
    data = [layer for layer in layers if layer.sentinel is None]
    title = _title(image.reference)
    canvas.text(MARGIN, 46, title, "ink title")
    facts = [count_text(len(image.manifests), "manifest"), count_text(len(data), "data layer")]
    if len(data) < len(layers):
        facts.append(count_text(len(layers) - len(data), "sentinel"))
    canvas.text(MARGIN, 68, ", ".join(facts), "quiet")
    canvas.y = 84
    if data:
        _legend(canvas, data)
    for layer in data[:MAX_LAYERS]:
        _heading(canvas, layer, uses)
        draw_layer(canvas, layer)
    if len(data) > MAX_LAYERS:
        canvas.text(MARGIN, canvas.y + 10, f"… {len(data) - MAX_LAYERS} more layers", "quiet")
        canvas.y += 30
    for layer in layers:
        if layer.sentinel is not None:
            _heading(canvas, layer, uses)
            _grid(canvas, layer.sentinel.content[:BLOCK])
    canvas.y += 16
    return canvas.document(f"Anatomy of {title}", "Layer blobs as bars of frames, to scale; the sentinel byte by byte.")


def _title(reference: str) -> str:
    """The reference; of a layout only its name, without the path."""
    if not reference.startswith("oci:"):
        return cut(reference, 100)
    return cut(PurePath(reference.removeprefix("oci:")).name or reference, 100)


def _uses(image: ImageView) -> dict[tuple[str, str], list[str]]:
    """The positions of each layer, by media type and digest."""
    found: dict[tuple[str, str], list[str]] = {}
    for manifest in image.manifests:
        for layer in manifest.layers:
            where = f"layer {layer.position} of {manifest.name}"
            found.setdefault((layer.media_type, layer.digest), []).append(where)
    return found


def _heading(canvas: Canvas, layer: LayerView, uses: dict[tuple[str, str], list[str]]) -> None:
    places = uses[layer.media_type, layer.digest]
    where = ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
    canvas.y += 36
    canvas.text(MARGIN, canvas.y, f"{layer.kind}, {short_size(layer.size)}", "ink head")
    canvas.text(WIDTH - MARGIN, canvas.y, cut(where, 120), "quiet end")
    canvas.y += 18
    canvas.text(MARGIN, canvas.y, cut(layer.digest, 140), "quiet mono")
    canvas.y += 18


def _legend(canvas: Canvas, layers: list[LayerView]) -> None:
    present = {frame.holds for layer in layers if layer.frames for frame in layer.frames.listed.first}
    known = [holds for holds in HOLDS if holds in present]
    canvas.y += 10
    x = MARGIN
    for holds in known:
        canvas.rect(x, canvas.y - 10, 12, 12, holds, 2)
        canvas.text(x + 18, canvas.y, HOLDS[holds], "ink")
        x += 40 + 7.2 * len(HOLDS[holds])


def _grid(canvas: Canvas, content: bytes) -> None:
    """32 bytes in a row: the value, and the character below it."""
    left = (WIDTH - _COLUMNS * _CELL_WIDTH) / 2 + 16
    canvas.y += 14
    top = canvas.y
    for column in range(0, _COLUMNS, 4):
        canvas.text(left + column * _CELL_WIDTH + 2, top, f"+{column}", "quiet mono")
    top += 8
    for offset, byte in enumerate(content):
        row, column = divmod(offset, _COLUMNS)
        x, y = left + column * _CELL_WIDTH, top + row * _CELL_HEIGHT
        if column == 0:
            canvas.text(left - 8, y + 16, str(offset), "quiet mono end")
        field = field_at(offset)
        kind = _FIELD_CLASSES.get(field, "field" if byte else "zero")
        if not byte and not _inside(content, offset):
            kind = "zero"
        canvas.rect(x + 0.75, y + 0.75, _CELL_WIDTH - 1.5, _CELL_HEIGHT - 1.5, kind, 3)
        middle = x + _CELL_WIDTH / 2
        ink = "blank" if kind == "zero" else "byte"
        canvas.text(middle, y + 13, f"{byte:02x}", f"{ink} mono middle")
        if kind != "zero" and 0x20 < byte < 0x7F:
            canvas.text(middle, y + 22.5, chr(byte), f"{ink} mono small middle")
    canvas.y = top + -(-len(content) // _COLUMNS) * _CELL_HEIGHT + 24
    _grid_legend(canvas, content, left)


def _inside(content: bytes, offset: int) -> bool:
    """Whether a zero is inside the content of its field: a non-zero byte follows in the same field."""
    field = field_at(offset)
    end = offset
    while end < len(content) and end < BLOCK and field_at(end) == field:
        if content[end]:
            return True
        end += 1
    return False


def _grid_legend(canvas: Canvas, content: bytes, left: float) -> None:
    items = [("name", "name, begins with NUL" if content[:1] == b"\0" else "name")]
    items += [("checksum", "checksum"), ("magic", "magic"), ("message", "message"), ("zero", "zero")]
    if any(byte and field_at(offset) not in _FIELD_CLASSES for offset, byte in enumerate(content)):
        items.append(("field", "other field of a tar header"))
    x = left
    for kind, words in items:
        canvas.rect(x, canvas.y - 10, 12, 12, kind, 2)
        canvas.text(x + 18, canvas.y, words, "ink")
        x += 44 + 7.2 * len(words)
