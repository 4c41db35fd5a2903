"""Uploads a blob of any size in pieces; an interrupted piece is continued at the offset that the registry reports.

OCI distribution-spec 1.1, "Pushing a blob in chunks". Memory: one piece.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import urlencode

from conformance.format.oci import Descriptor
from conformance.reference.errors import RefusalError
from conformance.registry.client.client import RegistryClient, Response, TransportError, location_of, uploads_of

PIECE: Final = 16 * 2**20
"""Bytes of one request; a blob up to this size is sent in one request."""
MAX_PIECE: Final = 256 * 2**20
"""The maximum size of pieces that a registry may request (OCI-Chunk-Min-Length)."""
_ATTEMPTS: Final = 5
_FAILED_FOR_NOW: Final = frozenset({500, 502, 503, 504})
_RANGE: Final = re.compile(r"(?:bytes=)?0-(\d{1,18})")


class BlobUpload:
    """Sends blobs to one repository."""

    def __init__(
        self,
        client: RegistryClient,
        repository: str,
        *,
        piece: int = PIECE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._repository, self._piece, self._sleep = client, repository, piece, sleep
        self._scope = f"repository:{repository}:pull,push"

    def send(self, blob: Descriptor, content: Iterable[bytes]) -> Response:
        """The response that completed the upload; TransportError when the registry stops responding.

        ``content`` raises when these are not the bytes of the descriptor; the upload is then not completed.
        """
        if blob.size <= self._piece:
            return self._whole(blob, b"".join(content))
        base = uploads_of(self._repository)
        response = self._client.request("POST", base, headers={"Content-Length": "0"}, body=b"")
        wanted = response.header("OCI-Chunk-Min-Length") or ""
        size = min(max(self._piece, int(wanted[:12]) if wanted.isdecimal() else 0), MAX_PIECE)
        start = 0
        for piece in resized(content, size):
            if response.status != 202:
                return response
            base = location_of(response, base)
            response = self._append(base, start, piece)
            start += len(piece)
        return response if response.status != 202 else self._complete(location_of(response, base), blob)

    def _whole(self, blob: Descriptor, content: bytes) -> Response:
        """Send the blob in one request; an interrupted session is not used again."""
        for attempt in range(_ATTEMPTS):
            try:
                response = self._client.upload_blob(self._repository, content, digest=blob.digest)
            except TransportError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                if response.status not in _FAILED_FOR_NOW or attempt == _ATTEMPTS - 1:
                    return response
            self._sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    def _append(self, location: str, start: int, piece: bytes) -> Response:
        """Send one piece, repeatedly if necessary, each time from the first byte that the registry lacks."""
        sent = 0
        for attempt in range(_ATTEMPTS):
            left = piece[sent:]
            headers = {
                "Content-Range": f"{start + sent}-{start + len(piece) - 1}",
                "Content-Type": "application/octet-stream",
            }
            try:
                response = self._client.request(
                    "PATCH", location, headers=headers, body=left, retry=False, scope=self._scope
                )
                if response.status == 202 or (response.status not in _FAILED_FOR_NOW and response.status != 416):
                    return response
            except TransportError:
                if attempt == _ATTEMPTS - 1:
                    raise
            self._sleep(0.2 * 2**attempt)
            status = self._client.request("GET", location, scope=self._scope)
            if status.status not in (202, 204):
                return status
            sent = min(max(_received(status) - start, 0), len(piece))
            location = location_of(status, location) or location
            if sent == len(piece):
                return Response(202, (("Location", location),), b"", status.exchange)
        raise TransportError(f"the upload of a piece failed {_ATTEMPTS} times")

    def _complete(self, location: str, blob: Descriptor) -> Response:
        target = f"{location}{'&' if '?' in location else '?'}{urlencode({'digest': blob.digest})}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": "0"}
        try:
            return self._client.request("PUT", target, headers=headers, body=b"", retry=False, scope=self._scope)
        except TransportError:
            # The response was lost; if the blob exists, the request has arrived.
            found = self._client.head_blob(self._repository, blob.digest)
            if found.status != 200:
                raise
            return found


def resized(content: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of ``size``; the last one may be shorter."""
    held = bytearray()
    for part in content:
        held += part
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


def _received(status: Response) -> int:
    """How many bytes the registry has of an upload (its Range header, "0-N")."""
    text = status.header("Range") or ""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise RefusalError(f"the registry does not state how much of an upload it has: Range {text[:40]!r}")
    # "0-0" means one byte or none: registries report it for an upload without bytes. The piece is then sent again.
    last = int(match[1])
    return last + 1 if last else 0
