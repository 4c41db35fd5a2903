"""CRC-64 with the ISO polynomial, as tar-split records it of every file (docs/format.md section 12)."""

from fastcrc import crc64 as _fast


class Crc64:
    """A running checksum: ``update`` with pieces of any size."""

    def __init__(self) -> None:
        self.value = 0

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        self.value = _fast.go_iso(piece, self.value)

    def digest(self) -> bytes:
        """Eight bytes, big-endian: the form in which a tar-split keeps it."""
        return self.value.to_bytes(8, "big")


def crc64(content: bytes | memoryview) -> int:
    """The checksum of these bytes."""
    return _fast.go_iso(content)
