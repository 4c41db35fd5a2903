"""Servers that are not registries, in the place of the embedded one: none may pass a requirement."""

from typing import Final

from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.serving import Call, Reply, Wire

_UPLOAD: Final = {"Location": "/v2/x/blobs/uploads/1"}


class SaysOnly(Defect):
    """Gives one response to every request."""

    def __init__(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self._reply = Reply(status, headers or _UPLOAD, body)

    def before(self, call: Call, core: RegistryCore) -> Reply | None:  # noqa: ARG002
        return self._reply


class _Takes(Defect):
    """Reports that it accepted whatever was sent; what it gives back is decided by ``gives``."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:  # noqa: ARG002
        if call.method in ("PUT", "PATCH", "POST"):
            self.take(call)
            return Reply(202 if call.method == "POST" else 201, _UPLOAD)
        return self.give(call)

    def take(self, call: Call) -> None:
        """A body came."""

    def give(self, call: Call) -> Reply:
        """The response to a read."""
        raise NotImplementedError


class Echoes(_Takes):
    """Gives back what was put last."""

    _last = b""

    def take(self, call: Call) -> None:
        self._last = call.body

    def give(self, call: Call) -> Reply:  # noqa: ARG002
        return Reply(200, {}, self._last)


class OnlyTakes(_Takes):
    """Gives back nothing."""

    def give(self, call: Call) -> Reply:  # noqa: ARG002
        return Reply(404)


class SaysTheDigest(_Takes):
    """Gives the digest that was requested in the header, over an empty body."""

    def give(self, call: Call) -> Reply:
        return Reply(200, {"Docker-Content-Digest": call.path.rsplit("/", 1)[1], "Content-Length": "0"})


class GivesZeros(_Takes):
    """Remembers how long each body was, and gives as many zeros."""

    def __init__(self) -> None:
        self._sizes: list[int] = []

    def take(self, call: Call) -> None:
        if call.body:
            self._sizes.append(len(call.body))

    def give(self, call: Call) -> Reply:
        size = self._sizes[len(call.path) % len(self._sizes)] if self._sizes else 0
        return Reply(200, {"Docker-Content-Digest": call.path.rsplit("/", 1)[1]}, bytes(size))


class CachesTheFirst(Defect):
    """A proxy that has cached the first response to a read, and gives it to every other."""

    _first: Reply | None = None

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:  # noqa: ARG002
        if call.method != "GET" or call.path == "/v2/":
            return reply
        self._first = self._first or reply
        return self._first


class HangsUp(Defect):
    """Ends each connection without a word."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:  # noqa: ARG002
        return Reply(500, wire=Wire(cut=0, head=False))


class CaptivePortal(Defect):
    """Redirects every request to an authentication page."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:  # noqa: ARG002
        if call.path == "/login":
            return Reply(200, {"Content-Type": "text/html"}, b"<html><form>Accept the terms</form></html>")
        return Reply(302, {"Location": "/login"})


NULL_REGISTRIES: Final[dict[str, Defect]] = {
    **{f"always {status}": SaysOnly(status) for status in (200, 201, 202, 204, 400, 404, 500)},
    "always 200 with a document": SaysOnly(200, b"{}"),
    "always busy": SaysOnly(429, b"", {"Retry-After": "3600"}),
    "echoes": Echoes(),
    "only takes": OnlyTakes(),
    "states the digest": SaysTheDigest(),
    "gives zeros": GivesZeros(),
    "caches the first response": CachesTheFirst(),
    "hangs up": HangsUp(),
    "captive portal": CaptivePortal(),
}
