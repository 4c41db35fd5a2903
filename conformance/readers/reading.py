"""The reading of an archive by a reader, in one form for all readers."""

from functools import lru_cache
from typing import Final

import msgspec

NOT_TOLD: Final = "?"
"""Instead of a digest or a kind: the reader does not report it."""

Number = int | float | None


class Member(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One member as a reader reports it. Names, links and xattrs are hexadecimal; None is an attribute it does not
    report.

    ``kind`` is reg, dir, symlink, hardlink, char, block, fifo or ``other:`` and the type flag. ``size`` in bytes;
    ``mtime`` in seconds since 1970; ``digest`` is the SHA-256 of a content in hexadecimal, None when it is empty.
    """

    name: str
    kind: str
    size: Number = None
    mode: Number = None
    uid: Number = None
    gid: Number = None
    link: str | None = ""
    mtime: Number = None
    uname: str | None = None
    gname: str | None = None
    xattrs: dict[str, str] | None = None
    digest: str | None = NOT_TOLD


class Reading(msgspec.Struct, frozen=True, gc=False):
    """``members`` in the order of the archive. ``refused`` is why the reader refuses the archive, None when it accepts.

    ``crashed``: it ended, or did not respond in time. Its behaviour on another archive is then unknown.
    """

    members: tuple[Member, ...] = ()
    refused: str | None = None
    crashed: bool = False

    @property
    def accepts(self) -> bool:
        return self.refused is None and not self.crashed


class ReaderInfo(msgspec.Struct, frozen=True):
    """A reader on this machine; ``op`` is its operation: "tar", "layer" or "document"."""

    name: str
    version: str
    op: str = "tar"


@lru_cache(2**14)
def path_of(name: str) -> bytes:
    """The path of a name (hexadecimal) below the root: without empty components and ``.``, but with ``..``."""
    return b"/".join(part for part in bytes.fromhex(name).split(b"/") if part not in (b"", b"."))
