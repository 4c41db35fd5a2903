"""Faults of the embedded registry, for tests of clients, and to debug them.

A fault is a ``Defect`` that hits the requests its ``Match`` names; several compose: ``EmbeddedRegistry(defects=[…])``.
``FAULTS`` lists those that are known by name.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from conformance.format.names import SENTINEL_TYPE
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Change, Defect, Instead, RangeChange, is_index, of_ranges
from conformance.registry.server.responses import (
    changed,
    chunked,
    cloudfront,
    content_of,
    error_reply,
    first_only,
    has_body,
    long,
    other_blob,
    overlapping,
    reordered,
    reset,
    served,
    short,
    whole,
    wrong_content_range,
    wrong_digest,
)
from conformance.registry.server.serving import Call, Reply, Wire

Kind = Literal["any", "manifest", "blob", "upload"]
_SECONDS: Final = 15.0
_MAX_SECONDS: Final = 120.0


class FaultError(ValueError):
    """An unknown fault, or an invalid value; one line."""


class Match(msgspec.Struct, frozen=True):
    """Which requests a fault hits: the first ``count`` (None: all) that match, after ``skip`` others that do.

    ``method`` "" is any, ``ranged`` None is with and without Range, ``digest`` "" is every blob or manifest.
    """

    kind: Kind = "any"
    method: str = ""
    ranged: bool | None = None
    digest: str = ""
    skip: int = 0
    count: int | None = None

    def matches(self, call: Call) -> bool:
        """Whether the request is of the kind; ``skip`` and ``count`` are the fault's to count."""
        return (
            self.kind in ("any", _kind(call))
            and self.method in ("", call.method)
            and self.ranged in (None, "range" in call.headers)
            and (not self.digest or call.path.endswith(f"/{self.digest}"))
        )


ALL_BLOBS: Final = Match("blob", "GET")
ALL_RANGES: Final = Match("blob", "GET", ranged=True)


class Fault(Defect):
    """``instead`` responds before the registry does, ``change`` alters its response; both only for requests that
    match.
    """

    def __init__(self, match: Match, *, change: Change | None = None, instead: Instead | None = None) -> None:
        self._match, self._change, self._instead = match, change, instead
        self._seen = 0
        self._hit = False

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        self._hit = self._match.matches(call)
        if self._hit:
            self._seen += 1
            number, count = self._seen - self._match.skip, self._match.count
            self._hit = number > 0 and (count is None or number <= count)
        return self._instead(call, core) if self._hit and self._instead is not None else None

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        return self._change(call, reply, core) if self._hit and self._change is not None else reply


class FaultKind(msgspec.Struct, frozen=True):
    """A fault by name: its effect, the meaning of its ``value`` ("" = none), and the requests it applies to."""

    summary: str
    match: Match
    make: Callable[[Match, str], Defect]
    value: str = ""


def make_fault(name: str, value: str = "", match: Match | None = None) -> Defect:
    """A fault of ``FAULTS``, for the requests it usually hits or those of ``match``; FaultError when it is wrong."""
    kind = FAULTS.get(name)
    if kind is None:
        raise FaultError(f"{name[:80]!r} is not a fault; known: {', '.join(FAULTS)}")
    if value and not kind.value:
        raise FaultError(f"the fault {name} takes no value")
    return kind.make(match or kind.match, value)


def parse_fault(text: str) -> Defect:
    """``NAME`` or ``NAME=VALUE`` as on a command line; FaultError when it is neither."""
    name, _, value = text.partition("=")
    return make_fault(name.strip(), value.strip())


