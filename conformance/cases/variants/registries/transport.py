"""Registries behind proxies and balancers, with choices that HTTP permits and the embedded registry does not make."""

import gzip
import re
from collections.abc import Callable

from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.responses import error_reply
from conformance.registry.server.serving import Call, Reply, Wire
from conformance.requirements import variant

_EVERY = 9
_BOUNDARY = re.compile(r"boundary=(\S+)")


class _Changed(Defect):
    """Changes every response."""

    def __init__(self, change: Callable[[Call, Reply], Reply]) -> None:
        self._change = change

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:  # noqa: ARG002
        return self._change(call, reply)


class _RelativeLocations(Defect):
    """Names the session of an upload in the query."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        query = {**call.query}
        session = query.pop("session", "") if "/blobs/uploads/" in call.path else ""
        return core.handle(Call(call.method, call.path + session, query, call.headers, call.body)) if session else None

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:  # noqa: ARG002
        place, _, session = reply.headers.get("Location", "").rpartition("/")
        if reply.status not in (202, 204) or not place.endswith("/blobs/uploads"):
            return reply
        return reply.replace(headers={**reply.headers, "Location": f"?session={session}"})


class _Busy(Defect):
    """Responds to every ninth request with a request to repeat it at once."""

    def __init__(self) -> None:
        self._count = 0

    def before(self, call: Call, core: RegistryCore) -> Reply | None:  # noqa: ARG002
        self._count += 1
        if self._count % _EVERY:
            return None
        busy = error_reply(429, "TOOMANYREQUESTS", "come again")
        return busy.replace(headers={**busy.headers, "Retry-After": "0"})


@variant("REG-001", "REG-005", "REG-020", "REG-030")
def sends_early_hints() -> Defect:
    """103 before each response (RFC 9110 section 15.2, RFC 8297): a client reads any number of interim responses."""
    return _Changed(lambda _, reply: reply.replace(wire=Wire(interim=103)))


@variant("REG-001", "REG-015")
def gives_relative_upload_locations() -> Defect:
    """The Location of an upload relative to the request: ``?session=…`` (RFC 9110 section 10.2.2)."""
    return _RelativeLocations()


def _adding(**headers: str) -> Defect:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return _Changed(lambda _, reply: reply.replace(headers={**reply.headers, **more}))


@variant("REG-001", "REG-014", "REG-020", "REG-025")
def is_busy_now_and_then() -> Defect:
    """Responds with 429 with Retry-After to one request of nine (RFC 6585 section 4; distribution-spec v1.1.1)."""
    return _Busy()


@variant("REG-004", "REG-005", "REG-017")
def writes_header_names_in_lower_case() -> Defect:
    """Header names in lower case, as a proxy to HTTP/2 writes them (RFC 9110 section 5.1: case-insensitive)."""
    return _Changed(lambda _, reply: reply.replace(headers={k.lower(): v for k, v in reply.headers.items()}))


@variant("REG-005", "REG-006", "REG-025")
def closes_every_connection() -> Defect:
    """One request for a connection: persistence is optional (RFC 9112 section 9.3)."""
    return _adding(Connection="close")


@variant("REG-003", "REG-011")
def sends_cookies_and_validators() -> Defect:
    """Cookies of a load balancer, an entity tag, and rules for caches (RFC 6265; RFC 9110 section 8.8; RFC 9111)."""
    return _adding(Set_Cookie="node=3; Path=/", ETag='"zcc"', Cache_Control="max-age=60", Via="1.1 proxy")


@variant("REG-001", "REG-015")
def gives_absolute_upload_locations() -> Defect:
    """The Location of an upload as a whole URL with a state of the server's own (distribution-spec v1.1.1)."""

    def change(call: Call, reply: Reply) -> Reply:
        place, host = reply.headers.get("Location", ""), call.header("host")
        if reply.status != 202 or "/blobs/uploads/" not in place or not host or place.startswith("http"):
            return reply
        whole = f"http://{host}{place}{'&' if '?' in place else '?'}_state=a%2Fb%3D"
        return reply.replace(headers={**reply.headers, "Location": whole})

    return _Changed(change)


@variant("REG-006", "REG-024", "REG-028", "REG-029")
def writes_a_preamble_before_the_parts() -> Defect:
    """A quoted boundary, and text before the first part and after the last (RFC 2046 section 5.1.1)."""

    def change(_: Call, reply: Reply) -> Reply:
        kind = reply.headers.get("Content-Type", "")
        found = _BOUNDARY.search(kind) if kind.startswith("multipart/") else None
        if reply.status != 206 or found is None:
            return reply
        quoted = f'multipart/byteranges; boundary="{found[1].strip(chr(34))}"'
        body = b"these are parts\r\n" + reply.body.lstrip(b"\r\n") + b"\r\nand that is all"
        return reply.replace(headers={**reply.headers, "Content-Type": quoted}, body=body)

    return _Changed(change)


@variant("REG-005", "REG-006", "REG-024", "REG-028", "REG-029")
def writes_the_range_unit_in_another_case() -> Defect:
    """``Bytes 0-9/512``: names of range units are case-insensitive (RFC 9110 section 14.1)."""

    def change(_: Call, reply: Reply) -> Reply:
        if reply.status != 206:
            return reply
        headers = {name: value.replace("bytes ", "Bytes ") for name, value in reply.headers.items()}
        return reply.replace(
            headers=headers, body=reply.body.replace(b"Content-Range: bytes ", b"Content-Range: Bytes ")
        )

    return _Changed(change)


@variant("REG-002", "REG-003", "REG-016", "REG-021")
def compresses_documents_on_the_way() -> Defect:
    """Manifests with Content-Encoding gzip where the client accepts it (RFC 9110 section 8.4)."""

    def change(call: Call, reply: Reply) -> Reply:
        wanted = "gzip" in (call.header("accept-encoding") or "")
        if not wanted or call.method != "GET" or "/manifests/" not in call.path or reply.status != 200:
            return reply
        headers = {**reply.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return reply.replace(headers=headers, body=gzip.compress(reply.body, mtime=0))

    return _Changed(change)


@variant("REG-014", "REG-020")
def says_what_it_deleted() -> Defect:
    """A body in the response to DELETE: 202 allows one (RFC 9110 section 15.3.3)."""

    def change(call: Call, reply: Reply) -> Reply:
        if call.method != "DELETE" or reply.status != 202:
            return reply
        return reply.replace(headers={**reply.headers, "Content-Type": "application/json"}, body=b'{"deleted":true}')

    return _Changed(change)
