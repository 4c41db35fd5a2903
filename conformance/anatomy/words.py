"""Numbers and names as text, the same in tree and picture."""

from conformance.anatomy.model import Holds
from conformance.observed.printable import safe

HOLDS: dict[Holds, str] = {
    "headers": "headers and padding",
    "content": "file content",
    "zeros": "zeros chunk",
    "data": "data",
    "empty": "empty",
    "toc": "TOC",
    "tar-split": "tar-split",
    "footer": "footer",
    "other": "other skippable",
}
_KIB = 1024
_UNITS = ("KiB", "MiB", "GiB", "TiB")
_WHOLE = 10 * _KIB


def size_text(size: int) -> str:
    """``671 bytes``, ``1.4 MiB (1504449 bytes)``."""
    if size < _WHOLE:
        return f"{size} byte{'s' if size != 1 else ''}"
    return f"{short_size(size)} ({size} bytes)"


def short_size(size: int) -> str:
    """``671 B``, ``1.4 MiB``."""
    if size < _WHOLE:
        return f"{size} B"
    power = min((size.bit_length() - 1) // 10, len(_UNITS))
    value = size / _KIB**power
    return f"{value:.1f} {_UNITS[power - 1]}" if value < 100 else f"{value:.0f} {_UNITS[power - 1]}"


def count_text(count: int, noun: str, plural: str = "") -> str:
    """``1 chunk``, ``12 chunks``."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def cut(text: str, length: int) -> str:
    """Text from an image on one line: safe to print, and at most ``length`` characters long."""
    shown = safe(text)
    return shown if len(shown) <= length else shown[: length - 1] + "…"
