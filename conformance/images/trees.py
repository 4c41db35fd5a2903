"""File trees as tests and trials describe them, and their tars.

Python's ``tarfile`` writes the tar, so that the tar reader of this project is tested with another writer.
"""

import hashlib
import io
import tarfile
from typing import Literal

import msgspec

Kind = Literal["reg", "dir", "symlink", "hardlink", "char", "block", "fifo"]
TarForm = Literal["pax", "gnu"]

_TYPEFLAGS: dict[Kind, bytes] = {
    "reg": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "char": tarfile.CHRTYPE,
    "block": tarfile.BLKTYPE,
    "fifo": tarfile.FIFOTYPE,
}
_FORMATS: dict[TarForm, int] = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT}


class Node(msgspec.Struct, frozen=True):
    """One entry of a tree; ``mtime`` in seconds since 1970."""

    name: str
    kind: Kind = "reg"
    content: bytes = b""
    link_name: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    device: tuple[int, int] = (0, 0)
    xattrs: dict[str, str] = {}


Tree = tuple[Node, ...]


def tar_of(tree: Tree, form: TarForm = "pax", *, blocks: int = 20) -> bytes:
    """The tree as a tar, padded to records of ``blocks`` blocks; extended attributes need the form ``pax``."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=_FORMATS[form], errors="strict") as writer:
        for node in tree:
            info = tarfile.TarInfo(node.name)
            info.type = _TYPEFLAGS[node.kind]
            info.linkname = node.link_name
            info.mode, info.uid, info.gid, info.mtime = node.mode, node.uid, node.gid, node.mtime
            info.devmajor, info.devminor = node.device
            info.size = len(node.content)
            if form == "pax":
                info.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in node.xattrs.items()}
            writer.addfile(info, io.BytesIO(node.content))
        end = writer.offset
    record = 512 * blocks
    size = -(-(end + 1024) // record) * record
    return archive.getvalue()[:end].ljust(size, b"\x00")


def noise(seed: int, size: int) -> bytes:
    """Random bytes, which do not compress; the same for the same seed."""
    return hashlib.shake_128(str(seed).encode()).digest(size)
