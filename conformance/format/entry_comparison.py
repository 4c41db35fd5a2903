"""One tar header compared with its TOC entry: every attribute that both can represent (docs/format.md section 11.3)."""

import base64
from functools import lru_cache
from typing import Final

from conformance.format.discrepancy import Discrepancies, Discrepancy, Kind, both_shown, shown
from conformance.format.entries import TYPE_OF_FLAG
from conformance.format.errors import FormatError
from conformance.format.tar import TarHeader
from conformance.format.times import YEAR_ONE, format_time, parse_time
from conformance.format.toc import Entry

_MAX_TIMES: Final = 65_536
_NO_TIME: Final = 64
"""Characters: no time is so long."""
_ATTRIBUTES: Final = (
    *("type", "mode", "size", "uid", "gid", "devMajor", "devMinor", "linkName"),
    *("modtime", "accesstime", "changetime", "form"),
)


class EntryComparison:
    """Compares many pairs, equal ones quickly; differences are added to ``found``."""

    def __init__(self, found: Discrepancies) -> None:
        self._found = found
        self._instant = lru_cache(maxsize=_MAX_TIMES)(_instant)

    def compare(self, header: TarHeader, entry: Entry, offset: int) -> None:
        """Compare one header at ``offset`` in the tar; the names are equal, because pairs are matched by name."""
        # The values decide whether two differ; the texts are for the report only.
        tar = (
            TYPE_OF_FLAG.get(header.typeflag),
            header.mode,
            header.size,
            header.uid,
            header.gid,
            header.dev_major,
            header.dev_minor,
            header.link_name,
            _moment(header.mtime),
            _moment(header.atime),
            _moment(header.ctime),
            header.is_sparse,
        )
        toc = (
            entry.type,
            entry.mode,
            entry.size,
            entry.uid,
            entry.gid,
            entry.dev_major,
            entry.dev_minor,
            _bytes(entry.link_name),
            self._instant(entry.modtime[:_NO_TIME]),
            self._instant(entry.accesstime[:_NO_TIME]),
            self._instant(entry.changetime[:_NO_TIME]),
            False,
        )
        if tar != toc:
            for what, one, other in zip(_ATTRIBUTES, tar, toc, strict=True):
                if one != other:
                    self._add(Kind.ATTRIBUTE, entry, what, *_texts(what, header, entry), offset)
        if header.xattrs or entry.xattrs:
            self._xattrs(header, entry, offset)

    def _xattrs(self, header: TarHeader, entry: Entry, offset: int) -> None:
        said = {_bytes(key): value for key, value in (entry.xattrs or {}).items()}
        for key in sorted(header.xattrs.keys() | said.keys()):
            value = header.xattrs.get(key)
            if key not in said:
                self._add(Kind.ATTRIBUTE, entry, f"xattr {shown(key)}", "present", "not in the TOC", offset)
            elif value is None:
                self._add(Kind.ATTRIBUTE, entry, f"xattr {shown(key)}", "absent", "in the TOC only", offset)
            elif (encoded := base64.b64encode(value)) != (text := _bytes(said[key])):
                expected, found = both_shown(encoded, text)
                self._add(Kind.XATTR, entry, f"xattr {shown(key)}", expected, found, offset)

    def _add(self, kind: Kind, entry: Entry, what: str, expected: str, found: str, offset: int) -> None:
        self._found.add(
            Discrepancy(kind, shown(entry.name), what, f"{expected} (tar header)", f"{found} (TOC)", offset)
        )


def _texts(what: str, header: TarHeader, entry: Entry) -> tuple[str, str]:
    """The attribute in header and entry as text."""
    if what == "type":
        return TYPE_OF_FLAG.get(header.typeflag, f"tar type {header.typeflag!r}"), shown(entry.type)
    if what == "linkName":
        return both_shown(header.link_name, _bytes(entry.link_name))
    return {
        "mode": (f"{header.mode:04o}", f"{entry.mode:04o}"),
        "size": (str(header.size), str(entry.size)),
        "uid": (str(header.uid), str(entry.uid)),
        "gid": (str(header.gid), str(entry.gid)),
        "devMajor": (str(header.dev_major), str(entry.dev_major)),
        "devMinor": (str(header.dev_minor), str(entry.dev_minor)),
        "modtime": (_time_text(header.mtime), entry.modtime[:80] or "absent"),
        "accesstime": (_time_text(header.atime), entry.accesstime[:80] or "absent"),
        "changetime": (_time_text(header.ctime), entry.changetime[:80] or "absent"),
        "form": ("a sparse file", "a TOC cannot represent one"),
    }[what]


def _instant(text: str) -> int | None:
    """Nanoseconds since 1970; absent, the year 1 and 1970 are one value; None for an invalid time."""
    if not text:
        return 0
    try:
        return _moment(parse_time(text))
    except FormatError:
        return None


def _bytes(text: str) -> bytes:
    """The bytes of a tar header that a text of a TOC represents."""
    return text.encode(errors="surrogatepass")


def _moment(nanoseconds: int | None) -> int:
    return 0 if nanoseconds is None or nanoseconds == YEAR_ONE else nanoseconds


def _time_text(nanoseconds: int | None) -> str:
    if nanoseconds is None:
        return "absent"
    try:
        return format_time(nanoseconds) or "absent"
    except FormatError:
        return f"{nanoseconds} ns since 1970"
