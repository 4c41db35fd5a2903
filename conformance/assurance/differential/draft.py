"""A tar in pieces for mutations: header blocks with the bytes after each, and the end of the archive."""

from dataclasses import dataclass, field
from typing import Final

BLOCK: Final = 512
_CHECKSUM: Final = slice(148, 156)
_BLANKS: Final = 8 * 0x20
_HEADER_ONLY: Final = frozenset(b"123456")


@dataclass
class Piece:
    """One header block, and the bytes up to the next one. ``spelling``: the form of its checksum."""

    header: bytearray
    payload: bytearray = field(default_factory=bytearray)
    spelling: str = "usual"

    def copy(self) -> "Piece":
        return Piece(bytearray(self.header), bytearray(self.payload), self.spelling)

    @property
    def flag(self) -> int:
        """The type flag."""
        return self.header[156]


@dataclass
class Draft:
    """The pieces in order, and the end of the archive."""

    pieces: list[Piece]
    end: bytearray

    def copy(self) -> "Draft":
        return Draft([piece.copy() for piece in self.pieces], bytearray(self.end))

    def build(self) -> bytes:
        """The archive, with right checksums except those that are wrong on purpose."""
        parts: list[bytes] = []
        for piece in self.pieces:
            header = bytes(piece.header)
            parts.append(with_checksum(header, piece.spelling) if any(header) else header)
            parts.append(bytes(piece.payload))
        return b"".join((*parts, bytes(self.end)))


def parse(tar: bytes) -> Draft:
    """Split an archive into pieces; the bytes from the first invalid header on become the end."""
    pieces: list[Piece] = []
    position = 0
    while position + BLOCK <= len(tar) and any(block := tar[position : position + BLOCK]):
        size = size_of(block)
        if size is None:
            break
        end = position + BLOCK + size + -size % BLOCK
        if end > len(tar):
            break
        pieces.append(Piece(bytearray(block), bytearray(tar[position + BLOCK : end])))
        position = end
    return Draft(pieces, bytearray(tar[position:]))


def size_of(block: bytes) -> int | None:
    """The number of content bytes after a header, as most readers determine it; None for an invalid field."""
    raw = block[124:136]
    if block[156] in _HEADER_ONLY:
        return 0
    if raw[0] == 0x80:
        return int.from_bytes(raw[1:], "big")
    digits = raw.split(b"\0")[0].strip(b" ")
    if digits.translate(None, b"01234567"):
        return None
    return int(digits, 8) if digits else 0


def with_checksum(block: bytes, spelling: str = "usual") -> bytes:
    """The block with its checksum in one of the SPELLINGS."""
    blank = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(blank)
    signed = unsigned - 256 * sum(byte > 127 for byte in blank)
    field_of = {
        "usual": b"%06o\0 " % unsigned,
        "NUL at the end": b"%07o\0" % unsigned,
        "blank at the end": b"%07o " % unsigned,
        "blanks before": b"%6o\0 " % unsigned,
        "eight digits": b"%08o" % unsigned,
        "NULs around": b"\0%05o\0\0" % unsigned,
        "base-256": b"\x80" + unsigned.to_bytes(7, "big"),
        "signed": b"%06o\0 " % max(signed, 0),
        "wrong": b"%06o\0 " % (unsigned + 1),
    }
    return block[:148] + field_of[spelling][:8] + block[156:]


SPELLINGS: Final = (
    "usual",
    "NUL at the end",
    "blank at the end",
    "blanks before",
    "eight digits",
    "NULs around",
    "base-256",
    "signed",
    "wrong",
)


def extended(flag: bytes, content: bytes, name: bytes = b"././@PaxHeader", template: bytes | None = None) -> Piece:
    """An extended header of this type, in the form of ``template`` (a header block) or of ustar."""
    header = bytearray(template or bytes(257) + b"ustar\x0000" + bytes(BLOCK - 265))
    header[0:100] = name.ljust(100, b"\0")[:100]
    header[100:108], header[108:116], header[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    header[124:136] = b"%011o\0" % len(content)
    header[136:148] = b"00000000000\0"
    header[156:157] = flag
    header[157:257] = bytes(100)
    header[345:500] = bytes(155)
    return Piece(header, bytearray(content + bytes(-len(content) % BLOCK)))


def pax_record(key: bytes, value: bytes) -> bytes:
    """One record with the right length (POSIX pax, "extended header")."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(b"%d" % length) + len(rest) != length:
        length += 1
    return b"%d" % length + rest
