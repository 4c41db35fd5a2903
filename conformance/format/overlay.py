"""Entries of a layer that have a meaning for overlayfs only: traces of the storage of a host (LAYER-014).

Source: Linux Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories": a character device 0:0 hides
a name, and xattrs trusted.overlay.* or user.overlay.* redirect and hide. image-spec layer.md uses .wh. names instead.
fuse-overlayfs (main.c) reads owner and mode of a file from user.fuseoverlayfs.override_stat or
user.containers.override_stat, whatever the header states.
"""

from collections.abc import Iterator
from typing import Final

from conformance.format.discrepancy import shown
from conformance.format.tar import TarHeader
from conformance.format.toc import Entry

PREFIXES: Final = ("trusted.overlay.", "user.overlay.", "user.fuseoverlayfs.", "user.containers.override_stat")
_BYTE_PREFIXES: Final = tuple(prefix.encode() for prefix in PREFIXES)
_CHARACTER_DEVICE: Final = "3"


def overlay_marks(header: TarHeader) -> Iterator[str]:
    """The marks of a tar header, as text."""
    for key in header.xattrs:
        if key.startswith(_BYTE_PREFIXES):
            yield f"xattr {shown(key)} on {shown(header.name)}"
    if header.typeflag == _CHARACTER_DEVICE and not (header.dev_major or header.dev_minor):
        yield f"a character device 0:0 {shown(header.name)}"


def overlay_marks_of_entry(entry: Entry) -> Iterator[str]:
    """The marks of a TOC entry, as text."""
    for key in entry.xattrs or {}:
        if key.startswith(PREFIXES):
            yield f"xattr {shown(key)}"
    if entry.type == "char" and not (entry.dev_major or entry.dev_minor):
        yield "a character device 0:0"
