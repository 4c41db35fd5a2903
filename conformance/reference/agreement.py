"""Whether a TOC and a tar-split describe the same entries (docs/format.md section 11.3)."""

from collections.abc import Iterable
from typing import Any, Final

from conformance.format.entries import clean_name, entry_of, xattr_value
from conformance.format.tarsplit import Record, headers
from conformance.format.times import YEAR_ONE, parse_time
from conformance.format.toc import Entry, Toc

_FIELDS: Final = ("type", "link_name", "mode", "size", "uid", "gid", "dev_major", "dev_minor")
_TIMES: Final = ("modtime", "accesstime", "changetime")


def disagreement(toc: Toc, records: Iterable[Record]) -> str | None:
    """The first difference as text, or None. Raise FormatError when one of them cannot be read.

    Names must be unique after lexical cleaning, because contents are found by name (TARSPLIT-008).
    """
    entries: dict[str, Entry] = {}
    cleaned: set[bytes] = set()
    for entry in toc.entries:
        if entry.is_chunk:
            continue
        name = clean_name(entry.name.encode())
        if name in cleaned:
            return f"{entry.name!r} occurs twice in the TOC"
        cleaned.add(name)
        entries[entry.name] = entry
    for header in headers(records):
        written = entry_of(header)
        found = entries.pop(written.name, None)
        if found is None:
            return f"{written.name!r} is in the tar-split, and not (or once only) in the TOC"
        for field in (*_FIELDS, *_TIMES, "xattrs"):
            ours, theirs = _comparable(found, field), _comparable(written, field)
            if ours != theirs:
                return f"{written.name!r}: {field} is {ours!r} in the TOC and {theirs!r} in the tar-split"
    missing = next(iter(entries), None)
    return None if missing is None else f"{missing!r} is in the TOC, and not in the tar-split"


def _comparable(entry: Entry, field: str) -> Any:
    value = getattr(entry, field)
    if field in _TIMES:
        # Absent, the year 1 and 1970 are one value.
        moment = parse_time(value) if value else 0
        return 0 if moment == YEAR_ONE else moment
    if field == "xattrs":
        return {key: xattr_value(entry, text) for key, text in (value or {}).items()}
    return value
