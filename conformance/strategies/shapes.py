"""Classifies generated examples by shape, to be counted."""

from collections.abc import Iterable, Sequence
from typing import Final

from conformance.format.writer import WrittenLayer
from conformance.images.bundle import Bundle
from conformance.images.trees import Node
from conformance.strategies.counts import Counts, number_of
from conformance.strategies.images import BrokenImage

_SIZES: Final = ((0, "empty"), (512, "512 bytes at most"), (4096, "4 KiB at most"), (65_536, "64 KiB at most"))


class Tally(Counts):
    """The generated examples of one property: their number, and their shapes."""

    def count(self, drawn: Iterable[object]) -> None:
        """Count one example."""
        self.examples += 1
        self.shapes.update(filter(None, map(shape, drawn)))


def shape(drawn: object) -> str:
    """The shape of one drawn value; "" for a value without a shape."""
    match drawn:
        case bytes():
            return _size(len(drawn))
        case Bundle():
            return number_of(len(drawn.blobs), "document")
        case BrokenImage():
            return drawn.requirement
        case (bytes(), WrittenLayer() as layer):
            return number_of(len(layer.toc.entries), "entry of the TOC", "entries of the TOC")
        case dict():
            return number_of(len(drawn), "unknown field")
        case tuple() if all(isinstance(each, Node) for each in drawn):
            return tree_shape(drawn)
    return ""


def tree_shape(tree: Sequence[Node]) -> str:
    """The number of nodes of a tree, and whether it has other types than files and directories."""
    special = {node.kind for node in tree} - {"reg", "dir"}
    return f"{number_of(len(tree), 'node')}{', with links or others' if special else ''}"


def _size(size: int) -> str:
    return next((words for limit, words in _SIZES if size <= limit), "more than 64 KiB")
