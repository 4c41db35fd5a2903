"""Classifies generated examples by shape, to be counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from conformance.format.writer import WrittenLayer
from conformance.images.bundle import Bundle
from conformance.images.trees import Node
from conformance.strategies.images import BrokenImage

_SIZES: Final = ((0, "empty"), (512, "512 bytes at most"), (4096, "4 KiB at most"), (65_536, "64 KiB at most"))
_COUNTS: Final = (0, 1, 3, 10, 30)


class Tally:
    """The examples of one property: their number, and their shapes."""

    def __init__(self, statement: str, requirement: str = "") -> None:
        self.statement, self.requirement = statement, requirement
        self.examples = 0
        self.shapes: Counter[str] = Counter()

    def count(self, drawn: Iterable[object]) -> None:
        """Count one example."""
        self.examples += 1
        self.shapes.update(filter(None, map(shape, drawn)))

    def count_requests(self, number: int) -> None:
        """Count one sequence with this number of requests."""
        self.examples += 1
        self.shapes.update((_count(number, "request"),))


def shape(drawn: object) -> str:
    """The shape of one drawn value; "" for a value without a shape."""
    match drawn:
        case bytes():
            return _size(len(drawn))
        case Bundle():
            return _count(len(drawn.blobs), "document")
        case BrokenImage():
            return drawn.requirement
        case (bytes(), WrittenLayer() as layer):
            return _count(len(layer.toc.entries), "entry of the TOC", "entries of the TOC")
        case dict():
            return _count(len(drawn), "unknown field")
        case tuple() if all(isinstance(each, Node) for each in drawn):
            return tree_shape(drawn)
    return ""


def tree_shape(tree: Sequence[Node]) -> str:
    """The number of nodes of a tree, and whether it has other types than files and directories."""
    special = {node.kind for node in tree} - {"reg", "dir"}
    return f"{_count(len(tree), 'node')}{', with links or others' if special else ''}"


def _size(size: int) -> str:
    return next((words for limit, words in _SIZES if size <= limit), "more than 64 KiB")


def _count(number: int, word: str, several: str = "") -> str:
    several = several or f"{word}s"
    for least, most in zip((-1, *_COUNTS), _COUNTS, strict=False):
        if number <= most:
            return (
                f"{most} {word if most == 1 else several}" if most - least == 1 else f"{least + 1} to {most} {several}"
            )
    return f"more than {_COUNTS[-1]} {several}"
