"""The payload of the last skippable frame, in its three historical forms (docs/format.md section 9.4).

The reference client never reads it: the annotations take precedence, and a footer that differs from them is a finding.
"""

import struct
from enum import StrEnum
from typing import Final

import msgspec

from conformance.format.errors import FormatError
from conformance.format.positions import Position, Positions, TocPosition

MAGIC: Final = b"GNUlInUx"
LEGACY_MAGIC: Final = b"GnUlInUx"
CURRENT_SIZE: Final = 64
_NUMBER_COUNT = 4
_PADDING = 16


class FooterForm(StrEnum):
    """Length and magic are the version of a footer; only ``current`` conforms (FOOTER-001, -005, -006)."""

    CURRENT = "current"
    TRANSITIONAL = "transitional"
    FIRST = "first"


FORM_OF_SIZE: Final = {CURRENT_SIZE: FooterForm.CURRENT, 56: FooterForm.TRANSITIONAL, 40: FooterForm.FIRST}


class Footer(msgspec.Struct, frozen=True):
    """The content of a footer. ``toc.type`` is as written, not judged; the old forms have no tar-split."""

    form: FooterForm
    toc: TocPosition
    tar_split: Position | None = None

    @property
    def is_legacy(self) -> bool:
        """Whether an old writer wrote it."""
        return self.form is not FooterForm.CURRENT

    @property
    def positions(self) -> Positions:
        """The same numbers in the form of the annotations; a tar-split at offset 0 is None."""
        absent = self.tar_split is None or self.tar_split.offset == 0
        return Positions(self.toc, None if absent else self.tar_split)

    @classmethod
    def parse(cls, payload: bytes | memoryview) -> "Footer":
        """Read the payload of the last skippable frame; raise FormatError if it has none of the three forms."""
        raw = bytes(payload[:CURRENT_SIZE])
        form = FORM_OF_SIZE.get(len(payload))
        if form is None:
            raise FormatError(f"a footer has 64 bytes (40 or 56 in old layers); this one has {len(payload)}")
        numbers = struct.unpack_from(f"<{_NUMBER_COUNT}Q", raw)
        toc = TocPosition(*numbers)
        if form is FooterForm.CURRENT:
            _expect(raw, 56, MAGIC)
            return cls(form, toc, Position(*struct.unpack_from("<3Q", raw, 32)))
        _expect(raw, 32, LEGACY_MAGIC)
        if form is FooterForm.TRANSITIONAL:
            _expect(raw, 40, bytes(_PADDING))
        return cls(form, toc)

    def build(self) -> bytes:
        """The payload bytes; numbers must fit 64 bits."""
        numbers = struct.pack("<4Q", self.toc.offset, self.toc.compressed, self.toc.uncompressed, self.toc.type)
        if self.form is FooterForm.CURRENT:
            split = self.tar_split or Position(0, 0, 0)
            return numbers + struct.pack("<3Q", split.offset, split.compressed, split.uncompressed) + MAGIC
        return numbers + LEGACY_MAGIC + (bytes(_PADDING) if self.form is FooterForm.TRANSITIONAL else b"")


def _expect(raw: bytes, offset: int, wanted: bytes) -> None:
    found = raw[offset : offset + len(wanted)]
    if found != wanted:
        raise FormatError(f"{wanted!r} is expected and {found!r} found", where=f"footer byte {offset}")
