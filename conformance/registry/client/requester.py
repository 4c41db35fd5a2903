"""One request: docker-registry-client's V2 client over one pooled, verified, recorded session.

Used from that library: discovery, catalog, tags, manifest calls (they run over our session).
Contained: it switches all warnings off at import, verifies TLS only on request, and sets no
time-outs (docs/architecture.md, chosen parts).
"""

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from conformance.observed.credentials import Credentials
from conformance.observed.evidence import MAX_BODY_KEPT, Exchange, mask_url
from conformance.registry.client.authentication import Authentication
from conformance.registry.client.bounded_adapter import BoundedAdapter, more_to_come
from conformance.registry.client.conventions import (
    MAX_WAIT,
    is_http_url,
    join_url,
    leads_inside,
    origin,
    reason,
    scope_of,
    wait_seconds,
)
from conformance.registry.client.transport import (
    BrokenConnectionError,
    Limit,
    Response,
    TransportError,
)

with warnings.catch_warnings():  # its import calls warnings.filterwarnings("ignore")
    from docker_registry_client import BaseClient

# The class of its V2 clients is not exported; this sends no request.
_BaseClientV2: Any = type(BaseClient("http://registry.invalid", api_version=2))

_CHUNK: Final = 64 * 2**10
MAX_SMALL: Final = 8 * 2**20
"""Bytes of a response that is retained in memory, where a request does not state another limit."""
_MAX_REDIRECTS: Final = 5
_MAX_ATTEMPTS: Final = 6
"""Attempts for one request: without credentials, with a token, with a password, and with tokens renewed beside it."""
# Slow bytes cause no socket time-out: a response may take this time, or longer at this rate in bytes a second.
_MAX_RESPONSE: Final = 120.0
_SLOWEST: Final = 32 * 2**10
_RETRY_STATUS: Final = frozenset({429, 502, 503, 504})
_UNPROCESSED: Final = 503
"""The server was not able to process the request (RFC 9110 section 15.6.4): any method may be sent again."""
_LEAST_WAIT: Final = 1.0
"""Seconds that a wait for a rate limit counts at least, so that a Retry-After of 0 has an end."""
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
Body = bytes | None
_log: Final = logging.getLogger(__name__)


class _Received(NamedTuple):
    """A body: empty where it went to a sink; ``problem``: why one of an error response is cut."""

    content: bytes
    size: int
    problem: str


