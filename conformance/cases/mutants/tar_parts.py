"""Parts of the tar constructs."""

from typing import Final

from conformance.images.raw_tar import END, extended, file

LONG: Final = b"d/" + b"n" * 150
CUT: Final = LONG[:100]
TEXT: Final = b"content\n"
HIDDEN: Final = file(b"EVIL", b"evil") + END
"""An archive as content: a reader that reads the size of the file as 0 finds another entry."""
LINK: Final = file(b"odd", b"", b"2", linkname=b"to")


def odd(**fields: bytes) -> bytes:
    """One irregular file with content."""
    return file(b"odd", TEXT, **fields)


def with_records(*records: tuple[bytes, bytes], name: bytes = b"odd", typeflag: bytes = b"0", **fields: bytes) -> bytes:
    """A file after an extended header with these records."""
    content = TEXT if typeflag == b"0" else b""
    return extended(records) + file(name, content, typeflag, **fields)


def base256(value: int, width: int, first: int = 0x80) -> bytes:
    return bytes([first]) + value.to_bytes(width - 1, "big", signed=value < 0)
