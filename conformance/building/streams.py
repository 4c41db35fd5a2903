"""Tars as streams of pieces, with digest and size at the end."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from conformance.building.errors import BuildError
from conformance.format.digest import Digest
from conformance.format.piece_stream import PieceStream
from conformance.format.tar import BLOCK, TarReader
from conformance.format.tarheader import matching_checksum

_PIECE: Final = 2**20


class Counted:
    """Passes pieces on, and has their size at the end."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            yield piece


class Hashed(Counted):
    """Has their digest too."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__(pieces)
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in super().__iter__():
            self._hash.update(piece)
            yield piece

    @property
    def digest(self) -> Digest:
        return Digest("sha256", self._hash.hexdigest())


def file_pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a tar file. Raise BuildError if it cannot be read, or does not begin as a tar."""
    try:
        with path.open("rb") as file:
            first = file.read(_PIECE)
            if any(first[:BLOCK]) and (len(first) < BLOCK or matching_checksum(first[:BLOCK]) is None):
                raise BuildError(f"{path}: no tar header at tar byte 0 (only uncompressed tars are read)")
            while first:
                yield first
                first = file.read(_PIECE)
    except OSError as error:
        raise BuildError(f"{path}: {error.strerror}") from None


def checked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes. Raise FormatError where they are not a tar."""
    reader = TarReader(cast("BinaryIO", PieceStream(pieces)))
    while reader.header() is not None:
        yield reader.take_raw()
        yield from map(bytes, reader.content())
    yield reader.take_raw()
    yield from map(bytes, reader.rest())
