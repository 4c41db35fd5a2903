"""Fetches byte ranges of one blob, with the fall-backs that some registries need (docs/format.md sections 4 and 15).

Every part is placed by its Content-Range, never by its order; bytes that were not requested are ignored. The caller
verifies the bytes by their digests.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec

from conformance.format.oci import Descriptor
from conformance.reference.errors import NoRangesError, RefusalError
from conformance.registry.client.client import RegistryClient, Response
from conformance.registry.client.ranges import Part, Range, RangeError, parse_response

MAX_RANGES: Final = 1024
"""Maximum ranges in one request."""
MAX_GAP: Final = 1024
"""Two ranges with at most this many bytes between them are joined."""
MAX_REQUEST: Final = 64 * 2**20
"""Maximum bytes of one request, unless one range alone is longer."""
MAX_RESPONSE: Final = 2**30
# Headers of a part: boundary, Content-Type, Content-Range.
_PART_OVERHEAD: Final = 1024
# Statuses that mean "no ranges", not "no such blob" or "try later".
_NO_RANGES: Final = frozenset({400, 405, 416, 501})


class Span(msgspec.Struct, frozen=True, order=True):
    """Bytes from ``start`` to before ``end``."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


class BlobRanges:
    """Fetches spans of one blob; a whole body (status 200) is stored and not fetched again."""

    def __init__(self, client: RegistryClient, repository: str, blob: Descriptor) -> None:
        self._client, self._repository, self.blob = client, repository, blob
        self._whole: bytes | None = None
        self._limit = MAX_RANGES

    def fetch(self, spans: Sequence[Span], *, merge: bool = True) -> dict[Span, bytes]:
        """The bytes of every span. Raise NoRangesError when the registry serves no ranges, RefusalError for false
        responses.
        """
        wanted = _merged(spans) if merge else sorted(set(spans))
        got = _Parts()
        while wanted:
            batch = self._batch(wanted)
            if self._whole is None:
                got.add(self.response_of(batch))
            if self._whole is not None:
                got = _Parts([Part(0, len(self._whole) - 1, len(self._whole), self._whole)])
            missing = [span for span in batch if got.cut(span) is None]
            self._limit = self.next_limit(len(batch), len(batch) - len(missing))
            wanted = missing + wanted[len(batch) :]
        return {span: got.cut(span) or b"" for span in spans}

    def response_of(self, batch: Sequence[Span]) -> list[Part]:
        """The parts of the response to one request; none when the registry requires fewer ranges."""
        response = self.ask(batch)
        if response.status == 200:
            self._whole = self.check_whole(response.content)
            return []
        if response.status == 206:
            return self.check_parts(response)
        if response.status in _NO_RANGES:
            if len(batch) > 1:
                return []
            raise NoRangesError(f"the registry does not serve byte ranges (HTTP {response.status})")
        raise RefusalError(f"{self.blob.digest}: the registry responded with HTTP {response.status} to a range request")

    def ask(self, batch: Sequence[Span]) -> Response:
        """Send the request."""
        ranges = [Range(span.start, span.end - 1) for span in batch]
        expected = sum(span.size + _PART_OVERHEAD for span in batch)
        limit = min(max(expected, self.blob.size), MAX_RESPONSE)
        return self._client.get_blob(self._repository, self.blob.digest, ranges=ranges, max_bytes=limit)

    def check_whole(self, content: bytes) -> bytes:
        """Require the length of the blob for a whole body."""
        if len(content) != self.blob.size:
            raise RefusalError(f"{self.blob.digest}: {len(content)} bytes came; the blob has {self.blob.size}")
        return content

    def check_parts(self, response: Response) -> list[Part]:
        """The parts of a 206, each checked against its Content-Range and the size of the blob."""
        try:
            parts = parse_response(response.status, response.headers, response.content)
        except RangeError as error:
            raise RefusalError(f"{self.blob.digest}: {error}") from None
        for part in parts:
            if part.total not in (None, self.blob.size) or part.last >= self.blob.size:
                came = f"bytes {part.first}-{part.last} of {part.total}"
                raise RefusalError(f"{self.blob.digest}: {came} came; the blob has {self.blob.size}")
        return list(parts)

    def next_limit(self, asked: int, came: int) -> int:
        """The number of ranges in the next request: at most the number received, or half when none was received."""
        if came == 0 and asked == 1:
            raise RefusalError(f"{self.blob.digest}: the registry did not send the bytes that were requested")
        return self._limit if came == asked else max(came or asked // 2, 1)

    def _batch(self, wanted: Sequence[Span]) -> list[Span]:
        batch: list[Span] = []
        size = 0
        for span in wanted[: self._limit]:
            size += span.size
            if batch and size > MAX_REQUEST:
                break
            batch.append(span)
        return batch


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Ascending spans that do not overlap, joined across small gaps."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start - merged[-1].end <= MAX_GAP and span.end - merged[-1].start <= MAX_REQUEST:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


class _Parts:
    """Parts by their first byte."""

    def __init__(self, parts: Sequence[Part] = ()) -> None:
        self._parts: list[Part] = []
        self.add(parts)

    def add(self, parts: Sequence[Part]) -> None:
        self._parts = sorted([*self._parts, *parts], key=_first)

    def cut(self, span: Span) -> bytes | None:
        """These bytes, if one part has all of them; the nearest part that begins before is tried first."""
        nearest = bisect_right(self._parts, span.start, key=_first)
        for part in reversed(self._parts[:nearest]):
            if span.end <= part.first + len(part.content):
                return part.content[span.start - part.first : span.end - part.first]
        return None


def _first(part: Part) -> int:
    return part.first
