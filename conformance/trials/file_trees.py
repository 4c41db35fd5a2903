"""Expected file trees, from generated content, and actual ones on disk."""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conformance.format.digest import Digest
from conformance.format.names import OPAQUE_WHITEOUT, WHITEOUT
from conformance.images.trees import Node, Tree
from conformance.observed.trials import EntrySeen

MAX_ENTRIES: Final = 100_000
MAX_FILE: Final = 64 * 2**20
"""Limit in bytes for one file: more than any image of the suite has."""
_KINDS: Final = {
    stat.S_IFREG: "reg",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFSOCK: "socket",
}
_IMPLIED: Final = 0o755


def expected_tree(layers: Sequence[Tree]) -> dict[str, EntrySeen]:
    """What these layers unpack to, the lowest first."""
    found: dict[str, Node] = {}
    for layer in layers:
        for node in layer:
            parent, _, last = _clean(node.name).rpartition("/")
            if last == OPAQUE_WHITEOUT:
                found = {name: seen for name, seen in found.items() if not name.startswith(f"{parent}/")}
            elif last.startswith(WHITEOUT):
                _remove(found, f"{parent}/{last.removeprefix(WHITEOUT)}".lstrip("/"))
        for node in layer:
            name = _clean(node.name)
            if not name.rpartition("/")[2].startswith(WHITEOUT):
                _remove(found, name, keep_below=node.kind == "dir")
                found[name] = node
    for name in list(found):
        for above in _above(name):
            found.setdefault(above, Node(above, "dir", mode=_IMPLIED))
    files = {name: _file(found, node) for name, node in found.items()}
    counts = Counter(files.values())
    return {name: _entry(found[files[name]], counts[files[name]]) for name in found}


def read_tree(root: Path) -> dict[str, EntrySeen]:
    """Everything below ``root``, links not followed; files are read up to MAX_FILE bytes.

    A removed root, as some tools leave after a refusal, is empty.
    """
    found: dict[str, EntrySeen] = {}
    left = [root] if root.is_dir() else []
    while left and len(found) < MAX_ENTRIES:
        with os.scandir(left.pop()) as items:
            for item in items:
                path = Path(item.path)
                found[str(path.relative_to(root))] = _seen(path, item.stat(follow_symlinks=False))
                if item.is_dir(follow_symlinks=False):
                    left.append(path)
    return found


def _seen(path: Path, status: os.stat_result) -> EntrySeen:
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "other")
    content = ""
    if kind == "symlink":
        content = os.readlink(path)  # noqa: PTH115 (a Path would tidy it up)
    elif kind == "reg":
        content = _digest(path)
    return EntrySeen(
        kind,
        0 if kind == "symlink" else stat.S_IMODE(status.st_mode),
        content,
        1 if kind == "dir" else status.st_nlink,
        (status.st_uid, status.st_gid),
        status.st_mtime_ns,
        _xattrs(path),
    )


def _digest(path: Path) -> str:
    hasher, left = hashlib.sha256(), MAX_FILE
    try:
        with path.open("rb") as file:
            while left > 0 and (piece := file.read(2**20)):
                hasher.update(piece)
                left -= len(piece)
    except PermissionError:
        return "unreadable"
    return f"sha256:{hasher.hexdigest()}"


def _xattrs(path: Path) -> dict[str, bytes]:
    try:
        return {
            name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)
        }
    except (OSError, AttributeError):  # a file system, or a system, without them
        return {}


def _entry(node: Node, links: int) -> EntrySeen:
    content = ""
    if node.kind == "symlink":
        content = node.link_name
    elif node.kind == "reg":
        content = str(Digest.of(node.content))
    mode = 0 if node.kind == "symlink" else node.mode
    xattrs = {key: value.encode() for key, value in node.xattrs.items()}
    return EntrySeen(node.kind, mode, content, links, (node.uid, node.gid), node.mtime * 10**9, xattrs)


def _file(found: dict[str, Node], node: Node) -> str:
    """The name of the file that this is: for a hard link that of its target."""
    for _ in found:
        if node.kind != "hardlink":
            break
        node = found[_clean(node.link_name)]
    return _clean(node.name)


def _remove(found: dict[str, Node], name: str, *, keep_below: bool = False) -> None:
    found.pop(name, None)
    if not keep_below:
        for below in [other for other in found if other.startswith(f"{name}/")]:
            del found[below]


def _above(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _clean(name: str) -> str:
    return os.path.normpath(name).lstrip("/")
