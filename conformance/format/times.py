"""Times of a TOC: RFC 3339 text to and from nanoseconds since 1970 (docs/format.md section 11.1, TOC-011)."""

import functools
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from conformance.format.errors import FormatError

NANOSECONDS: Final = 10**9
_FIRST: Final = -62_135_596_800
YEAR_ONE: Final = _FIRST * NANOSECONDS
"""The zero time of Go: the reference leaves it out, old writers write it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = 253_402_300_799
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)


def parse_time(text: str) -> int:
    """Nanoseconds since 1970; raise FormatError unless the text is RFC 3339 with at most nine fraction digits."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise FormatError(f"{text[:80]!r} is not an RFC 3339 time")
    *fields, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime(*(int(field) for field in fields), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise FormatError(f"{text!r} is not an RFC 3339 time: {error}") from None
    offset = 0
    if sign:
        if int(hours) > 23 or int(minutes) > 59:
            raise FormatError(f"{text!r} has an impossible zone")
        offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1)
    seconds = (moment - _EPOCH) // timedelta(seconds=1) - offset
    return seconds * NANOSECONDS + int((fraction or "").ljust(9, "0"))


@functools.lru_cache(maxsize=1024)  # files of a package have the same times
def format_time(nanoseconds: int) -> str:
    """RFC 3339 in UTC without trailing zeros; empty for the year-1 time; raise FormatError outside years 1 to 9999."""
    if nanoseconds == YEAR_ONE:
        return ""
    seconds, fraction = divmod(nanoseconds, NANOSECONDS)
    if not _FIRST <= seconds <= _LAST:
        raise FormatError(
            f"a time {seconds} seconds from 1970 is outside the years 1 to 9999 that RFC 3339 can represent"
        )
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{text}{digits}Z"
