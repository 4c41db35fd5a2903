"""The embedded registry: ``RegistryCore`` behind aiohttp, in a thread of its own, recording every exchange."""

import asyncio
import base64
import hmac
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final

import msgspec
from aiohttp import web

from conformance.evidence import Exchange
from conformance.registry.core import MAX_UPLOAD, Manifest, RegistryCore
from conformance.registry.defects import Defect
from conformance.registry.serving import Call, Reply
from conformance.registry.wire import send_raw

_START_SECONDS: Final = 10.0
# 1024 ranges make a Range header of about 20 KiB (REG-022).
_MAX_HEADER: Final = 256 * 2**10
_NO_BODY: Final = frozenset({204, 304})


class BasicAuth(msgspec.Struct, frozen=True):
    """One user who may do everything."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"BasicAuth({self.username!r}, …)"

    def admits(self, authorization: str) -> bool:
        """Whether this Authorization header is the user's."""
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return hmac.compare_digest(authorization.encode(), f"Basic {pair}".encode())


class EmbeddedRegistry:
    """``with EmbeddedRegistry() as registry: registry.url``. Conforming unless given ``defects``."""

    def __init__(
        self,
        *,
        defects: Sequence[Defect] = (),
        auth: BasicAuth | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._core = RegistryCore()
        self._defects, self._auth, self._host, self._port = tuple(defects), auth, host, port
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="embedded-registry", daemon=True)

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://{self._host}:{self._port}"

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Everything that was asked and answered so far, secrets masked."""
        with self._lock:
            return tuple(self._exchanges)

    def blobs_of(self, repository: str) -> frozenset[str]:
        """The digests of the blobs and manifests that a repository has."""
        with self._lock:
            known = self._core.repositories.get(repository)
            return frozenset({*known.links, *known.manifests}) if known else frozenset()

    def arm(self, *defects: Defect) -> None:
        """From the next request on the registry has these defects, and no others."""
        with self._lock:
            self._defects = defects

    def blob(self, digest: str) -> bytes | None:
        """A stored blob of any repository."""
        with self._lock:
            return self._core.blobs.get(digest)

    def load(self, repository: str, blobs: Mapping[str, bytes], manifests: Mapping[str, Manifest], **tags: str) -> None:
        """Put content in place without a request: blobs and manifests by digest, tags to digests; unchecked."""
        with self._lock:
            place = self._core.repository(repository)
            self._core.blobs |= blobs
            place.links |= set(blobs)
            place.manifests |= manifests
            place.tags |= tags

    def collect_garbage(self) -> None:
        """Remove what no manifest needs."""
        with self._lock:
            self._core.collect_garbage()
            for defect in self._defects:
                defect.collected(self._core)

    def __enter__(self) -> "EmbeddedRegistry":
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or self._failure is not None:
            raise RuntimeError(f"the embedded registry did not start: {self._failure or 'no answer in time'}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = web.Server(self._answer, max_line_size=_MAX_HEADER, max_field_size=_MAX_HEADER, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._port = int(runner.addresses[0][1])
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        start = time.monotonic()
        try:
            body = await _read(request)
        except ConnectionError:  # the client went away in the middle of its upload: nobody reads this answer
            return web.Response(status=400)
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.method, request.path, dict(request.query), headers, body or b"")
        with self._lock:
            reply = self._reply(call) if body is not None else Reply(413)
            self._exchanges.append(self._record(request, call, reply, time.monotonic() - start))
        head = request.method == "HEAD"
        if reply.wire is not None:
            await send_raw(request, reply)
            return web.Response()  # the connection is gone; aiohttp wants an answer all the same
        response = web.Response(status=reply.status, body=None if head or reply.status in _NO_BODY else reply.body)
        response.headers.update(reply.headers)
        if head and "Content-Length" not in reply.headers and "X-No-Length" not in reply.headers:
            response.headers["Content-Length"] = str(len(reply.body))
        return response

    def _reply(self, call: Call) -> Reply:
        if self._auth is not None and not self._auth.admits(call.header("authorization") or ""):
            return Reply(401, {"WWW-Authenticate": 'Basic realm="embedded registry"'})
        for defect in self._defects:
            early = defect.before(call, self._core)
            if early is not None:
                return early
        reply = self._core.handle(call)
        for defect in self._defects:
            reply = defect.after(call, reply, self._core)
        return reply

    def _record(self, request: web.BaseRequest, call: Call, reply: Reply, elapsed: float) -> Exchange:
        return Exchange.record(
            call.method,
            f"{self.url}{request.path_qs}",
            request_headers=tuple(request.headers.items()),
            request_size=len(call.body),
            status=reply.status,
            response_headers=tuple(reply.headers.items()),
            response_size=reply.sent,
            response_start=reply.body[: min(reply.sent, 2048)],
            elapsed=round(elapsed, 6),
        )


async def _read(request: web.BaseRequest) -> bytes | None:
    """The body, or None when it is larger than any upload may be."""
    content = bytearray()
    async for piece in request.content.iter_chunked(2**16):
        content += piece
        if len(content) > MAX_UPLOAD:
            return None
    return bytes(content)
