"""Writes a directory as a tar stream, piece by piece: the same tree yields the same bytes.

The form is PAX as Python's ``tarfile`` writes it. Entries are sorted by the bytes of their names, parents first; the
directory itself has no entry. Symbolic links are entries, and are never followed.
"""

import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from conformance.building.errors import BuildError
from conformance.format.tar import BLOCK, NANOSECONDS, XATTR_PREFIX

_PIECE: Final = 2**20
_END: Final = bytes(2 * BLOCK)
_TYPES: Final = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
}
# Attributes of this machine, not of the tree.
_NOT_OURS: Final = ("security.selinux", "trusted.overlay.", "user.overlay.")


class WalkRules(msgspec.Struct, frozen=True):
    """Values of entries that replace those of the file system; times in nanoseconds since 1970.

    ``mtime`` is for all entries; times later than ``latest`` become ``latest``. ``owner``: uid and gid.
    """

    mtime: int | None = None
    latest: int | None = None
    owner: tuple[int, int] | None = None


def tar_pieces(directory: Path, rules: WalkRules) -> Iterator[bytes]:
    """The tar of a directory. Raise BuildError for an entry that no TOC can represent, or that cannot be read."""
    if not directory.is_dir():
        raise BuildError(f"{_shown(str(directory))}: no such directory or file")
    walk = _Walk(str(directory), rules)
    try:
        yield from walk.pieces()
    except OSError as error:
        raise BuildError(f"{_shown(str(error.filename or directory))}: {error.strerror}") from None
    yield _END


def size_about(path: Path) -> int:
    """The size of a tar, or the approximate size of the tar of a directory, without extended headers. For progress
    only.
    """
    if not path.is_dir():
        return path.stat().st_size if path.is_file() else 0
    size = len(_END)
    for directory, folders, files in os.walk(path):
        size += BLOCK * (len(folders) + len(files))
        for name in files:
            with suppress(OSError):
                status = os.lstat(f"{directory}/{name}")
                size += (status.st_size + BLOCK - 1) // BLOCK * BLOCK if stat.S_ISREG(status.st_mode) else 0
    return size


class _Walk:
    def __init__(self, root: str, rules: WalkRules) -> None:
        self._root, self._rules = root, rules
        self._linked: dict[tuple[int, int], str] = {}

    def pieces(self) -> Iterator[bytes]:
        """Header, content and padding of every entry."""
        left = [iter(self._names(""))]
        while left:
            name = next(left[-1], None)
            if name is None:
                left.pop()
                continue
            status = os.lstat(self._path(name))
            yield from self._entry(name, status)
            if stat.S_ISDIR(status.st_mode):
                left.append(iter(self._names(name)))

    def _names(self, directory: str) -> list[str]:
        with os.scandir(self._path(directory) if directory else self._root) as found:
            names = [f"{directory}/{item.name}" if directory else item.name for item in found]
        for name in names:
            _expect_utf8(name, "the name")
        return sorted(names, key=os.fsencode)

    def _entry(self, name: str, status: os.stat_result) -> Iterator[bytes]:
        info = self._info(name, status)
        if info.type != tarfile.REGTYPE:
            yield _header(info)
            return
        handle = os.open(self._path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb", buffering=0) as file:
            opened = os.fstat(file.fileno())
            if _identity(opened) != _identity(status):
                raise BuildError(f"{_shown(name)}: changed while it was read")
            yield _header(info)
            left = info.size
            while left and (piece := file.read(min(left, _PIECE))):
                left -= len(piece)
                yield piece
            if left or _identity(os.fstat(file.fileno())) != _identity(opened):
                raise BuildError(f"{_shown(name)}: changed while it was read")
        if info.size % BLOCK:
            yield bytes(-info.size % BLOCK)

    def _info(self, name: str, status: os.stat_result) -> tarfile.TarInfo:
        kind = _TYPES.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            what = "a socket" if stat.S_ISSOCK(status.st_mode) else "of a type"
            raise BuildError(f"{_shown(name)}: it is {what} that a tar cannot hold; remove it")
        info = tarfile.TarInfo(name)
        info.type, info.mode = kind, stat.S_IMODE(status.st_mode)
        info.uid, info.gid = self._rules.owner or (status.st_uid, status.st_gid)
        self._set_time(info, status.st_mtime_ns)
        if kind == tarfile.SYMTYPE:
            info.linkname = _expect_utf8(os.readlink(self._path(name)), f"the target of {_shown(name)}")
        elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
            info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
        elif kind == tarfile.REGTYPE:
            self._set_content(info, status)
        if info.type != tarfile.LNKTYPE:
            info.pax_headers = {**info.pax_headers, **self._xattrs(name)}
        return info

    def _set_content(self, info: tarfile.TarInfo, status: os.stat_result) -> None:
        """Set the size, or the link to an earlier entry of the same file."""
        if status.st_nlink > 1:
            first = self._linked.setdefault((status.st_dev, status.st_ino), info.name)
            if first != info.name:
                info.type, info.linkname = tarfile.LNKTYPE, first
                return
        info.size = status.st_size

    def _set_time(self, info: tarfile.TarInfo, moment: int) -> None:
        rules = self._rules
        if rules.mtime is not None:
            moment = rules.mtime
        elif rules.latest is not None:
            moment = min(moment, rules.latest)
        seconds, fraction = divmod(abs(moment), NANOSECONDS)
        info.mtime = -seconds if moment < 0 else seconds
        if fraction or moment < 0:
            digits = f"{seconds}.{fraction:09d}".rstrip("0").rstrip(".")
            info.pax_headers = {**info.pax_headers, "mtime": f"-{digits}" if moment < 0 else digits}

    def _xattrs(self, name: str) -> dict[str, str]:
        path, found = self._path(name), {}
        try:
            keys = sorted(os.listxattr(path, follow_symlinks=False))
        except OSError:  # the file system has no extended attributes
            return {}
        for key in keys:
            if key.startswith(_NOT_OURS):
                continue
            _expect_utf8(key, f"an extended attribute of {_shown(name)}")
            if "=" in key:
                raise BuildError(f"{_shown(name)}: the extended attribute {_shown(key)} has '=' in its name")
            value = os.getxattr(path, key, follow_symlinks=False)
            found[XATTR_PREFIX.decode() + key] = value.decode("utf-8", "surrogateescape")
        return found

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _expect_utf8(text: str, what: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BuildError(f"{what} {_shown(text)} is not UTF-8, and a TOC cannot represent it; rename it") from None
    return text


def _shown(name: str) -> str:
    return repr(name[:200])
