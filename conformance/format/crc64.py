"""CRC-64 with the ISO polynomial, which a tar-split records for every file (docs/format.md section 12)."""

from fastcrc import crc64 as _fast


class Crc64:
    """A running checksum: ``update`` with pieces of any size."""

    def __init__(self) -> None:
        self.value = 0

    def update(self, piece: bytes | memoryview) -> None:
        """Add the next bytes."""
        self.value = _fast.go_iso(piece, self.value)

    def digest(self) -> bytes:
        """Eight bytes, big-endian, as a tar-split has them."""
        return self.value.to_bytes(8, "big")


def crc64(content: bytes | memoryview) -> int:
    """The checksum of these bytes."""
    return _fast.go_iso(content)
