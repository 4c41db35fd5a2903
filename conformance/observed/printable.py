"""Text of a target as it may be shown."""

from typing import Final

_MAX_TEXT: Final = 600


def safe(text: str) -> str:
    """Text of a target without control characters (terminal escapes), and of bounded length."""
    cut = text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in cut)
