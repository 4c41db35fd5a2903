"""Parts of a blob as pairs of numbers."""

from collections.abc import Iterable

Span = tuple[int, int]
"""The offset of the first byte, and that after the last one."""


def united(spans: Iterable[Span]) -> list[Span]:
    """The same bytes in ascending order; overlapping and adjacent spans are one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
