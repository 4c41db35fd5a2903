"""Observations of a registry: requests of one scenario, expected and received content."""

import msgspec

from conformance.observed.evidence import Exchange
from conformance.observed.response import Response


class ResponseSeen(Response, frozen=True):
    """One response. ``what`` describes the request."""

    what: str


class StoredSeen(msgspec.Struct, frozen=True):
    """A document that was put, and the responses to every way of reading it."""

    what: str
    raw: bytes
    media_type: str
    digest: str
    put: ResponseSeen
    got: tuple[ResponseSeen, ...]


class RangePart(msgspec.Struct, frozen=True):
    """A parsed part of a response: first byte, its content, the total stated."""

    first: int
    content: bytes
    total: int | None


class RangeSeen(msgspec.Struct, frozen=True):
    """A range request: ``wanted`` inclusive satisfiable ranges in request order (empty: unsatisfiable).

    ``parts`` when the response parsed by RFC 9110, else ``malformed`` states why not.
    """

    header: str
    wanted: tuple[tuple[int, int], ...]
    blob: bytes
    response: ResponseSeen
    parts: tuple[RangePart, ...] = ()
    malformed: str = ""


class BlobSeen(msgspec.Struct, frozen=True):
    """HEAD and GET of a blob, ``content`` being what was pushed; and HEAD of one that is missing."""

    digest: str
    content: bytes
    head: ResponseSeen
    get: ResponseSeen
    head_missing: ResponseSeen | None = None


class RedirectSeen(msgspec.Struct, frozen=True):
    """A range request without following, and the same with following redirects."""

    direct: ResponseSeen
    followed: RangeSeen


class MountSeen(msgspec.Struct, frozen=True):
    """A mount and the response to HEAD after it (None: not asked, the mount gave an upload session)."""

    response: ResponseSeen
    head: ResponseSeen | None = None


class SurvivalSeen(msgspec.Struct, frozen=True):
    """Deleting (``deletes``), then reading what must still be there: pairs of expected bytes and response."""

    deletes: tuple[ResponseSeen, ...]
    reads: tuple[tuple[bytes, ResponseSeen], ...]
    collected: bool


class RefusalSeen(msgspec.Struct, frozen=True):
    """A request that must be refused, and a read of content that it must not have stored."""

    response: ResponseSeen
    after: ResponseSeen


class DanglingSeen(msgspec.Struct, frozen=True):
    """A manifest or index that names missing content: its bytes, the put, and the read after it."""

    what: str
    raw: bytes
    put: ResponseSeen
    got: ResponseSeen


class PairSeen(msgspec.Struct, frozen=True):
    """HEAD and GET of one blob or manifest.

    ``was_pushed``: into this repository; ``is_foreign``: only into other ones; ``was_deleted``: its deletion was
    accepted.
    """

    head: ResponseSeen
    get: ResponseSeen
    was_pushed: bool = False
    is_foreign: bool = False
    was_deleted: bool = False


class ApartSeen(msgspec.Struct, frozen=True):
    """One image in several repositories: HEAD and GET of it, ``deletes`` in one, then reads in the others."""

    pairs: tuple[PairSeen, ...]
    deletes: tuple[ResponseSeen, ...]
    reads: tuple[ResponseSeen, ...]


class ReferrersSeen(msgspec.Struct, frozen=True):
    """The referrers response for a subject, and the digest that must be listed."""

    referrer: str
    put: ResponseSeen
    listed: ResponseSeen


class RoundSeen(msgspec.Struct, frozen=True):
    """One round of concurrent pushes: the requests that were refused, the same repeated alone, and reads of all."""

    refused: tuple[ResponseSeen, ...]
    repeated: tuple[ResponseSeen, ...]
    reads: tuple[tuple[bytes, ResponseSeen], ...]


class ControlSeen(msgspec.Struct, frozen=True):
    """An ordinary image pushed and read back: pairs of expected bytes and response, of blobs and of the manifest."""

    pushes: tuple[ResponseSeen, ...]
    blobs: tuple[tuple[bytes, ResponseSeen], ...]
    documents: tuple[tuple[bytes, ResponseSeen], ...] = ()


class MachineSeen(msgspec.Struct, frozen=True):
    """A stateful test: how many sequences ran; the shrunk steps of a failing one ("" = none) and its exchanges."""

    sequences: int
    failure: str = ""
    exchanges: tuple[Exchange, ...] = ()
