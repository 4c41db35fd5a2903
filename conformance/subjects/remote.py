"""An image in a registry."""

from collections.abc import Callable, Sequence

import msgspec

from conformance.evidence import Exchange
from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.names import MANIFEST_TYPES
from conformance.format.oci import Descriptor
from conformance.observation import Stored
from conformance.registry.client import Answer, RegistryClient, TransportError
from conformance.registry.ranges import Range, RangeError, parse_answer
from conformance.subjects.errors import SubjectError
from conformance.subjects.reference import RegistryReference
from conformance.subjects.source import parse_digest, verified

# A registry that answers a range request with the whole blob (200) is read up to this size.
MAX_WHOLE_FOR_PART = 256 * 2**20


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
        answer = self._ask(
            lambda: self._client.get_manifest_raw(reference.repository, reference.reference, accept=MANIFEST_TYPES)
        )
        if isinstance(answer, Stored):
            raise SubjectError(f"{reference}: {answer.detail}")
        if answer.status != 200:
            raise SubjectError(f"{reference}: {explain_status(answer)}")
        media_type = _media_type(answer)
        if len(answer.content) > MAX_DOCUMENT:
            raise SubjectError(f"{reference}: a manifest of {len(answer.content)} bytes; the limit is {MAX_DOCUMENT}")
        if reference.by_digest:
            digest = Digest.parse(reference.reference)
            actual = Digest.of(answer.content, digest.algorithm)
            if actual != digest:
                raise SubjectError(f"{reference}: the registry answered with bytes of digest {actual}")
        digest = Digest.of(answer.content)
        return Stored(
            answer.content,
            actual_digest=digest,
            actual_size=len(answer.content),
            media_type=media_type,
            evidence=(answer.exchange,),
        )

    def manifest(self, descriptor: Descriptor, limit: int) -> Stored:
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            return digest
        name = self._reference.repository
        answer = self._ask(lambda: self._client.get_manifest_raw(name, str(digest), accept=MANIFEST_TYPES))
        return self._whole(answer, descriptor, digest, limit)

    def blob(self, descriptor: Descriptor, limit: int) -> Stored:
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            return digest
        if descriptor.size > limit:
            detail = f"the descriptor says {descriptor.size} bytes; the limit here is {limit}"
            return Stored(problem="too-large", detail=detail)
        answer = self._ask(lambda: self._client.get_blob(self._reference.repository, str(digest), max_bytes=limit))
        return self._whole(answer, descriptor, digest, limit)

    def part(self, descriptor: Descriptor, offset: int, length: int) -> Stored:
        digest = parse_digest(descriptor)
        if isinstance(digest, Stored):
            return digest
        wanted = Range(offset, offset + length - 1)
        bound = max(length, min(descriptor.size, MAX_WHOLE_FOR_PART)) + MAX_DOCUMENT
        answer = self._ask(
            lambda: self._client.get_blob(self._reference.repository, str(digest), ranges=[wanted], max_bytes=bound)
        )
        if isinstance(answer, Stored):
            return answer
        return _cut(answer, offset, length)

    def _ask(self, request: Callable[[], Answer]) -> Answer | Stored:
        try:
            return request()
        except TransportError as error:
            evidence: Sequence[Exchange] = () if error.exchange is None else (error.exchange,)
            return Stored(problem="unreadable", detail=str(error), evidence=tuple(evidence))

    def _whole(self, answer: Answer | Stored, descriptor: Descriptor, digest: Digest, limit: int) -> Stored:
        if isinstance(answer, Stored):
            return answer
        evidence = (answer.exchange,)
        if answer.status == 404:
            return Stored(problem="missing", detail="the registry answered 404", evidence=evidence)
        if answer.status != 200:
            return Stored(problem="unreadable", detail=explain_status(answer), evidence=evidence)
        if len(answer.content) > limit:
            detail = f"{len(answer.content)} bytes; the limit here is {limit}"
            return Stored(problem="too-large", detail=detail, actual_size=len(answer.content), evidence=evidence)
        stored = verified(answer.content, descriptor, digest, media_type=_media_type(answer))
        return msgspec.structs.replace(stored, evidence=evidence)


def explain_status(answer: Answer) -> str:
    """An HTTP status in words, with what the user can do."""
    known = {
        401: "the registry wants a login (HTTP 401); give --username and OCI_PASSWORD, or log in with docker or podman",
        403: "the registry refuses access (HTTP 403)",
        404: "no such image (HTTP 404)",
        429: "the registry limits the rate of requests (HTTP 429); try again later",
    }
    return known.get(answer.status, f"the registry answered HTTP {answer.status}")


def _cut(answer: Answer, offset: int, length: int) -> Stored:
    evidence = (answer.exchange,)
    if answer.status not in (200, 206):
        return Stored(problem="unreadable", detail=explain_status(answer), evidence=evidence)
    try:
        parts = parse_answer(answer.status, answer.headers, answer.content)
    except RangeError as error:
        return Stored(problem="unreadable", detail=str(error), evidence=evidence)
    for part in parts:
        if part.first <= offset and offset + length <= part.first + len(part.content):
            start = offset - part.first
            return Stored(part.content[start : start + length], actual_size=length, evidence=evidence)
    detail = f"the registry did not send bytes {offset} to {offset + length - 1}"
    return Stored(problem="unreadable", detail=detail, evidence=evidence)


def _media_type(answer: Answer) -> str:
    return (answer.header("Content-Type") or "").partition(";")[0].strip()
