"""Calls, replies, and serving ranges of a blob by RFC 9110 section 14."""

import re
import secrets
from typing import Final

import msgspec

MAX_RANGES: Final = 4096
_RANGES = re.compile(r"bytes=\s*(.+)", re.IGNORECASE)
_ONE = re.compile(r"\s*(\d{0,18})-(\d{0,18})\s*")


class Call(msgspec.Struct, frozen=True):
    """One request; header names in lower case."""

    method: str
    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


class Wire(msgspec.Struct, frozen=True):
    """How a non-standard response is sent; the connection is closed after it.

    ``stated`` is a Content-Length other than the body's, ``chunked`` leaves it out. After ``cut`` bytes of the
    body nothing is sent for ``stall`` seconds, and then the connection is reset; without ``head`` no status is sent.
    ``interim`` is the status of a response before this one.
    """

    stated: int | None = None
    chunked: bool = False
    cut: int | None = None
    stall: float = 0.0
    head: bool = True
    interim: int | None = None


class Reply(msgspec.Struct, frozen=True):
    """One response; ``wire`` is None for one that is sent as HTTP requires."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""
    wire: Wire | None = None

    @property
    def sent(self) -> int:
        """The number of bytes of the body that are sent."""
        cut = self.wire.cut if self.wire is not None else None
        return len(self.body) if cut is None else min(cut, len(self.body))

    def replace(self, **changes: object) -> "Reply":
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)


def serve_content(call: Call, content: bytes, headers: dict[str, str]) -> Reply:
    """200, 206 (one part or multipart/byteranges, in request order) or 416."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    wanted = parse_ranges(call.header("range") or "", len(content)) if call.method == "GET" else None
    if wanted is None:
        return Reply(200, headers, content)
    if not wanted:
        return Reply(416, {"Content-Range": f"bytes */{len(content)}"})
    return ranges_reply(wanted, content, headers)


def ranges_reply(wanted: list[tuple[int, int]], content: bytes, headers: dict[str, str]) -> Reply:
    """The 206 for these inclusive ranges."""
    if len(wanted) == 1:
        first, last = wanted[0]
        own = {**headers, "Content-Range": f"bytes {first}-{last}/{len(content)}"}
        return Reply(206, own, content[first : last + 1])
    boundary = secrets.token_hex(16)
    media_type = headers.get("Content-Type", "application/octet-stream")
    pieces = []
    for first, last in wanted:
        stated = f"bytes {first}-{last}/{len(content)}"
        head = f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {stated}\r\n\r\n"
        pieces += [head.encode(), content[first : last + 1]]
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    return Reply(206, {**headers, "Content-Type": f"multipart/byteranges; boundary={boundary}"}, b"".join(pieces))


def parse_ranges(header: str, size: int) -> list[tuple[int, int]] | None:
    """Satisfiable inclusive ranges in request order; None when the header is absent or to be ignored; [] for 416."""
    match = _RANGES.fullmatch(header.strip())
    if match is None:
        return None
    texts = match[1].split(",")
    if len(texts) > MAX_RANGES:
        return None
    found = []
    for text in texts:
        one = _ONE.fullmatch(text)
        if one is None or not (one[1] or one[2]):
            return None
        if one[1]:
            first, last = int(one[1]), int(one[2]) if one[2] else size - 1
            if last < first and one[2]:
                return None
        else:
            first, last = max(size - int(one[2]), 0), size - 1
            if not int(one[2]):
                continue
        if first < size:
            found.append((first, min(last, size - 1)))
    return found
