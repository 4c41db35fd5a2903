"""Writes a root file system, layer by layer; no name or link of an image leads outside of it (TOC-013).

It is assumed that no other process changes the directory. Every component of a path is inspected, symbolic links are
followed inside the root only. Operations that this user may not do (owners, devices, attributes) are skipped and
listed.
"""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from conformance.format.entries import xattr_value
from conformance.format.times import parse_time
from conformance.format.toc import Entry
from conformance.reference.errors import RefusalError
from conformance.reference.names import components
from conformance.reference.plan import Item
from conformance.reference.store import ContentStore

WHITEOUT: Final = b".wh."
OPAQUE: Final = b".wh..wh..opq"
_MAX_LINKS: Final = 40
_IMPLIED_MODE: Final = 0o755
_DEVICES: Final = {"char": stat.S_IFCHR, "block": stat.S_IFBLK}

Parts = tuple[bytes, ...]


class Skipped(msgspec.Struct, frozen=True):
    """A part of an entry that was skipped, and the reason."""

    name: str
    what: str
    why: str


class TreeBuilder:
    """Applies layers, the lowest first, to an empty directory."""

    def __init__(self, root: Path, store: ContentStore) -> None:
        self._root, self._store = os.fsencode(root), store
        self._own: set[Parts] = set()
        # No entry has the time of the root, or of a directory that is only implied: it becomes 1970.
        self._directory_times: dict[Parts, tuple[int, int]] = {(): (0, 0)}
        self.skipped: list[Skipped] = []

    def apply(self, items: Sequence[Item]) -> None:
        """Apply one layer: whiteouts, then all other entries, hard links last (they may point to later entries)."""
        self._own = set()
        named = [(item, self.parts(item.entry.name)) for item in items]
        whiteouts = [pair for pair in named if pair[1] and pair[1][-1].startswith(WHITEOUT)]
        others = [pair for pair in named if not (pair[1] and pair[1][-1].startswith(WHITEOUT))]
        # Sorting is stable: the order of the layer, with hard links last.
        for item, parts in [*whiteouts, *sorted(others, key=lambda pair: pair[0].entry.type == "hardlink")]:
            try:
                if parts and parts[-1].startswith(WHITEOUT):
                    self.white_out(parts)
                else:
                    self._create(item, parts)
            except OSError as error:
                raise RefusalError(f"{item.entry.name!r}: {error.strerror}") from None

    def finish(self) -> None:
        """Set the times of directories, which change when children are created."""
        for parts, times in sorted(self._directory_times.items(), reverse=True):
            path = self._path(parts)
            if os.path.isdir(path) and not os.path.islink(path):
                os.utime(path, ns=times)

    def parts(self, name: str) -> Parts:
        """The components of a name below the root; a name with ``..`` is refused (TOC-013)."""
        return components(name)

    def white_out(self, parts: Parts) -> None:
        """Remove the entry of lower layers with this name, or all their entries in this directory."""
        parent = self.resolve(parts[:-1], create=False)
        if parent is None:
            return
        if parts[-1] == OPAQUE:
            for name in os.listdir(self._path(parent)):
                self._remove((*parent, name))
            return
        name = parts[-1].removeprefix(WHITEOUT)
        if name.startswith(WHITEOUT):  # other marks of aufs
            return
        if name in (b"", b".", b".."):
            raise RefusalError(f"{parts[-1].decode()!r} is a whiteout of nothing")
        self._remove((*parent, name))

    def resolve(self, parts: Parts, *, create: bool = True) -> Parts | None:
        """The real path of a directory, with symbolic links followed inside the root; missing directories are created.

        Without ``create``, None when it is missing.
        """
        done: list[bytes] = []
        left = list(reversed(parts))
        links = 0
        while left:
            part = left.pop()
            if part == b"..":
                del done[-1:]  # the root is its own parent
                continue
            path = self._path((*done, part))
            mode = _mode(path)
            if mode is None:
                if not create:
                    return None
                os.mkdir(path, _IMPLIED_MODE)
                os.chmod(path, _IMPLIED_MODE)
                self._own.add((*done, part))
                self._directory_times[*done, part] = (0, 0)
            elif stat.S_ISLNK(mode):
                links += 1
                if links > _MAX_LINKS:
                    raise RefusalError(f"too many symbolic links on the way to {b'/'.join(parts)!r}")
                target = os.readlink(path)
                if target.startswith(b"/"):
                    done.clear()
                left += [piece for piece in reversed(target.split(b"/")) if piece not in (b"", b".")]
                continue
            elif not stat.S_ISDIR(mode):
                if not create:
                    return None
                raise RefusalError(f"{b'/'.join((*done, part))!r} is not a directory, and something is to lie in it")
            done.append(part)
        return tuple(done)

    def _create(self, item: Item, parts: Parts) -> None:
        entry = item.entry
        if not parts:  # the root itself
            self._set_metadata(entry, ())
            return
        parent = self.resolve(parts[:-1]) or ()
        place = (*parent, parts[-1])
        path = self._path(place)
        mode = _mode(path)
        if entry.type == "dir" and mode is not None and stat.S_ISDIR(mode):
            self._own.add(place)
            self._set_metadata(entry, place)
            return
        if mode is not None:
            if place in self._own:
                raise RefusalError(f"{entry.name!r} occurs twice in one layer")
            self._remove(place)
        self._own.add(place)
        if self._make(item, path) and entry.type != "hardlink":
            self._set_metadata(entry, place)

    def _make(self, item: Item, path: bytes) -> bool:
        """Create the file system object; False when this user may not."""
        entry = item.entry
        if entry.type == "dir":
            os.mkdir(path, 0o700)
        elif entry.type == "reg":
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
                for piece in self._store.pieces(item.digest) if item.digest else ():
                    file.write(piece)
        elif entry.type == "symlink":
            os.symlink(entry.link_name.encode(), path)
        elif entry.type == "hardlink":
            self.link(entry, path)
        elif entry.type == "fifo":
            os.mkfifo(path, 0o600)
        else:
            device = os.makedev(entry.dev_major, entry.dev_minor)
            try:
                os.mknod(path, 0o600 | _DEVICES[entry.type], device)
            except (PermissionError, OverflowError) as error:
                self._skip(entry, f"{entry.type} device {entry.dev_major}:{entry.dev_minor}", error)
                return False
        return True

    def link(self, entry: Entry, path: bytes) -> None:
        """Create a hard link to the file with the target's name inside the root."""
        parts = self.parts(entry.link_name)
        parent = self.resolve(parts[:-1], create=False)
        target = None if parent is None else self._path((*parent, parts[-1]))
        mode = None if target is None else _mode(target)
        if target is None or mode is None or stat.S_ISDIR(mode):
            raise RefusalError(
                f"the hard link {entry.name!r} leads to {entry.link_name!r}, which is not a file of the image"
            )
        os.link(target, path, follow_symlinks=False)

    def _set_metadata(self, entry: Entry, place: Parts) -> None:
        path = self._path(place)
        if os.geteuid() == 0:
            try:
                os.chown(path, entry.uid, entry.gid, follow_symlinks=False)
            except (OSError, OverflowError) as error:
                self._skip(entry, f"owner {entry.uid}:{entry.gid}", error)
        for key, text in (entry.xattrs or {}).items():
            value = xattr_value(entry, text)
            try:
                os.setxattr(path, key.encode(), value, follow_symlinks=False)
            except (OSError, ValueError) as error:
                self._skip(entry, f"extended attribute {key}", error)
        if entry.type != "symlink":
            os.chmod(path, entry.mode & 0o7777)
        modified = parse_time(entry.modtime) if entry.modtime else 0
        accessed = parse_time(entry.accesstime) if entry.accesstime else modified
        if entry.type == "dir":
            self._directory_times[place] = (accessed, modified)
        try:
            self.set_times(entry, path, (accessed, modified))
        except (OSError, OverflowError) as error:
            self._directory_times.pop(place, None)
            self._skip(entry, "time", error)

    def set_times(self, entry: Entry, path: bytes, times: tuple[int, int]) -> None:  # noqa: ARG002
        """Set access and modification time, in nanoseconds; for a link those of the link itself."""
        os.utime(path, ns=times, follow_symlinks=False)

    def _remove(self, place: Parts) -> None:
        path = self._path(place)
        mode = _mode(path)
        if mode is None:
            return
        if stat.S_ISDIR(mode):
            shutil.rmtree(path)
        else:
            os.unlink(path)

    def _path(self, parts: Parts) -> bytes:
        return b"/".join((self._root, *parts))

    def _skip(self, entry: Entry, what: str, error: Exception) -> None:
        self.skipped.append(Skipped(entry.name, what, getattr(error, "strerror", None) or str(error)))


def _mode(path: bytes) -> int | None:
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None
