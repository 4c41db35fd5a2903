"""An image in a registry."""

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.names import MANIFEST_TYPES
from conformance.format.oci import Descriptor
from conformance.observed.evidence import Exchange
from conformance.observed.image import Stored
from conformance.registry.client.client import RegistryClient, Response, TransportError
from conformance.registry.client.options import ConnectionOptions
from conformance.registry.client.ranges import Range, RangeError, parse_response
from conformance.sources.errors import SourceError
from conformance.sources.reference import RegistryReference
from conformance.sources.source import Place, most_of, parse_digest, verified

_MAX_PLACE = 2**63 - 1
_MAX_IN_MEMORY = 16 * 2**20
WHOLE_SENT = "the registry responded to a Range request with the whole blob"


class RemoteSource:
    """Reads one image of a repository; implements ImageSource."""

    def __init__(self, client: RegistryClient, reference: RegistryReference) -> None:
        self._client = client
        self._reference = reference

    @property
    def reference(self) -> str:
        return str(self._reference)

    def root(self) -> Stored:
        reference = self._reference
        response = self._ask(
            lambda: self._client.get_manifest_raw(reference.repository, reference.reference, accept=MANIFEST_TYPES)
        )
        if isinstance(response, Stored):
            raise SourceError(f"{reference}: {response.detail}")
        if response.status != 200:
            raise SourceError(f"{reference}: {explain_status(response)}")
        media_type = _media_type(response)
        if len(response.content) > MAX_DOCUMENT:
            raise SourceError(f"{reference}: a manifest of {len(response.content)} bytes; the limit is {MAX_DOCUMENT}")
        if reference.by_digest:
            digest = Digest.parse(reference.reference)
            actual = Digest.of(response.content, digest.algorithm)
            if actual != digest:
                raise SourceError(f"{reference}: the registry responded with bytes of digest {actual}")
        digest = Digest.of(response.content)
        return Stored(
            response.content,
            actual_digest=digest,
            actual_size=len(response.content),
            media_type=media_type,
            evidence=(response.exchange,),
        )

    def manifest(self, descriptor: Descriptor, limit: int) -> Stored:
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            return digest
        name = self._reference.repository
        response = self._ask(lambda: self._client.get_manifest_raw(name, str(digest), accept=MANIFEST_TYPES))
        return self._whole(response, descriptor, digest, limit)

    def blob(self, descriptor: Descriptor, limit: int) -> Stored:
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            return digest
        if descriptor.size > limit:
            detail = f"the descriptor states {descriptor.size} bytes; the limit here is {limit}"
            return Stored(problem="too-large", detail=detail)
        response = self._ask(lambda: self._client.get_blob(self._reference.repository, str(digest), max_bytes=limit))
        return self._whole(response, descriptor, digest, limit)

    def part(self, descriptor: Descriptor, offset: int, length: int) -> Stored:
        return self.parts(descriptor, ((offset, length),))[0]

    def parts(self, descriptor: Descriptor, places: Sequence[Place]) -> tuple[Stored, ...]:
        """In one request; in one each where the registry does not send all of what was requested together."""
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            return (digest,) * len(places)
        if any(offset < 0 or length <= 0 or offset + length > _MAX_PLACE for offset, length in places):
            return (Stored(problem="unreadable", detail="no blob has bytes there"),) * len(places)
        found = self._ranges(descriptor, digest, places)
        if len(places) == 1 or all(part.content is not None for part in found):
            return found
        return tuple(self._ranges(descriptor, digest, (place,))[0] for place in places)

    def _ranges(self, descriptor: Descriptor, digest: Digest, places: Sequence[Place]) -> tuple[Stored, ...]:
        wanted = [Range(offset, offset + length - 1) for offset, length in places]
        bound = sum(length for _, length in places) + MAX_DOCUMENT
        name = self._reference.repository
        # A registry without ranges sends the whole blob, which may be larger than memory. So may the response of a
        # hostile one to a range: it is not read.
        with tempfile.SpooledTemporaryFile(_MAX_IN_MEMORY, prefix="zcc-") as spool:
            whole = cast("BinaryIO", spool)
            response = self._ask(
                lambda: self._client.get_blob(
                    name, str(digest), ranges=wanted, max_bytes=bound, sink=whole, sink_bytes=most_of(descriptor)
                )
            )
            if isinstance(response, Stored):
                return (response,) * len(places)
            if response.status == 200:
                return tuple(_read_whole(whole, place, response) for place in places)
        return tuple(_cut(response, offset, length) for offset, length in places)

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[BinaryIO | Stored]:
        """Downloaded to a temporary file: a whole layer may be larger than memory."""
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            yield digest
            return
        name = self._reference.repository
        with tempfile.TemporaryFile(prefix="zcc-") as file:
            sink = cast("BinaryIO", file)
            response = self._ask(
                lambda: self._client.get_blob(
                    name, str(digest), max_bytes=MAX_DOCUMENT, sink=sink, sink_bytes=most_of(descriptor)
                )
            )
            if isinstance(response, Stored) or response.status != 200:
                yield response if isinstance(response, Stored) else _refused(response)
                return
            file.seek(0)
            yield sink

    def _ask(self, request: Callable[[], Response]) -> Response | Stored:
        try:
            return request()
        except TransportError as error:
            evidence: Sequence[Exchange] = () if error.exchange is None else (error.exchange,)
            return Stored(problem="unreadable", detail=str(error), evidence=tuple(evidence))

    def _whole(self, response: Response | Stored, descriptor: Descriptor, digest: Digest, limit: int) -> Stored:
        if isinstance(response, Stored):
            return response
        evidence = (response.exchange,)
        if response.status != 200:
            return _refused(response)
        if len(response.content) > limit:
            detail = f"{len(response.content)} bytes; the limit here is {limit}"
            return Stored(problem="too-large", detail=detail, actual_size=len(response.content), evidence=evidence)
        stored = verified(response.content, descriptor, digest, media_type=_media_type(response))
        return msgspec.structs.replace(stored, evidence=evidence)


