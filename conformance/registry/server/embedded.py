"""The embedded registry: ``RegistryCore`` behind aiohttp, in its own thread, recording every exchange."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from aiohttp import web

from conformance.format.stored import StoredManifest
from conformance.observed.evidence import Exchange
from conformance.registry.server.core import MAX_UPLOAD, RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.serving import Call, Reply
from conformance.registry.server.storage import DirectoryStorage
from conformance.registry.server.tokens import TOKEN_PATH, Authority, BasicAuth
from conformance.registry.server.wire import send_raw

__all__ = ["BasicAuth", "EmbeddedRegistry"]

_START_SECONDS: Final = 10.0
_HANDSHAKE_SECONDS: Final = 0.05
# 1024 ranges make a Range header of about 20 KiB (REG-022).
_MAX_HEADER: Final = 256 * 2**10
_NO_BODY: Final = frozenset({204, 304})


class EmbeddedRegistry:
    """``with EmbeddedRegistry() as registry: registry.url``. Conforming unless given ``defects``.

    ``auth`` decides who may do what; ``tls`` are the files of a certificate chain and its key (PEM); with a
    ``directory`` the state survives the registry (StorageError when it cannot be used). ``on_exchange`` is called
    with each exchange, which is not retained then.
    """

    def __init__(
        self,
        *,
        defects: Sequence[Defect] = (),
        auth: Authority | None = None,
        tls: tuple[Path, Path] | None = None,
        directory: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._core = RegistryCore(None if directory is None else DirectoryStorage(directory))
        self._tls = None if tls is None else _server_context(*tls)
        self._defects, self._auth, self._host, self._port = tuple(defects), auth, host, port
        self._on_exchange = on_exchange
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="embedded-registry", daemon=True)

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, with TLS ``https://…``."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests and responses so far, secrets masked."""
        with self._lock:
            return tuple(self._exchanges)

    @contextmanager
    def watching(self) -> Iterator[list[Exchange]]:
        """The exchanges within the block, once it has ended."""
        before = len(self.exchanges)
        seen: list[Exchange] = []
        yield seen
        seen += self.exchanges[before:]

    def blobs_of(self, repository: str) -> frozenset[str]:
        """The digests of the blobs and manifests that a repository has."""
        with self._lock:
            known = self._core.repositories.get(repository)
            return frozenset({*known.links, *known.manifests}) if known else frozenset()

    def arm(self, *defects: Defect) -> None:
        """From the next request the registry has exactly these defects."""
        with self._lock:
            self._defects = defects

    def blob(self, digest: str) -> bytes | None:
        """A stored blob of any repository."""
        with self._lock:
            return self._core.blobs.get(digest)

    def load(
        self, repository: str, blobs: Mapping[str, bytes], manifests: Mapping[str, StoredManifest], **tags: str
    ) -> None:
        """Store content without a request: blobs and manifests by digest, tags to digests; unchecked."""
        with self._lock:
            place = self._core.repository(repository)
            self._core.blobs.update(blobs)
            place.links |= set(blobs)
            place.manifests |= manifests
            place.tags |= tags

    def collect_garbage(self) -> None:
        """Remove blobs that no manifest needs."""
        with self._lock:
            self._core.collect_garbage()
            for defect in self._defects:
                defect.collected(self._core)

    def __enter__(self) -> "EmbeddedRegistry":
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or self._failure is not None:
            raise RuntimeError(f"the embedded registry did not start: {self._failure or 'no response in time'}")
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
        server = web.Server(self._respond, max_line_size=_MAX_HEADER, max_field_size=_MAX_HEADER, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port, ssl_context=self._tls)
        await site.start()
        self._port = int(runner.addresses[0][1])
        self._ready.set()
        await self._stop.wait()
        open_still = [handler.transport for handler in server.connections]
        await runner.cleanup()
        for transport in open_still:
            if transport is not None:
                transport.abort()  # over TLS, closing waits for a close_notify that an idle client never sends
        # aiohttp knows a connection only after its handshake: a failed one is closed here.
        await asyncio.sleep(_HANDSHAKE_SECONDS if self._tls else 0)

    async def _respond(self, request: web.BaseRequest) -> web.Response:
        start = time.monotonic()
        try:
            body = await _read(request)
        except ConnectionError:  # the client disconnected during its upload: no client reads this response
            return web.Response(status=400)
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = {name: " ".join(request.query.getall(name)) for name in request.query}  # ``scope`` may be repeated
        call = Call(request.method, request.path, query, headers, body or b"")
        with self._lock:
            reply = self._reply(call) if body is not None else Reply(413)
            self._keep(self._record(request, call, reply, time.monotonic() - start))
        head = request.method == "HEAD"
        if reply.wire is not None:
            await send_raw(request, reply)
            return web.Response()  # the connection is closed; aiohttp requires a response
        response = web.Response(status=reply.status, body=None if head or reply.status in _NO_BODY else reply.body)
        response.headers.update(reply.headers)
        if head and "Content-Length" not in reply.headers and "X-No-Length" not in reply.headers:
            response.headers["Content-Length"] = str(len(reply.body))
        return response

    def _keep(self, exchange: Exchange) -> None:
        if self._on_exchange is None:
            self._exchanges.append(exchange)
        else:
            self._on_exchange(exchange)

    def _reply(self, call: Call) -> Reply:
        refusal = self._auth.intercept(call, self.url) if self._auth is not None else None
        if refusal is not None:
            return refusal
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
            request_body=b"" if call.path == TOKEN_PATH else bytes(call.body),  # it may hold a password
            status=reply.status,
            response_headers=tuple(reply.headers.items()),
            response_size=reply.sent,
            response_start=b"" if call.path == TOKEN_PATH else reply.body[: min(reply.sent, 2048)],  # a token is secret
            elapsed=round(elapsed, 6),
        )


def _server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def _read(request: web.BaseRequest) -> bytes | None:
    """The body, or None when it is larger than any upload may be."""
    content = bytearray()
    async for piece in request.content.iter_chunked(2**16):
        content += piece
        if len(content) > MAX_UPLOAD:
            return None
    return bytes(content)
