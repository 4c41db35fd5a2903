"""Readers of the panel: Python's tarfile, and libarchive (bsdtar) by ctypes. The protocol is in ../README.md."""

import ctypes
import ctypes.util
import hashlib
import io
import json
import locale
import sys
import tarfile
from collections.abc import Callable
from typing import Any

XATTR = "SCHILY.xattr."
OK, END = 0, 1
TOO_LARGE = "more content than the archive can hold"
TYPES = {
    tarfile.LNKTYPE: "hardlink",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.DIRTYPE: "dir",
    tarfile.FIFOTYPE: "fifo",
}
FILE_TYPES = {
    0o100000: "reg",
    0o120000: "symlink",
    0o020000: "char",
    0o060000: "block",
    0o040000: "dir",
    0o010000: "fifo",
}
Member = list[Any]


def read_tarfile(content: bytes, members: list[Member]) -> None:
    """As ``tarfile`` extracts: whatever type it does not know becomes a file."""
    limit = _limit(content)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for member in archive:
            kind = TYPES.get(member.type, "reg")
            data = archive.extractfile(member) if kind == "reg" and member.isreg() else None
            taken = data.read(limit) if data is not None else b""
            if len(taken) == limit:
                raise tarfile.ReadError(TOO_LARGE)
            if kind == "reg" and len(taken) != member.size and member.isreg():
                raise tarfile.ReadError("unexpected end of data")
            members.append(
                [
                    _hex(member.name),
                    kind,
                    member.size,
                    member.mode,
                    member.uid,
                    member.gid,
                    _hex(member.linkname),
                    int(member.mtime // 1),
                    _hex(member.uname),
                    _hex(member.gname),
                    {
                        _hex(key.removeprefix(XATTR)): _hex(value)
                        for key, value in member.pax_headers.items()
                        if key.startswith(XATTR)
                    },
                    hashlib.sha256(taken).hexdigest() if taken else None,
                ]
            )


class Libarchive:
    """What bsdtar does: a warning is a refusal, for bsdtar then ends with status 1."""

    def __init__(self, path: str) -> None:
        self._lib = ctypes.CDLL(path)
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64
        for name, result, arguments in (
            ("archive_version_number", ctypes.c_int, []),
            ("archive_read_new", pointer, []),
            ("archive_read_free", ctypes.c_int, [pointer]),
            ("archive_read_support_format_tar", ctypes.c_int, [pointer]),
            ("archive_read_open_memory", ctypes.c_int, [pointer, text, ctypes.c_size_t]),
            ("archive_read_next_header", ctypes.c_int, [pointer, ctypes.POINTER(pointer)]),
            ("archive_read_data", ctypes.c_ssize_t, [pointer, pointer, ctypes.c_size_t]),
            ("archive_error_string", text, [pointer]),
            ("archive_entry_pathname", text, [pointer]),
            ("archive_entry_hardlink", text, [pointer]),
            ("archive_entry_symlink", text, [pointer]),
            ("archive_entry_uname", text, [pointer]),
            ("archive_entry_gname", text, [pointer]),
            ("archive_entry_filetype", ctypes.c_uint, [pointer]),
            ("archive_entry_perm", ctypes.c_uint, [pointer]),
            ("archive_entry_size", number, [pointer]),
            ("archive_entry_uid", number, [pointer]),
            ("archive_entry_gid", number, [pointer]),
            ("archive_entry_mtime", number, [pointer]),
            ("archive_entry_xattr_reset", ctypes.c_int, [pointer]),
            (
                "archive_entry_xattr_next",
                ctypes.c_int,
                [pointer, ctypes.POINTER(text), ctypes.POINTER(pointer), ctypes.POINTER(ctypes.c_size_t)],
            ),
        ):
            function = getattr(self._lib, name)
            function.restype, function.argtypes = result, arguments
        number_of = self._lib.archive_version_number()
        self.version = f"{number_of // 1000000}.{number_of // 1000 % 1000}.{number_of % 1000}"
        self._buffer = ctypes.create_string_buffer(2**16)

    def read(self, content: bytes, members: list[Member]) -> None:
        """All members into the list; raise ValueError with libarchive's words."""
        archive = self._lib.archive_read_new()
        try:
            self._lib.archive_read_support_format_tar(archive)
            self._demand(archive, self._lib.archive_read_open_memory(archive, content, len(content)))
            entry = ctypes.c_void_p()
            while (status := self._lib.archive_read_next_header(archive, ctypes.byref(entry))) != END:
                self._demand(archive, status)
                members.append(self._member(archive, entry, _limit(content)))
        finally:
            self._lib.archive_read_free(archive)

    def _demand(self, archive: int, status: int) -> None:
        if status != OK:
            message = self._lib.archive_error_string(archive) or b"no words"
            raise ValueError(message.decode(errors="replace"))

    def _member(self, archive: int, entry: ctypes.c_void_p, limit: int) -> Member:
        lib = self._lib
        whole, size = hashlib.sha256(), 0
        while count := lib.archive_read_data(archive, self._buffer, len(self._buffer)):
            if count < 0:
                self._demand(archive, count)
            whole.update(ctypes.string_at(self._buffer, count))
            size += count
            if size >= limit:
                raise ValueError(TOO_LARGE)
        hard, soft = lib.archive_entry_hardlink(entry), lib.archive_entry_symlink(entry)
        kind = FILE_TYPES.get(lib.archive_entry_filetype(entry) & 0o170000, "other:?")
        return [
            _hex(lib.archive_entry_pathname(entry)),
            "hardlink" if hard is not None else kind,
            lib.archive_entry_size(entry),
            lib.archive_entry_perm(entry),
            lib.archive_entry_uid(entry),
            lib.archive_entry_gid(entry),
            _hex(hard if hard is not None else soft),
            lib.archive_entry_mtime(entry),
            _hex(lib.archive_entry_uname(entry)),
            _hex(lib.archive_entry_gname(entry)),
            self._xattrs(entry),
            whole.hexdigest() if size else None,
        ]

    def _xattrs(self, entry: ctypes.c_void_p) -> dict[str, str]:
        found = {}
        name, value, size = ctypes.c_char_p(), ctypes.c_void_p(), ctypes.c_size_t()
        self._lib.archive_entry_xattr_reset(entry)
        while (
            self._lib.archive_entry_xattr_next(entry, ctypes.byref(name), ctypes.byref(value), ctypes.byref(size)) == OK
        ):
            found[_hex(name.value)] = ctypes.string_at(value.value or 0, size.value).hex() if size.value else ""
        return found


def _limit(content: bytes) -> int:
    """More than any file can have that is not sparse."""
    return 2 * len(content) + 2**20


def _hex(text: str | bytes | None) -> str:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape").hex()
    return (text or b"").hex()


def _result(read: Callable[[bytes, list[Member]], None], content: bytes) -> dict[str, Any]:
    members: list[Member] = []
    try:
        read(content, members)
    except Exception as error:  # whatever a reader raises on hostile bytes is its refusal
        return {"members": members, "refused": f"{type(error).__name__}: {error}"[:300]}
    return {"members": members}


def main() -> None:
    """Process requests until the input ends."""
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    version = ".".join(str(part) for part in sys.version_info[:3])
    readers = [("Python tarfile", version, read_tarfile)]
    path = ctypes.util.find_library("archive")
    if path is not None:
        libarchive = Libarchive(path)
        readers.append(("libarchive (bsdtar)", libarchive.version, libarchive.read))
    source, target = sys.stdin.buffer, sys.stdout
    target.write(json.dumps([{"name": name, "version": of, "op": "tar"} for name, of, _ in readers]) + "\n")
    target.flush()
    while line := source.readline():
        content = source.read(int(line.split()[1]))
        target.write(json.dumps([_result(read, content) for _, _, read in readers]) + "\n")
        target.flush()


if __name__ == "__main__":
    main()
