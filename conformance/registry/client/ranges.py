"""Byte ranges: requesting them, and reading the response strictly (RFC 9110 sections 14 and 15.3.7).

Every part is verified against its own Content-Range; the requested ranges are not used.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from conformance.observed.evidence import Headers

# docs/format.md section 13: clients send at most 1024 ranges; four times that is not a valid response.
MAX_PARTS: Final = 4096
# RFC 9110 section 14.1: names of range units are case-insensitive.
_CONTENT_RANGE = re.compile(rb"(?i:bytes) (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
# RFC 9110 sections 5.6.4 and 5.6.6. A value without quotes may have the ":" that CloudFront sends (docs/format.md
# section 15).
_PARAMETER = re.compile(r"""\s*;\s*(?:([^\s=";]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";]*)))?""")
_MAX_BOUNDARY: Final = 200
# A field of a part may have several lines (RFC 5322 section 2.2.3).
_FOLD: Final = re.compile(rb"\r\n(?=[ \t])")


class RangeError(ValueError):
    """A response to a range request that is not what RFC 9110 allows; one line."""


class Range(msgspec.Struct, frozen=True):
    """``first``-``last``, both inclusive. ``first`` None: the last ``last`` bytes; ``last`` None: to the end."""

    first: int | None
    last: int | None

    def __str__(self) -> str:
        return f"{'' if self.first is None else self.first}-{'' if self.last is None else self.last}"


class Part(msgspec.Struct, frozen=True):
    """Bytes ``first`` to ``last`` of a blob of ``total`` bytes (None: the server did not state)."""

    first: int
    last: int
    total: int | None
    content: bytes


def range_header(ranges: Sequence[Range]) -> str:
    """The value of a Range header."""
    return "bytes=" + ",".join(str(item) for item in ranges)


def parse_response(status: int, headers: Headers, content: bytes) -> tuple[Part, ...]:
    """The parts of a 200 or 206 response, in the received order; RangeError for a malformed one."""
    if status == 200:
        return (Part(0, max(len(content) - 1, 0), len(content), content),)
    if status != 206:
        raise RangeError(f"HTTP {status} carries no content of the blob")
    content_type = _header(headers, "content-type")
    if content_type.lower().startswith("multipart/"):
        return _multipart(content_type, content)
    content_range = _header(headers, "content-range")
    if not content_range:
        raise RangeError("206 without Content-Range")
    return (_part(content_range.encode("latin-1", "replace"), content),)


def _multipart(content_type: str, content: bytes) -> tuple[Part, ...]:
    if not content_type.lower().startswith("multipart/byteranges"):
        raise RangeError(f"206 with Content-Type {content_type!r}")
    delimiter = b"--" + _boundary(content_type).encode("latin-1", "replace")
    position = 0 if content.startswith(delimiter) else content.find(b"\r\n" + delimiter) + 2
    if position < 2 and not content.startswith(delimiter):
        raise RangeError("the first boundary is missing in the multipart response")
    parts: list[Part] = []
    while True:
        position += len(delimiter)
        if content.startswith(b"--", position):
            if not parts:
                raise RangeError("a multipart response without parts")
            return tuple(parts)
        if len(parts) == MAX_PARTS:
            raise RangeError(f"more than {MAX_PARTS} parts")
        part, position = _next_part(content, position, len(parts))
        parts.append(part)
        if not content.startswith(b"\r\n" + delimiter, position):
            raise RangeError(
                f"part {len(parts)} is not followed by the boundary: it is longer or shorter than it states"
            )
        position += 2


def _boundary(content_type: str) -> str:
    position = len(content_type.partition(";")[0].rstrip())
    while match := _PARAMETER.match(content_type, position):
        quoted = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        if (match[1] or "").lower() == "boundary" and quoted and len(quoted) <= _MAX_BOUNDARY:
            return quoted
        position = match.end()
    raise RangeError(f"multipart/byteranges without a boundary: {content_type!r}")


def _next_part(content: bytes, position: int, number: int) -> tuple[Part, int]:
    """The part whose boundary ends at ``position``; its length comes from its own Content-Range."""
    end = content.find(b"\r\n\r\n", position, position + 16384)
    if end < 0:
        raise RangeError(f"the headers of part {number + 1} do not end")
    padding, *lines = _FOLD.sub(b"", content[position:end]).split(b"\r\n")
    if padding.strip(b" \t"):
        raise RangeError(f"the line of the boundary before part {number + 1} has other text")
    fields = [line.partition(b":") for line in lines]
    if not all(colon for _, colon, _ in fields):
        raise RangeError(f"part {number + 1} has a line that is no header")
    values = [value.strip() for name, _, value in fields if name.strip().lower() == b"content-range"]
    if len(values) != 1:
        raise RangeError(f"part {number + 1} has {len(values)} Content-Range headers")
    first, last, _ = _content_range(values[0])
    start, stop = end + 4, end + 4 + last - first + 1
    return _part(values[0], content[start:stop]), stop


def _part(content_range: bytes, content: bytes) -> Part:
    first, last, total = _content_range(content_range)
    if len(content) != last - first + 1:
        raise RangeError(f"Content-Range {first}-{last} names {last - first + 1} bytes, {len(content)} were received")
    return Part(first, last, total, content)


def _content_range(value: bytes) -> tuple[int, int, int | None]:
    match = _CONTENT_RANGE.fullmatch(value)
    if match is None:
        raise RangeError(f"Content-Range {value[:80].decode('latin-1')!r} is malformed")
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == b"*" else int(match[3])
    if last < first or (total is not None and last >= total):
        raise RangeError(f"Content-Range {value.decode('latin-1')!r} contradicts itself")
    return first, last, total


def _header(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