# The response of Go's HTTP server to a request without TLS.
_TLS_ONLY: Final = b"HTTP request to an HTTPS server"


def client_for(reference: RegistryReference, connection: ConnectionOptions) -> RegistryClient:
    """A client for the registry of this image, with the credentials for its repository; CredentialError for a bad
    file.
    """
    url = reference.base_url(plain_http=connection.plain_http, tls=connection.tls)
    return connection.client(url, reference.repository)


def explain_status(response: Response) -> str:
    """An HTTP status in words, with the remedy."""
    if response.status == 400 and _TLS_ONLY in response.content:
        return "this port expects TLS (HTTP 400): write https:// before the host, or set OCI_TLS=enabled or insecure"
    known = {
        401: "the registry requires authentication (HTTP 401); give --username and OCI_PASSWORD, or log in "
        "with docker or podman",
        403: "the registry refuses access (HTTP 403)",
        404: "no such image (HTTP 404)",
        429: "the registry limits the rate of requests (HTTP 429); try again later",
    }
    return known.get(response.status, f"the registry responded with HTTP {response.status}")


def _refused(response: Response) -> Stored:
    evidence = (response.exchange,)
    if response.status == 404:
        return Stored(problem="missing", detail="the registry responded with 404", evidence=evidence)
    return Stored(problem="unreadable", detail=explain_status(response), evidence=evidence)


def _read_whole(whole: BinaryIO, place: Place, response: Response) -> Stored:
    offset, length = place
    evidence = (response.exchange,)
    size = whole.seek(0, io.SEEK_END)
    whole.seek(min(offset, size))  # an offset within the file, for any descriptor
    content = whole.read(length)
    if len(content) < length:
        detail = f"the blob has {size} bytes: none at {offset + len(content)}"
        return Stored(problem="unreadable", detail=detail, actual_size=size, evidence=evidence)
    return Stored(content, detail=WHOLE_SENT, actual_size=size, evidence=evidence)


def _cut(response: Response, offset: int, length: int) -> Stored:
    evidence = (response.exchange,)
    if response.status != 206:
        return _refused(response)
    try:
        parts = parse_response(response.status, response.headers, response.content)
    except RangeError as error:
        return Stored(problem="unreadable", detail=str(error), evidence=evidence)
    for part in parts:
        if part.first <= offset and offset + length <= part.first + len(part.content):
            start = offset - part.first
            return Stored(part.content[start : start + length], actual_size=part.total, evidence=evidence)
    detail = f"the registry did not send bytes {offset} to {offset + length - 1}"
    return Stored(problem="unreadable", detail=detail, evidence=evidence)


def _media_type(response: Response) -> str:
    return (response.header("Content-Type") or "").partition(";")[0].strip()
