"""Entries that clients cannot create on Linux as a tar states them: some refuse the layer, others create something else
(docs/soundness.md, Entries that Linux does not have; TAR-051 to TAR-055). Pure.

Sources: chown(2); include/linux/kdev_t.h (12 bits of major, 20 of minor); xattr(7), "User extended attributes";
include/uapi/linux/limits.h (NAME_MAX, PATH_MAX, XATTR_NAME_MAX, XATTR_SIZE_MAX); fs/xattr.c
(xattr_resolve_name); security/commoncap.c (validheader).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from conformance.format.discrepancy import shown
from conformance.format.entries import xattr_value
from conformance.format.errors import FormatError
from conformance.format.posix_acl import acl_of_xattr
from conformance.format.toc import Entry
from conformance.format.toc_outline import DEVICES, MAX_PROBLEMS, Outline, Problems, problem

UNCHANGED: Final = 2**32 - 1
MAX_MAJOR: Final = 2**12 - 1
MAX_MINOR: Final = 2**20 - 1
MAX_COMPONENT: Final = 255
MAX_PATH: Final = 4095
MAX_ATTRIBUTE_NAME: Final = 255
MAX_ATTRIBUTE: Final = 65536

_CAPABILITY: Final = "security.capability"
_CAPABILITY_SIZES: Final = {b"\x02": 20, b"\x03": 24}
"""Bytes of a capability by its revision, which is in the fourth byte."""
_NAMESPACES: Final = ("user.", "trusted.", "security.")
"""Names that Linux refuses where nothing follows (fs/xattr.c, xattr_resolve_name)."""
_ACLS: Final = ("system.posix_acl_access", "system.posix_acl_default")
_WITHOUT_USER_ATTRIBUTES: Final = ("symlink", "fifo", *DEVICES)


def unchanged_owners(toc: Outline) -> Problems:
    """Owners that chown(2) takes for "leave it as it is" (TAR-051)."""
    wrong = (
        problem(toc.entries, index, "an owner other than 4294967295", f"owner {entry.uid}:{entry.gid}")
        for index, entry in enumerate(toc.entries)
        if UNCHANGED in (entry.uid, entry.gid)
    )
    yield from islice(wrong, MAX_PROBLEMS)


def large_devices(toc: Outline) -> Problems:
    """Devices whose numbers Linux does not have (TAR-052)."""
    wrong = (
        problem(toc.entries, index, f"at most {MAX_MAJOR}:{MAX_MINOR}", f"{entry.dev_major}:{entry.dev_minor}")
        for index, entry in enumerate(toc.entries)
        if (entry.dev_major > MAX_MAJOR or entry.dev_minor > MAX_MINOR) and entry.type in DEVICES
    )
    yield from islice(wrong, MAX_PROBLEMS)


def misplaced_user_attributes(toc: Outline) -> Problems:
    """Attributes of users on what is neither a file nor a directory (TAR-053)."""
    wrong = (
        problem(toc.entries, index, f"no attribute user.* on type {toc.entries[index].type}", shown(key))
        for index in toc.with_xattrs
        if toc.entries[index].type in _WITHOUT_USER_ATTRIBUTES
        for key in toc.entries[index].xattrs or {}
        if key.startswith("user.")
    )
    yield from islice(wrong, MAX_PROBLEMS)


def impossible_attributes(toc: Outline) -> Problems:
    """Attributes whose name or value Linux refuses (TAR-054)."""
    wrong = (
        problem(toc.entries, index, expected, found)
        for index in toc.with_xattrs
        for expected, found in _impossible(toc.entries[index])
    )
    yield from islice(wrong, MAX_PROBLEMS)


def _impossible(entry: Entry) -> Iterator[tuple[str, str]]:
    for key, text in (entry.xattrs or {}).items():
        length = len(key.encode(errors="surrogatepass"))
        if length > MAX_ATTRIBUTE_NAME:
            yield f"a name of an attribute of at most {MAX_ATTRIBUTE_NAME} bytes", f"{length} bytes: {shown(key)}"
        if key in _NAMESPACES:
            yield "a name of an attribute after its namespace", shown(key)
        try:
            value = xattr_value(entry, text)
        except FormatError:
            continue  # TOC-010
        if len(value) > MAX_ATTRIBUTE:
            yield f"a value of at most {MAX_ATTRIBUTE} bytes of {shown(key)}", f"{len(value)} bytes"
        elif key == _CAPABILITY and value and _CAPABILITY_SIZES.get(value[3:4]) != len(value):
            yield f"{_CAPABILITY} of revision 2 (20 bytes) or 3 (24 bytes)", shown(value)
        elif key in _ACLS and acl_of_xattr(value) is None:
            yield f"an access control list of version 2 as {key}", shown(value)


def long_names(toc: Outline) -> Problems:
    """Names and targets longer than Linux allows (TAR-055)."""
    wrong = (
        problem(toc.entries, index, f"at most {MAX_COMPONENT} bytes a component and {MAX_PATH} in all", found)
        for index, entry in enumerate(toc.entries)
        # Nearly all are short; a character of a target has four bytes at most.
        if not (len(entry.name) <= MAX_COMPONENT and entry.name.isascii() and len(entry.link_name) <= MAX_COMPONENT)
        if (found := _too_long(entry))
    )
    yield from islice(wrong, MAX_PROBLEMS)


def _too_long(entry: Entry) -> str:
    encoded = entry.name.encode(errors="surrogatepass")
    if len(encoded) > MAX_PATH:
        return f"a name of {len(encoded)} bytes"
    longest = max(map(len, encoded.split(b"/")))
    if longest > MAX_COMPONENT:
        return f"a component of {longest} bytes"
    length = len(entry.link_name.encode(errors="surrogatepass"))
    return f"a target of {length} bytes" if length > MAX_PATH else ""
