"""Downloads a blob of any size into a file; an interrupted download is continued by a byte range.

An incomplete file of an earlier run is continued too. The whole is verified by size and digest before it is returned.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO, Final

from conformance.building.errors import BuildError
from conformance.format.digest import Digest
from conformance.format.oci import Descriptor
from conformance.registry.client.client import RegistryClient, Response, TransportError
from conformance.registry.client.ranges import Range, RangeError, parse_response
from conformance.sources.remote import explain_status
from conformance.sources.source import MAX_LAYER, most_of

PIECE: Final = 16 * 2**20
"""Bytes of one range request; a blob up to this size is requested whole."""
_SLACK: Final = 2**20
_ATTEMPTS: Final = 5


class BlobDownload:
    """Downloads blobs of one repository into files of a directory."""

    def __init__(
        self,
        client: RegistryClient,
        repository: str,
        directory: Path,
        *,
        piece: int = PIECE,
        on_bytes: Callable[[int], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._repository, self._directory = client, repository, directory
        self._piece, self._on_bytes, self._sleep = piece, on_bytes, sleep

    def fetch(self, blob: Descriptor) -> Path:
        """The verified file of this blob, which belongs to the caller. Raise BuildError when the download fails."""
        digest = Digest.parse(blob.digest)
        if not 0 <= blob.size <= MAX_LAYER:
            raise BuildError(f"blob {digest}: a size of {blob.size} bytes; at most {MAX_LAYER} are fetched")
        path = self._directory / f"{digest.algorithm}-{digest.hex}"
        with _alone(path) as file:
            self._fill(file, blob, digest)
            file.seek(0)
            found = hashlib.file_digest(file, digest.algorithm).hexdigest()
            if found != digest.hex:
                path.unlink()
                raise BuildError(f"blob {digest}: the registry sent bytes of the digest {digest.algorithm}:{found}")
            os.fsync(file.fileno())
        return path

    def _fill(self, file: BinaryIO, blob: Descriptor, digest: Digest) -> None:
        """Download until the file has the size of the blob; bytes of an earlier run are not requested again."""
        if file.seek(0, os.SEEK_END) > blob.size:
            file.truncate(0)
        failures = 0
        while (have := file.seek(0, os.SEEK_END)) < blob.size:
            try:
                self._piece_of(file, have, blob, digest)
            except (TransportError, RangeError) as error:
                failures += 1
                if failures == _ATTEMPTS:
                    raise BuildError(f"blob {digest}: {error}") from None
                self._sleep(0.2 * 2**failures)
                continue
            now = file.seek(0, os.SEEK_END)
            self._on_bytes(max(now - have, 0))
            failures = 0 if now > have else failures + 1
            if now > blob.size or failures == _ATTEMPTS:
                raise BuildError(f"blob {digest}: the registry sent {now} bytes; the descriptor states {blob.size}")

    def _piece_of(self, file: BinaryIO, have: int, blob: Descriptor, digest: Digest) -> None:
        last = min(have + self._piece, blob.size) - 1
        whole = have == 0 and last == blob.size - 1
        response = self._client.get_blob(
            self._repository,
            str(digest),
            ranges=() if whole else (Range(have, last),),
            max_bytes=self._piece + _SLACK,
            sink=file,
            sink_bytes=most_of(blob),
        )
        if response.status == 200:  # the file has all bytes, whatever was requested
            if file.seek(0, os.SEEK_END) != blob.size:
                size = file.tell()
                raise BuildError(f"blob {digest}: the registry sent {size} bytes; the descriptor states {blob.size}")
            return
        if response.status != 206:
            raise BuildError(f"blob {digest}: {_refusal(response)}")
        (part, *more) = parse_response(response.status, response.headers, response.content)
        if more or part.first != have or part.last > last:
            raise RangeError(f"the registry sent bytes {part.first}-{part.last}; {have}-{last} were requested")
        file.seek(have)
        file.write(part.content)


@contextmanager
def _alone(path: Path) -> Iterator[BufferedRandom]:
    """Open the file exclusively."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    with os.fdopen(handle, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BuildError(f"{path}: another process is downloading it") from None
        yield file


def _refusal(response: Response) -> str:
    return "the registry does not have it (HTTP 404)" if response.status == 404 else explain_status(response)
