"""Observations of a producer's pushes: the input of the SENT-PUSH checks."""

from typing import Literal

import msgspec

from conformance.observed.evidence import Evidence, Exchange
from conformance.observed.image import ImageSeen, Requested
from conformance.observed.outcome import RunOutcome

EventKind = Literal["probe", "mount", "upload", "manifest"]


class PushEvent(msgspec.Struct, frozen=True):
    """One step of a push that matters for its order, as the registry saw it.

    ``probe``: presence of a blob was requested (``found`` has the response), ``mount`` and ``upload``: a
    blob was stored, ``manifest``: a manifest was put (``content``), under its digest or a tag (``name``).
    """

    kind: EventKind
    digest: str
    exchange: Exchange
    found: bool = False
    content: bytes = b""
    name: str = ""


class PushSeen(msgspec.Struct, frozen=True):
    """One push: the request, the outcome, and the resulting content of the registry.

    ``requested`` is the compression requested, ``source_root`` the bytes of the image that was pushed, ``before``
    the bytes under the tag before it, ``after`` the image there afterwards (None: nothing). ``to_digest`` is the
    digest that named the destination, ``rejects`` what the registry rejects. ``twin`` is the same push with
    sentinels switched off. ``signed`` are the digests that have a signature afterwards (None: no signing).
    ``sentinels_off``: the option forbade a variant; ``due``: a variant was required, and cannot be created from
    the source; ``output`` is what the tool printed.
    """

    name: str
    ended: RunOutcome
    source_root: bytes
    after: ImageSeen | None
    requested: Requested = "zstd:chunked"
    reason: str = ""
    before: bytes | None = None
    events: tuple[PushEvent, ...] = ()
    there_before: frozenset[str] = frozenset()
    preserve_digests: bool = False
    to_digest: str = ""
    source_is_estargz: bool = False
    again: bool = False
    rejects: str = ""
    rejected: tuple[Exchange, ...] = ()
    twin: ImageSeen | None = None
    signed: tuple[str, ...] | None = None
    sentinels_off: bool = False
    due: bool = False
    output: str = ""
    evidence: tuple[Evidence, ...] = ()


class InterruptedSeen(msgspec.Struct, frozen=True):
    """A push of which the registry failed a request (``at``: which, ``how``), and the tag before and after it.

    ``whole``: the tag names the image that was pushed, as an undisturbed push leaves it: the same variants, the
    contents that were given, nothing missing. ``complete``: it names an image with these contents and nothing missing,
    possibly without its sentinel variant.
    """

    at: str
    how: str
    ended: RunOutcome
    before: bytes | None
    after: bytes | None
    whole: bool
    complete: bool = False
    evidence: tuple[Evidence, ...] = ()


class StoredSeen(msgspec.Struct, frozen=True):
    """An image written to a destination other than a registry; ``missing`` are named but missing blobs and
    manifests.
    """

    name: str
    ended: RunOutcome
    after: ImageSeen | None
    missing: tuple[str, ...] = ()
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()


class BrokenInputSeen(msgspec.Struct, frozen=True):
    """A push of an image whose layer ends early or is missing (``what``); ``tagged``: a tag names something then."""

    what: str
    ended: RunOutcome
    tagged: bool
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()


class ContentsSeen(msgspec.Struct, frozen=True):
    """One image (``which``) of those that a push was given, and what of it is not in what was pushed: "" is nothing."""

    name: str
    which: str
    problem: str
    evidence: tuple[Evidence, ...] = ()


class AgainSeen(msgspec.Struct, frozen=True):
    """An image with sentinels, and the result of a second push or a copy; None: nothing was written."""

    name: str
    before: ImageSeen
    after: ImageSeen | None
    evidence: tuple[Evidence, ...] = ()


class UnrepresentableSeen(msgspec.Struct, frozen=True):
    """A layer whose tar no TOC can represent (``what``), pushed as zstd:chunked.

    ``diff_id`` is the tar's digest, ``after_diff_id`` that of the layer that was written ("" = none was),
    ``has_toc`` whether that layer states it has a TOC, ``same_entries`` whether its tar, which may be of the tool's
    own, has every entry with its kind and content.
    """

    what: str
    ended: RunOutcome
    diff_id: str
    after_diff_id: str = ""
    has_toc: bool = False
    same_entries: bool = False
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