class Requester(_BaseClientV2):  # type: ignore[misc]
    """Raw access for conformance tests: no status raises, every attempt is recorded.

    ``request`` waits where a registry responds with 429, or with 503 with Retry-After, whatever the method. With
    back-off it retries any request on 503, and idempotent ones on 502, 504 and broken connections. When the limit
    persists for ``retries`` times 30 seconds it raises, because a rate limit is not a response. It follows redirects
    itself and sends no credentials to another origin (RFC 9110). ``requests`` counts what was sent.
    """

    def __init__(
        self,
        url: str,
        *,
        credentials: Credentials | None = None,
        insecure: bool = False,
        ca_file: str | None = None,
        timeout: float = 30.0,
        max_seconds: float = _MAX_RESPONSE,
        retries: int = 4,
        record: Callable[[Exchange], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(url.rstrip("/"), verify_ssl=not insecure, api_timeout=timeout)
        self._timeout, self._max_seconds, self._retries = timeout, max_seconds, retries
        self._record, self._sleep = record, sleep
        self._verify: bool | str = False if insecure else (ca_file or True)
        self._authentication = Authentication(self.host, credentials, self._token_request)
        self.requests = 0
        self._is_silent = False
        self._session = requests.Session()
        self._defaults = {name: str(value) for name, value in self._session.headers.items()}
        self._session.trust_env = False  # no .netrc, no proxies: only what the caller gives is sent
        adapter = BoundedAdapter(max_seconds + 1, _SLOWEST)  # errors of pieces are raised below, with a better message
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __repr__(self) -> str:
        return f"RegistryClient({self.host!r})"

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        max_bytes: int = MAX_SMALL,
        follow_redirects: bool = True,
        retry: bool = True,
        scope: str | None = None,
        sink: BinaryIO | None = None,
        sink_bytes: int | None = None,
    ) -> Response:
        """One request, with authentication, retries and redirects. Raises TransportError only.

        The body of a 200 response goes to ``sink``, a seekable file, if one is given; ``content`` is then empty. It may
        have ``sink_bytes`` (by default ``max_bytes``, which bounds what is retained in memory).
        """
        limit = Limit(max_bytes, sink, max_bytes if sink_bytes is None else sink_bytes)
        url = urljoin(self.host + "/", path)
        wanted = scope if scope is not None else scope_of(path, method)
        waited, limits, attempt = 0.0, 0, 0
        while True:
            # A host that did not respond five times is not retried five more times, until it responds.
            again = attempt < self._retries and not (self._is_silent and attempt)
            last = not again or not retry or method not in _IDEMPOTENT
            try:
                response = self._authenticated(method, url, dict(headers or {}), body, limit, follow_redirects, wanted)
            except BrokenConnectionError as error:
                if last:
                    self._is_silent = True
                    raise TransportError(str(error), error.exchange) from None
                self._sleep(min(0.2 * 2**attempt, MAX_WAIT))
                attempt += 1
                continue
            self._is_silent = False
            after = response.header("Retry-After") or ""
            # It was not processed, and may be sent again with any method (RFC 6585 section 4, RFC 9110 15.6.4).
            if response.status == 429 or (response.status == 503 and after):
                if not self._retries:
                    return response
                wait = wait_seconds(after, limits)
                limits += 1
                waited += max(wait, _LEAST_WAIT)
                if waited > self._retries * MAX_WAIT:
                    raise TransportError(f"{self.host}: {_limited(response.status, after)}", response.exchange)
            elif not again or response.status not in _RETRY_STATUS or (last and response.status != _UNPROCESSED):
                return response
            else:
                wait = wait_seconds(after, attempt)
                attempt += 1
            self._sleep(wait)

    def _authenticated(
        self, method: str, url: str, headers: dict[str, str], body: Body, limit: Limit, follow: bool, scope: str
    ) -> Response:
        is_new = False
        for _ in range(_MAX_ATTEMPTS):
            sent = self._authentication.header(scope)
            response = self._redirected(method, url, headers, body, limit, follow, sent)
            if response.status != 401:
                break
            if not is_new and self._authentication.is_replaced(scope, sent):
                continue  # it expired, and a request beside this one has renewed it
            if not self._authentication.take_up(response, scope, sent, is_new=is_new):
                break
            is_new = True
        self._authentication.note(response, sent)
        return response

    def _token_request(
        self, method: str, url: str, headers: Mapping[str, str], form: bytes | None
    ) -> tuple[int, bytes]:
        try:
            response = self._once(method, url, dict(headers), form, Limit(MAX_SMALL))
        except BrokenConnectionError as error:
            raise TransportError(f"token service: {error}", error.exchange) from None
        # The token in the body is a secret: it is not in the exchange, see _once.
        return response.status, response.content

    def _redirected(
        self, method: str, url: str, headers: dict[str, str], body: Body, limit: Limit, follow: bool, login: str | None
    ) -> Response:
        for _ in range(_MAX_REDIRECTS + 1):
            own = origin(url) == origin(self.host)
            sent = {**headers, "Authorization": login} if login and own else headers
            response = self._once(method, url, sent, body, limit)
            location = response.header("Location")
            if not follow or response.status not in _REDIRECTS or not location or method not in ("GET", "HEAD"):
                return response
            url = join_url(url, location)
            if not is_http_url(url):
                raise TransportError(
                    f"redirected to {mask_url(location)[:200]!r}, which is not HTTP", response.exchange
                )
            if leads_inside(url, self.host):
                raise TransportError(
                    f"redirected to {mask_url(location)[:200]!r}, an address of this machine or network only",
                    response.exchange,
                )
        raise TransportError(f"more than {_MAX_REDIRECTS} redirects", response.exchange)

    def _once(self, method: str, url: str, headers: dict[str, str], body: Body, limit: Limit) -> Response:
        # Identity encoding: ranges and digests refer to the stored bytes.
        sent = {"Accept-Encoding": "identity", **headers}
        start = time.monotonic()
        self.requests += 1

        def exchange(**response: Any) -> Exchange:
            made = Exchange.record(
                method,
                url,
                request_headers=tuple(sent.items()),
                request_size=len(body or b""),
                request_body=body if isinstance(body, bytes) else b"",
                elapsed=round(time.monotonic() - start, 6),
                **response,
            )
            if _log.isEnabledFor(logging.DEBUG):
                _log.debug("%s", _in_a_line(made))
            if self._record is not None:
                self._record(made)
            return made

        try:
            adapter = self._session.get_adapter(url)
            assert isinstance(adapter, BoundedAdapter), "its session has no other adapters"
            with adapter.exchange(
                method, url, {**self._defaults, **sent}, body, self._timeout, self._verify
            ) as response:
                status, got = response.status, tuple(response.headers.itermerged())
                failed = partial(exchange, status=status, response_headers=got)
                received = self._receive(response, limit, start, f"{method} {url}", failed)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            message = f"{urlsplit(url).scheme}://{origin(url)[1]}: {reason(error)}"
            # A response that exceeded its time is not retried four times.
            final = time.monotonic() - start > self._max_seconds
            raise (TransportError if final else BrokenConnectionError)(message, exchange(error=message)) from None
        # A received token is not yet registered as a secret; a body in another encoding could not be masked.
        hidden = "token" in urlsplit(url).path or any(name.lower() == "content-encoding" for name, _ in got)
        kept_body = b"" if hidden else received.content[: 4 * MAX_BODY_KEPT]
        made = exchange(
            status=status,
            response_headers=got,
            response_size=received.size,
            response_start=kept_body,
            error=received.problem,
        )
        return Response(status, got, received.content, made)

    def _receive(
        self,
        response: urllib3.BaseHTTPResponse,
        limit: Limit,
        start: float,
        request: str,
        failed: Callable[..., Exchange],
    ) -> _Received:
        """The body; TransportError, with what ``failed`` records, for one that is too large or too slow."""
        content, size, problem = bytearray(), 0, ""
        sink = limit.sink if response.status == 200 else None
        most = limit.size if sink is None else limit.sink_size
        if sink is not None:  # content of an earlier attempt is discarded
            sink.seek(0)
            sink.truncate()
        try:
            for piece in _pieces(response):
                size += len(piece)
                if size > most:
                    raise TransportError(
                        f"{request}: the response is larger than {most} bytes", failed(error="too large")
                    )
                if time.monotonic() - start > self._max_seconds + size / _SLOWEST:
                    raise TransportError(
                        f"{request}: no end after {self._max_seconds:g} seconds", failed(error="too slow")
                    )
                more_to_come(response)
                if sink is None:
                    content += piece
                else:
                    sink.write(piece)
        except urllib3.exceptions.ProtocolError:
            # The body of an error response may be truncated: distribution 2.8 sends 416 with the blob's
            # Content-Length and 33 bytes of text. Truncated content of a success is not a response.
            if response.status < 400:
                raise
            problem = "the body is shorter than Content-Length states"
        return _Received(bytes(content), size, problem)

    def _http_response(
        self,
        url: str,
        method: Callable[..., Any],
        data: Any = None,
        content_type: str | None = None,
        schema: str | None = None,
        **kwargs: str,
    ) -> Any:
        """Called by the library's own methods: the same session, authentication and time-outs as other requests."""
        headers = {"Accept": schema or self.schema_2, "Content-Type": content_type or "application/json"}
        body = None if data is None else (data if isinstance(data, bytes) else str(data).encode())
        response = self.request(method.__name__.upper(), url.format(**kwargs), headers=headers, body=body)
        adapted = requests.Response()
        adapted.status_code, adapted._content = response.status, response.content
        adapted.url = self.host + url.format(**kwargs)
        adapted.headers.update(dict(response.headers))
        adapted.raise_for_status()
        return adapted


def _in_a_line(made: Exchange) -> str:
    """The request and its response in one line; masked as the exchange is."""
    wanted = "".join(f" {name}: {value}" for name, value in made.request_headers if name.lower() == "range")
    came = f"{made.status or made.error}, {made.response_size} bytes, {made.elapsed:.3f} s"
    return f"{made.method} {made.url}{wanted} -> {came}"


def _pieces(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The body as it comes over the wire, without decoding any content encoding."""
    return iter(lambda: response.read1(_CHUNK, decode_content=False), b"")


def _limited(status: int, after: str) -> str:
    wish = f", Retry-After {after[:40]!r}" if after else ""
    return f"the registry limits the rate of requests (HTTP {status}{wish}); try again later"
