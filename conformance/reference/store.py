"""Stores contents by digest between pulls. A stored content is hashed again before use: the disk is not trusted."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from conformance.format.digest import Digest

_PIECE: Final = 2**20


class ContentStore:
    """A directory with one file for each digest; files have this ``mode``."""

    def __init__(self, directory: Path, mode: int = 0o600) -> None:
        self._directory, self._mode = directory, mode
        self._known: set[Digest] = set()
        directory.mkdir(parents=True, exist_ok=True)

    def has(self, digest: Digest) -> bool:
        """Whether the store has this content; a file without its digest is removed."""
        if digest in self._known:
            return True
        path = self.path(digest)
        if not path.is_file():
            return False
        if _hash(path, digest.algorithm) != digest.hex:
            path.unlink()
            return False
        self._known.add(digest)
        return True

    def path(self, digest: Digest) -> Path:
        """The path of this content, whether it exists or not."""
        return self._directory / digest.algorithm / digest.hex

    def pieces(self, digest: Digest) -> Iterator[bytes]:
        """The content, which must be in the store."""
        with self.path(digest).open("rb") as file:
            yield from iter(lambda: file.read(_PIECE), b"")

    @contextmanager
    def writing(self, algorithm: str = "sha256", *, digest: bool = True) -> Iterator["Writing"]:
        """A content to write piece by piece; it is stored only if ``commit`` is called.

        Without ``digest`` the caller computes it, and gives it to ``commit``.
        """
        writing = Writing(self, self._directory, algorithm if digest else "")
        with writing:
            yield writing

    def put(self, content: bytes, algorithm: str = "sha256") -> Digest:
        """Store this content."""
        digest = Digest.of(content, algorithm)
        if not self.has(digest):
            with self.writing(algorithm) as writing:
                writing.write(content)
                writing.commit()
        return digest

    def adopt(self, path: Path, digest: Digest) -> None:
        """Move a file on the same file system into the store; the caller has verified its digest."""
        self._keep(path, digest)

    def _keep(self, temporary: Path, digest: Digest) -> None:
        path = self.path(digest)
        path.parent.mkdir(exist_ok=True)
        temporary.chmod(self._mode)
        temporary.replace(path)
        self._known.add(digest)


class Writing:
    """A file being written, with its size and digest so far."""

    def __init__(self, store: ContentStore, directory: Path, algorithm: str) -> None:
        handle, name = tempfile.mkstemp(dir=directory, prefix="incoming-")
        self._file: BinaryIO = os.fdopen(handle, "wb")
        self._path, self._store, self._algorithm = Path(name), store, algorithm
        self._hash = hashlib.new(algorithm) if algorithm else None
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Write the next bytes."""
        self._file.write(piece)
        if self._hash is not None:
            self._hash.update(piece)
        self.size += len(piece)

    @property
    def digest(self) -> Digest:
        """The digest of the bytes so far."""
        if self._hash is None:
            raise ValueError("the caller computes the digest")
        return Digest(self._algorithm, self._hash.hexdigest())

    def commit(self, verified: Digest | None = None) -> Digest:
        """Store the content under its digest, or under another one that the caller has verified."""
        self._file.close()
        digest = verified or self.digest
        self._store._keep(self._path, digest)
        return digest

    def __enter__(self) -> "Writing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def _hash(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