class ServesBlobsOf(Defect):
    """The second host of a redirect: serves the blobs of ``read`` by digest, with ranges, without authentication."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        del core
        content = self._read(call.path.rsplit("/", 1)[1]) if call.method in ("GET", "HEAD") else None
        return None if content is None else served(call, content)


def _kind(call: Call) -> Kind:
    if "/manifests/" in call.path:
        return "manifest"
    if "/blobs/uploads" in call.path:
        return "upload"
    return "blob" if "/blobs/" in call.path else "any"


def _changing(change: Change) -> Callable[[Match, str], Defect]:
    return lambda match, _: Fault(match, change=change)


def _on_success(change: Callable[[Reply, int], Reply], default: int) -> Callable[[Match, str], Defect]:
    """A fault with a number, on the bodies of responses that succeed."""

    def make(match: Match, value: str) -> Defect:
        number = _number(value, default)
        return Fault(match, change=lambda _, reply, __: change(reply, number) if has_body(reply) else reply)

    return make


def _on_ranges(change: RangeChange) -> Callable[[Match, str], Defect]:
    return _changing(of_ranges(change))


def _stall(match: Match, value: str) -> Defect:
    seconds = _seconds(value, _SECONDS)

    def change(_: Call, reply: Reply, __: RegistryCore) -> Reply:
        return reply.replace(wire=Wire(cut=len(reply.body) // 2, stall=seconds)) if has_body(reply) else reply

    return Fault(match, change=change)


def _too_many(match: Match, value: str) -> Defect:
    most = _number(value, 1)

    def instead(call: Call, _: RegistryCore) -> Reply | None:
        asked = (call.header("range") or "").count(",") + 1
        return error_reply(400, "UNSUPPORTED", f"more than {most} ranges") if asked > most else None

    return Fault(match, instead=instead)


def _unsatisfiable(call: Call, core: RegistryCore) -> Reply:
    return Reply(416, {"Content-Range": f"bytes */{len(content_of(call, core))}"})


def _busy(match: Match, value: str) -> Defect:
    wait = _number(value, 0)
    busy = error_reply(429, "TOOMANYREQUESTS", "try again").replace
    headers = {"Retry-After": str(wait), "Content-Type": "application/json"}
    return Fault(match, instead=lambda _, __: busy(headers=headers))


def _redirect(match: Match, value: str) -> Defect:
    base = value.rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise FaultError("the fault redirect needs the URL of the second host: redirect=http://127.0.0.2:5001")
    return Fault(match, instead=lambda call, _: Reply(307, {"Location": f"{base}{call.path}"}))


def _rejects_type(match: Match, value: str) -> Defect:
    unwanted = (value or SENTINEL_TYPE).encode()

    def instead(call: Call, _: RegistryCore) -> Reply | None:
        rejected = b'"' + unwanted + b'"' in call.body
        return error_reply(400, "MANIFEST_INVALID", "unknown media type") if rejected else None

    return Fault(match, instead=instead)


def _rejects_index(call: Call, _: RegistryCore) -> Reply | None:
    return error_reply(400, "MANIFEST_INVALID", "an index is not supported here") if is_index(call.body) else None


def _refuses_mount(call: Call, _: RegistryCore) -> Reply | None:
    return error_reply(405, "UNSUPPORTED", "no mounts here") if "mount" in call.query else None


def _loses_upload(call: Call, core: RegistryCore) -> Reply | None:
    session = call.path.partition("/blobs/uploads")[2].strip("/")
    if not session:
        return None
    core.uploads.pop(session, None)
    return error_reply(404, "BLOB_UPLOAD_UNKNOWN", "the upload session is lost")


def _once(status: int, code: str, message: str) -> Callable[[Match, str], Defect]:
    return lambda match, _: Fault(match, instead=lambda _, __: error_reply(status, code, message))


def _number(value: str, default: int) -> int:
    if value and (not value.isdecimal() or len(value) > 12):
        raise FaultError(f"{value[:80]!r} is not a number")
    return int(value) if value else default


def _seconds(value: str, default: float) -> float:
    try:
        seconds = float(value) if value else default
    except ValueError:
        raise FaultError(f"{value[:80]!r} is not a number of seconds") from None
    if not 0 <= seconds <= _MAX_SECONDS:
        raise FaultError(f"{value[:80]!r}: 0 to {_MAX_SECONDS:.0f} seconds are possible")
    return seconds


def _kind_of(
    summary: str, make: Callable[[Match, str], Defect], match: Match = ALL_BLOBS, value: str = ""
) -> FaultKind:
    return FaultKind(summary, match, make, value)


_LATER_RANGES: Final = Match("blob", "GET", ranged=True, skip=1)
_FIRST_BLOB: Final = Match("blob", "GET", count=1)
_PUT: Final = Match("manifest", "PUT")
_POST: Final = Match("upload", "POST")

FAULTS: Final[Mapping[str, FaultKind]] = {
    "range-ignored": _kind_of("responds to a range request with 200 and the whole blob", _on_ranges(whole), ALL_RANGES),
    "first-range-only": _kind_of("serves only the first of several ranges", _on_ranges(first_only), ALL_RANGES),
    "parts-reordered": _kind_of("sends the parts in reverse order", _on_ranges(reordered), ALL_RANGES),
    "parts-overlapping": _kind_of("sends parts that overlap, one of them twice", _on_ranges(overlapping), ALL_RANGES),
    "wrong-content-range": _kind_of(
        "labels every part as the bytes one further on", _on_ranges(wrong_content_range), ALL_RANGES
    ),
    "cloudfront-boundary": _kind_of(
        "unquoted boundary with a colon, as CloudFront sends it", _on_ranges(cloudfront), ALL_RANGES
    ),
    "short-body": _kind_of(
        "sends fewer bytes than Content-Length states", _on_success(short, 7), value="bytes that are missing (7)"
    ),
    "long-body": _kind_of(
        "sends more bytes than Content-Length states", _on_success(long, 7), value="bytes that are too many (7)"
    ),
    "other-blob": _kind_of("sends the bytes of another blob", _changing(other_blob)),
    "bytes-changed": _kind_of("sends other bytes from the second range request on", _changing(changed), _LATER_RANGES),
    "too-many-ranges": _kind_of(
        "responds with 400 to more than so many ranges", _too_many, ALL_RANGES, value="ranges that are served (1)"
    ),
    "unsatisfiable": _kind_of(
        "responds with 416 to every range request", lambda match, _: Fault(match, instead=_unsatisfiable), ALL_RANGES
    ),
    "busy": _kind_of(
        "responds with 429 once, with Retry-After", _busy, Match(method="GET", count=1), value="seconds to wait (0)"
    ),
    "error-once": _kind_of("responds with 500 once", _once(500, "UNKNOWN", "something broke"), _FIRST_BLOB),
    "reset": _kind_of(
        "resets the connection after so many bytes of a body",
        _on_success(reset, 100),
        value="bytes that are sent (100)",
    ),
    "stall": _kind_of(
        "sends half of a body, then nothing, and finally resets the connection",
        _stall,
        _FIRST_BLOB,
        value="seconds of silence (15)",
    ),
    "redirect": _kind_of("sends the client to another host for blobs", _redirect, value="URL of the host"),
    "no-length": _kind_of("sends bodies in chunks without Content-Length", _changing(chunked)),
    "wrong-digest-header": _kind_of(
        "states another Docker-Content-Digest", _changing(wrong_digest), Match("manifest", "GET")
    ),
    "rejects-media-type": _kind_of(
        "refuses manifests that name a media type", _rejects_type, _PUT, value="the media type (that of the sentinel)"
    ),
    "rejects-index": _kind_of("refuses indexes", lambda match, _: Fault(match, instead=_rejects_index), _PUT),
    "refuses-mount": _kind_of("refuses to mount blobs", lambda match, _: Fault(match, instead=_refuses_mount), _POST),
    "loses-upload": _kind_of(
        "forgets an upload session once",
        lambda match, _: Fault(match, instead=_loses_upload),
        Match("upload", "PUT", count=1),
    ),
}
