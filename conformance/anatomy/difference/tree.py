"""Applies layers in memory, by name only: symbolic links in paths are not followed."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from conformance.anatomy.difference.model import DiffError
from conformance.anatomy.difference.nodes import Node
from conformance.anatomy.difference.readings import MAX_NODES, Reading
from conformance.format.names import OPAQUE_WHITEOUT, WHITEOUT

_MAX_DEPTH: Final = 256

Parts = tuple[str, ...]


class _Place:
    """A name in the tree: its entry (None: a directory that no entry names), and the names below."""

    __slots__ = ("below", "node")

    def __init__(self) -> None:
        self.node: Node | None = None
        self.below: dict[str, _Place] = {}


class ImageTree:
    """The tree that the layers applied so far unpack to."""

    def __init__(self) -> None:
        self._root = _Place()
        self._count = 0

    def apply(self, layer: Reading) -> None:
        """Apply a layer: whiteouts, then all other entries, hard links last. DiffError for an impossible entry."""
        named = [(node, parts_of(node.name)) for node in layer.nodes]
        for _, parts in named:
            if parts and parts[-1].startswith(WHITEOUT):
                self._white_out(parts)
        others = [(node, parts) for node, parts in named if not (parts and parts[-1].startswith(WHITEOUT))]
        for node, parts in sorted(others, key=lambda pair: pair[0].type == "hardlink"):
            self._add(node, parts)

    def nodes(self) -> dict[str, Node]:
        """Every entry by name; further names of one file refer to its first name."""
        found = dict(self._walk(self._root, ""))
        firsts: dict[int, str] = {}
        for name in sorted(found):
            node = found[name]
            if node.type == "reg" and firsts.setdefault(id(node), name) != name:
                found[name] = msgspec.structs.replace(node, link=f"same file as {firsts[id(node)]}")
        return found

    def _add(self, node: Node, parts: Parts) -> None:
        if node.type == "hardlink":
            target = self._find(parts_of(node.link))
            if target is not None and target.node is not None and target.node.type != "dir":
                node = target.node  # the same object, by which nodes() recognizes one file
        else:
            node = _unpacked(node)
        place = self._root
        for part in parts:
            if place.node is not None and place.node.type != "dir":
                place.node = None
            if part not in place.below:
                self._count += 1
                if self._count > MAX_NODES:
                    raise DiffError(f"the image has more than {MAX_NODES} names: it is not compared")
            place = place.below.setdefault(part, _Place())
        place.node = node
        if node.type != "dir":
            place.below.clear()

    def _white_out(self, parts: Parts) -> None:
        parent = self._find(parts[:-1])
        if parent is None:
            return
        if parts[-1] == OPAQUE_WHITEOUT:
            parent.below.clear()
        else:
            parent.below.pop(parts[-1].removeprefix(WHITEOUT), None)

    def _find(self, parts: Parts) -> _Place | None:
        place: _Place | None = self._root
        for part in parts:
            place = place.below.get(part) if place is not None else None
        return place

    def _walk(self, place: _Place, name: str) -> Iterator[tuple[str, Node]]:
        if place.node is not None:
            yield name or "/", place.node
        for part, inner in place.below.items():
            yield from self._walk(inner, f"{name}/{part}" if name else part)


def _unpacked(node: Node) -> Node:
    """Without fields that have no effect: type bits in the mode, the mode of a link, device numbers of other types."""
    return msgspec.structs.replace(
        node,
        mode=0 if node.type == "symlink" else node.mode & 0o7777,
        device=node.device if node.type in ("char", "block") else (0, 0),
    )


def tree_of(layers: Sequence[Reading]) -> dict[str, Node]:
    """The tree of these layers, the lowest first."""
    tree = ImageTree()
    for layer in layers:
        tree.apply(layer)
    return tree.nodes()


def parts_of(name: str) -> Parts:
    """The components of a name; raise DiffError for ``..``, and for more than any file system supports."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts or len(parts) > _MAX_DEPTH:
        raise DiffError(f"the name {name[:80]!r} climbs out of the image, or is too deep")
    return parts
