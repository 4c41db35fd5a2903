"""The TOC entry of a tar header (docs/format.md section 11.1), and headers that no TOC can represent (TOC-016)."""

import base64
import posixpath
from typing import Final

from conformance.format.errors import FormatError
from conformance.format.tar import TarHeader
from conformance.format.times import format_time
from conformance.format.toc import Entry

TYPE_OF_FLAG: Final = {
    "0": "reg",
    "1": "hardlink",
    "2": "symlink",
    "3": "char",
    "4": "block",
    "5": "dir",
    "6": "fifo",
}
_REFUSED: Final = {
    "g": "a PAX global header",
    "S": "a GNU sparse file",
    "7": "a contiguous file",
}


def entry_of(header: TarHeader) -> Entry:
    """The entry of a header, without digest, offsets and chunks; raise FormatError if a TOC cannot represent it."""
    name = _text(header.name, "name")
    if not name:
        raise FormatError("an entry of the tar has an empty name")
    if header.is_sparse:
        raise FormatError(f"{name!r} is a sparse file, which neither TOC nor tar-split can represent")
    kind = TYPE_OF_FLAG.get(header.typeflag)
    if kind is None:
        what = _REFUSED.get(header.typeflag, f"an entry of the tar type {header.typeflag!r}")
        raise FormatError(f"{name!r} is {what}, which a TOC cannot represent")
    xattrs = {
        _text(key, f"extended attribute of {name!r}"): base64.b64encode(value).decode()
        for key, value in header.xattrs.items()
    }
    return Entry(
        type=kind,
        name=name,
        link_name=_text(header.link_name, f"link target of {name!r}"),
        mode=header.mode,
        size=header.size,
        uid=header.uid,
        gid=header.gid,
        modtime=_time(header.mtime),
        accesstime=_time(header.atime),
        changetime=_time(header.ctime),
        dev_major=header.dev_major,
        dev_minor=header.dev_minor,
        xattrs=xattrs or None,
    )


def xattr_value(entry: Entry, text: str) -> bytes:
    """The decoded value of an extended attribute of a TOC; raise FormatError if it is not base64 (TOC-010)."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise FormatError(f"an extended attribute of {entry.name!r} is not base64") from None


def clean_name(name: bytes) -> bytes:
    """The name under which a tar-split finds content: lexically cleaned as Go's path.Clean does (TARSPLIT-008)."""
    cleaned = posixpath.normpath(name)
    return cleaned[1:] if cleaned.startswith(b"//") else cleaned


def _time(moment: int | None) -> str:
    return "" if moment is None else format_time(moment)


def _text(raw: bytes, what: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise FormatError(f"the {what} {raw[:80]!r} is not UTF-8 and cannot be represented in JSON") from None
