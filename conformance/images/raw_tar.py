"""Tar archives assembled from raw fields, in ordinary forms and in forms that no current writer writes.

Source: POSIX.1-2017 pax ("ustar Interchange Format", "pax Extended Header"), the GNU tar manual ("Basic Tar Format").
"""

from collections.abc import Sequence
from typing import Final

from conformance.format.tarheader import BLOCK, write_checksum

FIELDS: Final = {
    "name": (0, 100),
    "mode": (100, 108),
    "uid": (108, 116),
    "gid": (116, 124),
    "size": (124, 136),
    "mtime": (136, 148),
    "checksum": (148, 156),
    "typeflag": (156, 157),
    "linkname": (157, 257),
    "magic": (257, 265),
    "uname": (265, 297),
    "gname": (297, 329),
    "devmajor": (329, 337),
    "devminor": (337, 345),
    "prefix": (345, 500),
    "tail": (500, 512),
}
"""First byte and end of each field of a ustar header; ``magic`` is magic and version."""
USTAR: Final = b"ustar\x0000"
GNU: Final = b"ustar  \0"
V7: Final = bytes(8)
END: Final = bytes(2 * BLOCK)


def header(name: bytes, size: int | bytes = 0, typeflag: bytes = b"0", **fields: bytes) -> bytes:
    """A header with a right checksum; ``fields`` are raw bytes, padded with NULs.

    A ``size`` in bytes and a given ``checksum`` are used unchanged.
    """
    values = {
        "name": name,
        "mode": b"0000644\0",
        "uid": b"0000000\0",
        "gid": b"0000000\0",
        "size": size if isinstance(size, bytes) else b"%011o\0" % size,
        "mtime": b"00000000000\0",
        "typeflag": typeflag,
        "magic": USTAR,
        "devmajor": b"0000000\0",
        "devminor": b"0000000\0",
        **fields,
    }
    if values["magic"] == V7:
        values |= {"devmajor": fields.get("devmajor", b""), "devminor": fields.get("devminor", b"")}
    block = b"".join(values.get(field, b"").ljust(end - start, b"\0") for field, (start, end) in FIELDS.items())
    if len(block) != BLOCK:
        raise ValueError("a field of a tar header is longer than its place")
    return block if "checksum" in fields else write_checksum(block)


def padded(content: bytes, fill: bytes = b"") -> bytes:
    """The content and the padding of its last block: ``fill``, then NULs."""
    return content + fill.ljust(-len(content) % BLOCK, b"\0")


def file(
    name: bytes, content: bytes = b"", typeflag: bytes = b"0", size: int | bytes | None = None, **fields: bytes
) -> bytes:
    """An entry: its header and content."""
    return header(name, len(content) if size is None else size, typeflag, **fields) + padded(content)


def record(key: bytes, value: bytes) -> bytes:
    """One PAX record: its length in decimal, which counts itself, a blank, key, equals sign, value, newline."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)


def extended(records: Sequence[tuple[bytes, bytes]] | bytes, typeflag: bytes = b"x", **fields: bytes) -> bytes:
    """A PAX extended header with these records, or with these bytes unchanged."""
    content = records if isinstance(records, bytes) else b"".join(record(*each) for each in records)
    return file(b"PaxHeaders.0/x", content, typeflag, **fields)


def long_name(payload: bytes, typeflag: bytes = b"L", **fields: bytes) -> bytes:
    """A GNU long name (L) or long link (K) with this payload unchanged."""
    return file(b"././@LongLink", payload, typeflag, **{"magic": GNU, **fields})
