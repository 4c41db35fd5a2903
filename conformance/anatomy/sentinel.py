"""The fields of a sentinel blob, at their positions in the published revision."""

from typing import Final

from conformance.anatomy.model import FieldView, SentinelView
from conformance.format.sentinel import MESSAGE_OFFSET, known_revision
from conformance.format.tarheader import BLOCK, CHECKSUM, MAGIC

NAME_END: Final = 100
FIELDS: Final = (
    ("name", 0, NAME_END),
    ("mode, owner, size, time", NAME_END, CHECKSUM.start),
    ("checksum", CHECKSUM.start, CHECKSUM.stop),
    ("type, link name", CHECKSUM.stop, MAGIC.start),
    ("magic", MAGIC.start, MAGIC.stop),
    ("message", MESSAGE_OFFSET, BLOCK),
)
"""The fields of a tar header; the message is at the position of version, owner names and prefix."""


def view_sentinel(content: bytes) -> SentinelView:
    """The fields with content; the bytes after the first block are one more field."""
    fields = [_field(name, start, end, content) for name, start, end in FIELDS if any(content[start:end])]
    if len(content) > BLOCK:
        fields.append(_field("after the first block", BLOCK, len(content), content))
    revision = known_revision(content)
    return SentinelView(len(content), revision.name if revision else "", tuple(fields), content)


def field_at(offset: int) -> str:
    """The name of the field at this byte of the first block."""
    return next(name for name, start, end in FIELDS if start <= offset < end)


def _field(name: str, start: int, end: int, content: bytes) -> FieldView:
    held = content[start:end]
    stop = start + len(held.rstrip(b"\0"))
    shown = content[start:stop]
    return FieldView(name, start, stop, shown.hex(), _text(shown))


def _text(raw: bytes) -> str:
    """ASCII unchanged, other bytes as dots; line ends are retained."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F or byte == 0x0A else "." for byte in raw)
