"""One tar header beside its TOC entry: every attribute that both can represent (docs/format.md section 11.3)."""

import base64
from typing import Final

from conformance.format.discrepancy import Discrepancies, Discrepancy, Kind, both_shown, shown
from conformance.format.entries import TYPE_OF_FLAG
from conformance.format.errors import FormatError
from conformance.format.tar import TarHeader
from conformance.format.times import YEAR_ONE, format_time, parse_time
from conformance.format.toc import Entry

_MAX_TIMES: Final = 2**16
_LONG: Final = 256


class EntryComparison:
    """Compares many pairs; equal ones cost little. What differs goes to ``found``."""

    def __init__(self, found: Discrepancies) -> None:
        self._found = found
        self._times: dict[str, int | None] = {"": 0}

    def compare(self, header: TarHeader, entry: Entry, offset: int) -> None:
        """The attributes of one header at ``offset`` in the tar; names were compared when the pair was found."""
        if (
            TYPE_OF_FLAG.get(header.typeflag) != entry.type
            or header.mode != entry.mode
            or header.size != entry.size
            or header.uid != entry.uid
            or header.gid != entry.gid
            or header.dev_major != entry.dev_major
            or header.dev_minor != entry.dev_minor
            or header.link_name != _bytes(entry.link_name)
            or _moment(header.mtime) != self._instant(entry.modtime)
            or (header.atime is not None or entry.accesstime)
            or (header.ctime is not None or entry.changetime)
            or header.is_sparse
        ):
            self._attributes(header, entry, offset)
        if header.xattrs or entry.xattrs:
            self._xattrs(header, entry, offset)

    def _attributes(self, header: TarHeader, entry: Entry, offset: int) -> None:
        # Whether two differ is decided on the values; their text is for the report only.
        flag = header.typeflag
        if TYPE_OF_FLAG.get(flag) != entry.type:
            kind = TYPE_OF_FLAG.get(flag, f"tar type {flag!r}")
            self._add(Kind.ATTRIBUTE, entry, "type", kind, shown(entry.type), offset)
        if header.mode != entry.mode:
            self._add(Kind.ATTRIBUTE, entry, "mode", f"{header.mode:04o}", f"{entry.mode:04o}", offset)
        numbers = (
            ("size", header.size, entry.size),
            ("uid", header.uid, entry.uid),
            ("gid", header.gid, entry.gid),
            ("devMajor", header.dev_major, entry.dev_major),
            ("devMinor", header.dev_minor, entry.dev_minor),
        )
        for what, tar, toc in numbers:
            if tar != toc:
                self._add(Kind.ATTRIBUTE, entry, what, str(tar), str(toc), offset)
        if header.link_name != (target := _bytes(entry.link_name)):
            expected, found = both_shown(header.link_name, target)
            self._add(Kind.ATTRIBUTE, entry, "linkName", expected, found, offset)
        times = (
            ("modtime", header.mtime, entry.modtime),
            ("accesstime", header.atime, entry.accesstime),
            ("changetime", header.ctime, entry.changetime),
        )
        for what, moment, text in times:
            if _moment(moment) != self._instant(text):
                self._add(Kind.ATTRIBUTE, entry, what, _time_text(moment), text[:80] or "absent", offset)
        if header.is_sparse:
            self._add(Kind.ATTRIBUTE, entry, "form", "a sparse file", "a TOC cannot represent one", offset)

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

    def _instant(self, text: str) -> int | None:
        """Nanoseconds since 1970; absent, the year 1 and 1970 are one value; None for what is no time."""
        try:
            return self._times[text]
        except KeyError:
            pass
        try:
            moment: int | None = _moment(parse_time(text))
        except FormatError:
            moment = None
        if len(self._times) < _MAX_TIMES and len(text) <= _LONG:
            self._times[text] = moment
        return moment

    def _add(self, kind: Kind, entry: Entry, what: str, expected: str, found: str, offset: int) -> None:
        self._found.add(
            Discrepancy(kind, shown(entry.name), what, f"{expected} (tar header)", f"{found} (TOC)", offset)
        )


def _bytes(text: str) -> bytes:
    """The bytes that a text of a TOC stands for in a tar header."""
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
