"""One entry of a layer, from its tar or from its TOC, in one form."""

from typing import Any, Final

import msgspec

from conformance.format.digest import Digest
from conformance.format.entries import TYPE_OF_FLAG, xattr_value
from conformance.format.tar import NANOSECONDS, TarHeader
from conformance.format.times import YEAR_ONE, format_time, parse_time
from conformance.format.toc import Entry

_EMPTY: Final = str(Digest.of(b""))
_SHOWN_HEX: Final = 24


class Node(msgspec.Struct, frozen=True):
    """``name`` is as written, with bytes that are not UTF-8 as surrogates; times in nanoseconds since 1970.

    ``digest`` is that of the content, "" when there is no content.
    """

    type: str
    name: str
    link: str = ""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    atime: int = 0
    ctime: int = 0
    device: tuple[int, int] = (0, 0)
    xattrs: dict[str, bytes] = {}
    digest: str = ""

    @property
    def weight(self) -> int:
        """The approximate number of bytes of its fields of variable length."""
        return len(self.name) + len(self.link) + sum(len(key) + len(value) for key, value in self.xattrs.items())


def node_of_header(header: TarHeader, digest: str) -> Node:
    """The node of a tar header; ``digest`` is that of its content."""
    return Node(
        TYPE_OF_FLAG.get(header.typeflag, f"tar type {header.typeflag!r}") + (", sparse" if header.is_sparse else ""),
        _text(header.name),
        _text(header.link_name),
        header.mode,
        header.uid,
        header.gid,
        header.size,
        _moment(header.mtime),
        _moment(header.atime),
        _moment(header.ctime),
        (header.dev_major, header.dev_minor),
        {_text(key): value for key, value in header.xattrs.items()},
        digest if header.size else "",
    )


def node_of_entry(entry: Entry) -> Node:
    """The node of a TOC entry other than a chunk; raise FormatError where it cannot be read."""
    return Node(
        entry.type,
        entry.name,
        entry.link_name,
        entry.mode,
        entry.uid,
        entry.gid,
        entry.size,
        _toc_moment(entry.modtime),
        _toc_moment(entry.accesstime),
        _toc_moment(entry.changetime),
        (entry.dev_major, entry.dev_minor),
        {key: xattr_value(entry, text) for key, text in (entry.xattrs or {}).items()},
        "" if entry.digest == _EMPTY and not entry.size else entry.digest,
    )


def attributes(node: Node) -> dict[str, Any]:
    """The compared attributes by name."""
    return {
        "type": node.type,
        "name": node.name,
        "link": node.link,
        "mode": node.mode,
        "owner": (node.uid, node.gid),
        "size": node.size,
        "modified": node.mtime,
        "accessed": node.atime,
        "changed": node.ctime,
        "device": node.device,
        "content": node.digest,
    }


def shown(field: str, value: Any) -> str:
    """A value as text."""
    if field == "mode":
        return f"{value:04o}"
    if field in ("owner", "device"):
        return f"{value[0]}:{value[1]}"
    if field in ("modified", "accessed", "changed"):
        return _time_text(value)
    if isinstance(value, bytes):
        return _bytes_text(value)
    return str(value) or "none"


def describe(node: Node) -> str:
    """A short description of an entry."""
    words = [node.type, shown("mode", node.mode), shown("owner", (node.uid, node.gid))]
    if node.size:
        words.append(f"{node.size} bytes")
    if node.link:
        words.append(f"-> {node.link}")
    return " ".join(words)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _moment(moment: int | None) -> int:
    return 0 if moment in (None, YEAR_ONE) else moment or 0


def _toc_moment(text: str) -> int:
    # Absent, the year 1 and 1970 are one value (docs/format.md section 11.3).
    return _moment(parse_time(text)) if text else 0


def _time_text(moment: int) -> str:
    try:
        return format_time(moment)
    except ValueError:
        return f"{moment // NANOSECONDS} seconds"


def _bytes_text(value: bytes) -> str:
    if value.isascii() and (text := value.decode()).isprintable() and text:
        return repr(text[:80])
    return f"{value[:_SHOWN_HEX].hex()}{'…' if len(value) > _SHOWN_HEX else ''} ({len(value)} bytes)"
