"""An HTTP adapter with limits on total time and size: endless heads, interim responses and trailers, slow bytes.

The time-out of a socket starts again with every byte, and neither http.client nor urllib3 bounds how many interim
responses (1xx) or trailers it reads. So all received bytes pass here, and bytes outside the body are counted.
"""

import http.client
import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

MAX_UNEXPLAINED: Final = 2 * 2**20
"""Bytes on the wire between two pieces of a body, or before the first: head, chunk sizes, trailers."""
MAX_INTERIM: Final = 64
"""Interim responses (1xx) before the response. RFC 9110 section 15.2 states no limit; a proxy sends one or two."""
_SWITCHING: Final = 101


class _Counted(io.RawIOBase):
    """The raw stream of one response."""

    def __init__(self, raw: io.RawIOBase, max_seconds: float, slowest: int) -> None:
        self._raw, self._slowest = raw, slowest
        self._deadline = time.monotonic() + max_seconds
        self._received = 0
        self.unexplained = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._deadline + self._received / self._slowest:
            raise TimeoutError("timed out")
        if self.unexplained > MAX_UNEXPLAINED:
            raise http.client.HTTPException("head or trailers without end")
        count = self._raw.readinto(buffer)
        self._received += count or 0
        self.unexplained += count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Lines(io.BufferedReader):
    """Lines without white space at their end: it is no part of a field value (RFC 9112 section 5.1).

    http.client keeps it, and then does not see that ``Transfer-Encoding: chunked`` has one. A line of white space alone
    stays as it is: it is no end of the head.
    """

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(-1 if size is None else size)
        if line.endswith((b" \r\n", b"\t\r\n")) and (kept := line.rstrip(b" \t\r\n")):
            return kept + b"\r\n"
        return line


class _Renewing(urllib3.HTTPConnectionPool):
    """Sends a request again where the connection was used before, and the server closed it without a response.

    A server may close a connection at any time, without saying so in the response before (RFC 9112 section 9.3.1). What
    is sent at that moment was not processed; a repeated POST only opens another upload.
    """

    def _make_request(self, conn: Any, *args: Any, **kwargs: Any) -> Any:
        was_used, conn.was_used = getattr(conn, "was_used", False), True
        try:
            return super()._make_request(conn, *args, **kwargs)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if not was_used:
                raise
            conn.close()
            return super()._make_request(conn, *args, **kwargs)


class BoundedAdapter(HTTPAdapter):
    """A response has ``max_seconds``, and more at a rate of ``slowest`` bytes a second; no response is retried."""

    def __init__(self, max_seconds: float, slowest: int) -> None:
        self._limits = max_seconds, slowest
        super().__init__(pool_maxsize=16, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        limits = self._limits

        class Response(http.client.HTTPResponse):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.counted = _Counted(self.fp.detach(), *limits)
                self.fp = _Lines(self.counted)

            def _read_status(self) -> tuple[str, int, str]:
                """The status line of the response, after its interim ones: http.client skips 100 only.

                A client must read any 1xx that it did not ask for, and may ignore it (RFC 9110 section 15.2). 101 is
                no interim one: after it another protocol is spoken (section 15.2.2).
                """
                for _ in range(MAX_INTERIM + 1):
                    line: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
                    if not 100 <= line[1] < 200 or line[1] == _SWITCHING:
                        return line
                    http.client.parse_headers(self.fp)
                raise http.client.HTTPException(f"more than {MAX_INTERIM} interim responses")

        class Connection(urllib3.connection.HTTPConnection):
            response_class = Response

        class SecureConnection(urllib3.connection.HTTPSConnection):
            response_class = Response

        class Pool(_Renewing, urllib3.HTTPConnectionPool):
            ConnectionCls = Connection

        class SecurePool(_Renewing, urllib3.HTTPSConnectionPool):
            ConnectionCls = SecureConnection

            def _validate_conn(self, conn: Any) -> None:
                # Without urllib3's warning at each request that is not verified: it is the user's choice,
                # and would be an error where warnings are errors.
                if conn.is_closed:
                    conn.connect()

        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}

    @contextmanager
    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float, verify: bool | str
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """One request, and its response, whose body is still to be read. Raises errors of requests and urllib3.

        A session of requests merges cookies, proxies and settings that are not used here, at half a millisecond a
        request: only the choice of the connection is left to it.
        """
        parts = urlsplit(url)
        anywhere = _at(f"{parts.scheme}://{parts.netloc}")
        pool = self.get_connection_with_tls_context(anywhere, verify, proxies={})
        assert isinstance(pool, urllib3.HTTPConnectionPool)
        self.cert_verify(pool, url, verify, None)  # type: ignore[no-untyped-call]
        response = pool.urlopen(
            method,
            f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}",
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
        )
        try:
            yield response
        finally:
            response.close()  # of a body that was read whole the connection has gone back into the pool before
            response.release_conn()


@lru_cache(maxsize=64)
def _at(origin: str) -> requests.PreparedRequest:
    """A request to this scheme and host: by it requests chooses the connection."""
    return requests.Request("GET", origin).prepare()


def more_to_come(response: urllib3.BaseHTTPResponse) -> None:
    """A piece of the body was received: counting of the following bytes restarts."""
    counted = getattr(getattr(response, "_original_response", None), "counted", None)
    if counted is not None:
        counted.unexplained = 0
