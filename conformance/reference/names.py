"""Requires names and link targets to stay inside the root file system (TOC-013)."""

from typing import Final

from conformance.format.errors import FormatError
from conformance.format.toc import Entry

MAX_COMPONENTS: Final = 256
_MAX_COMPONENT: Final = 255


def components(name: str) -> tuple[bytes, ...]:
    """The components of a name below the root; raise FormatError for ``..`` and for names that no file system supports.

    A leading ``/`` is the root of the image; empty components and ``.`` are ignored.
    """
    try:
        raw = name.encode()
    except UnicodeEncodeError:
        raise FormatError(f"the name {name[:80]!r} is not UTF-8") from None
    if b"\0" in raw:
        raise FormatError(f"the name {name[:80]!r} holds a NUL")
    parts = tuple(part for part in raw.split(b"/") if part not in (b"", b"."))
    if b".." in parts:
        raise FormatError(f"the name {name[:80]!r} climbs with '..'")
    if len(parts) > MAX_COMPONENTS or any(len(part) > _MAX_COMPONENT for part in parts):
        raise FormatError(f"the name {name[:80]!r}… is longer than a file system takes")
    return parts


def check_entry_names(entry: Entry) -> None:
    """Refuse a name, or the target of a hard link, that could lead outside.

    The target of a symbolic link is text; it is resolved inside the root when a path contains the link.
    """
    parts = components(entry.name)
    if not parts and entry.type != "dir":
        raise FormatError(f"the name {entry.name[:80]!r} is that of the root, which is a directory")
    if entry.type == "hardlink" and not components(entry.link_name):
        raise FormatError(f"the hard link {entry.name[:80]!r} has no target")
    if entry.type == "symlink" and (not entry.link_name or "\0" in entry.link_name):
        raise FormatError(f"the symbolic link {entry.name[:80]!r} has no target that a file system takes")
