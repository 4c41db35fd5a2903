"""The client: login, retries, redirects, bounds, and the faults of its base library contained."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import pytest

from conformance.observed.credentials import Credentials
from conformance.observed.evidence import Exchange
from conformance.registry.client.bounded_adapter import MAX_INTERIM
from conformance.registry.client.client import RegistryClient, TransportError
from conformance.registry.client.conventions import MAX_WAIT, is_loopback_url, wait_seconds
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from tests.servers import QuietHandler, http_server, raw_server

Reply = tuple[int, dict[str, str], bytes]
Response = Callable[[str, str, dict[str, str]], Reply]
SECRET = "open-sesame"


@contextmanager
def server(response: Response) -> Iterator[str]:
    """A loopback server whose responses come from a function of method, path and headers."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            status, headers, body = response(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_POST = do_PUT = _reply  # noqa: N815

    with http_server(Handler) as url:
        yield url


def test_importing_it_switches_off_no_warnings() -> None:
    # requests and urllib3 add filters for their own classes; a filter for every warning would be new.
    code = (
        "import warnings, urllib3, requests; before = list(warnings.filters);"
        "import conformance.registry.client.client; assert before == warnings.filters, warnings.filters"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr


def test_the_methods_of_docker_registry_client_work_over_our_session() -> None:
    with EmbeddedRegistry(auth=BasicAuth("user", SECRET)) as registry:
        client = RegistryClient(registry.url, credentials=Credentials("user", SECRET))
        assert client.check_status() == {}
        assert client.catalog() == {"repositories": []}
        assert SECRET not in repr(client) + repr(registry.exchanges)


def test_nothing_of_docker_registry_client_signs_a_manifest() -> None:
    """Its only path to jws and ecdsa (SECURITY.md)."""
    with pytest.raises(NotImplementedError, match="put_manifest_raw"):
        RegistryClient("http://registry.invalid").put_manifest("a", "1", object())


def test_a_chunked_upload_reads_back() -> None:
    with EmbeddedRegistry() as registry:
        client = RegistryClient(registry.url)
        response = client.upload_blob("a", b"0123456789" * 100, chunk_size=300)
        assert response.status == 201
        assert client.get_blob("a", response.header("Docker-Content-Digest") or "").content == b"0123456789" * 100


def test_bearer_tokens_are_fetched_by_scope_and_kept() -> None:
    tokens: list[str] = []

    def response(method: str, path: str, headers: dict[str, str]) -> Reply:
        if path.startswith("/token"):
            assert headers["authorization"].startswith("Basic ")
            tokens.append(path)
            return 200, {}, b'{"token":"t0k3n"}'
        if headers.get("authorization") == "Bearer t0k3n":
            return 200, {}, b"{}"
        challenge = f'Bearer realm="http://{headers["host"]}/token",service="s, quoted",scope="repository:a:pull"'
        return 401, {"WWW-Authenticate": challenge}, b""

    kept: list[Exchange] = []
    with server(response) as url:
        client = RegistryClient(url, credentials=Credentials("user", SECRET), record=kept.append)
        assert client.get_manifest_raw("a", "x").status == 200
        assert client.get_manifest_raw("a", "y").status == 200
    assert tokens == ["/token?service=s%2C+quoted&scope=repository%3Aa%3Apull"]
    assert "t0k3n" not in repr(kept)
    assert SECRET not in repr(kept)


def test_a_redirect_to_another_host_carries_no_credentials() -> None:
    seen: list[dict[str, str]] = []

    def other(method: str, path: str, headers: dict[str, str]) -> Reply:
        seen.append(headers)
        return 206, {"Content-Range": "bytes 0-1/9"}, b"ab"

    with server(other) as elsewhere:

        def response(method: str, path: str, headers: dict[str, str]) -> Reply:
            if "authorization" not in headers:
                return 401, {"WWW-Authenticate": 'Basic realm="x"'}, b""
            return 307, {"Location": f"{elsewhere}/blob"}, b""

        with server(response) as url:
            client = RegistryClient(url, credentials=Credentials("user", SECRET))
            got = client.request("GET", "/v2/a/blobs/x", headers={"Range": "bytes=0-1"})
    assert got.content == b"ab"
    assert seen[0]["range"] == "bytes=0-1", "the Range header is retained over the redirect"
    assert "authorization" not in seen[0]


@pytest.mark.parametrize(("after", "waited"), [("3", 3.0), ("9999", 30.0), ("nonsense", 0.2), ("", 0.2)])
def test_a_rate_limit_is_waited_for(after: str, waited: float) -> None:
    waits: list[float] = []
    replies = iter([429, 200])

    def response(method: str, path: str, headers: dict[str, str]) -> Reply:
        return next(replies), {"Retry-After": after} if after else {}, b"{}"

    with server(response) as url:
        assert RegistryClient(url, sleep=waits.append).request("GET", "/v2/").status == 200
    assert waits == [waited]


@pytest.mark.parametrize(("status", "times"), [(500, 1), (502, 1), (503, 5), (504, 1)])
def test_a_post_is_sent_again_only_where_it_was_not_processed(status: int, times: int) -> None:
    count: list[int] = []

    def response(method: str, path: str, headers: dict[str, str]) -> Reply:
        count.append(1)
        return status, {}, b""

    with server(response) as url:
        client = RegistryClient(url, sleep=lambda _: None)
        assert client.request("POST", "/v2/a/blobs/uploads/", body=b"").status == status
    assert len(count) == times


def test_an_endless_response_is_cut_off() -> None:
    with (
        server(lambda *_: (200, {}, b"x" * 100_000)) as url,
        pytest.raises(TransportError, match="larger than 1000 bytes") as caught,
    ):
        RegistryClient(url).request("GET", "/v2/a/blobs/x", max_bytes=1000)
    assert caught.value.exchange is not None


def test_a_response_that_never_ends_is_given_up() -> None:
    """Each byte comes in time, so that no time-out of a single read ends it."""
    listener = socket.create_server(("127.0.0.1", 0))
    given_up = Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not given_up.wait(0.02):
                connection.sendall(b"x")

    Thread(target=drip, daemon=True).start()
    try:
        client = RegistryClient(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=5, max_seconds=0.3)
        with pytest.raises(TransportError, match=r"no end after 0\.3 seconds") as caught:
            client.request("GET", "/v2/a/manifests/x")
    finally:
        given_up.set()
        listener.close()
    assert caught.value.exchange is not None


def test_a_success_that_is_cut_is_no_response_and_an_error_that_is_cut_is_one() -> None:
    def response(method: str, path: str, headers: dict[str, str]) -> Reply:
        return (416 if "bad" in path else 200), {"Content-Length": "100", "Connection": "close"}, b"short"

    with server(response) as url:
        client = RegistryClient(url, retries=0, timeout=2)
        refused = client.request("GET", "/v2/bad")
        assert (refused.status, refused.exchange.error) == (416, "the body is shorter than Content-Length states")
        with pytest.raises(TransportError):
            client.request("GET", "/v2/good")


def test_endless_redirects_end() -> None:
    with (
        server(lambda _method, path, _headers: (302, {"Location": path}, b"")) as url,
        pytest.raises(TransportError, match="more than 5 redirects"),
    ):
        RegistryClient(url).request("GET", "/v2/")


def test_a_redirect_to_a_file_is_refused() -> None:
    with (
        server(lambda *_: (302, {"Location": "file:///etc/passwd"}, b"")) as url,
        pytest.raises(TransportError, match="not HTTP"),
    ):
        RegistryClient(url).request("GET", "/v2/")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "more"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 200 "),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: of it\r\n"),
        (CHUNKED + b"0\r\n", b"X-More: of it\r\n"),
        (CHUNKED, b"1"),
    ],
    ids=["interim", "status", "headers", "trailers", "chunk-size"],
)
def test_what_has_no_end_beside_the_body_is_given_up(head: bytes, more: bytes) -> None:
    def send(connection: socket.socket, over: Event) -> None:
        connection.sendall(head)
        while not over.is_set():
            connection.sendall(more * 1000)

    with raw_server(send) as url, pytest.raises(TransportError):
        RegistryClient(url, retries=0).request("GET", "/v2/")


HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
INTERIM = {
    "one of 103": (HINT, True),
    "102 without headers": (b"HTTP/1.1 102 Processing\r\n\r\n", True),
    "100 without a request for it": (b"HTTP/1.1 100 Continue\r\n\r\n", True),
    "an unknown one": (b"HTTP/1.1 199 \r\nX: y\r\n\r\n", True),
    "several kinds": (b"HTTP/1.1 100 Continue\r\n\r\n" + 2 * HINT, True),
    "as many as are read": (MAX_INTERIM * HINT, True),
    "one too many": ((MAX_INTERIM + 1) * HINT, False),
}


@pytest.mark.parametrize("name", INTERIM)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_interim_responses_are_read_and_the_response_after_them_counts(name: str, method: str) -> None:
    """RFC 9110 section 15.2: a client must read any number that is sensible, whatever it asked for."""
    interim, is_read = INTERIM[name]
    content = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if method == "HEAD" else b"{}")

    with raw_server(lambda connection, _: connection.sendall(interim + content)) as url:
        client = RegistryClient(url, retries=0)
        if is_read:
            response = client.request(method, "/v2/")
            assert (response.status, response.header("Link")) == (200, None)
            assert response.content == (b"" if method == "HEAD" else b"{}")
        else:
            with pytest.raises(TransportError, match=f"more than {MAX_INTERIM} interim responses"):
                client.request(method, "/v2/")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_connection_that_the_server_closed_is_opened_again(method: str) -> None:
    """It may be closed at any time, without a word before (RFC 9112 section 9.3.1); a request for each is served."""
    served: list[socket.socket] = []

    def send(connection: socket.socket, over: Event) -> None:
        served.append(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        connection.recv(65536)  # what arrives next, of this request or of another, finds the connection closed

    with raw_server(send) as url:
        client = RegistryClient(url, retries=0)
        for _ in range(3):
            assert client.request(method, "/v2/", body=b"x", retry=False).status == 200
    assert len(served) == 3


def test_a_server_that_closes_every_connection_is_asked_once() -> None:
    asked: list[socket.socket] = []

    with raw_server(lambda connection, _: asked.append(connection)) as url, pytest.raises(TransportError):
        RegistryClient(url, retries=0).request("POST", "/v2/", body=b"x")
    assert len(asked) == 1


def test_white_space_around_a_field_value_is_no_part_of_it() -> None:
    """RFC 9112 section 5.1."""
    head = b"HTTP/1.1 200 \r\nTransfer-Encoding:\tchunked \t\r\nX:y\t \r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with raw_server(lambda connection, _: connection.sendall(head)) as url:
        response = RegistryClient(url, retries=0).request("GET", "/v2/")
    assert (response.content, response.header("X")) == (b"{}", "y")


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("/v2/a/blobs/uploads/1", "/v2/a/blobs/uploads/1?"),
        ("1?state=x", "/v2/a/blobs/uploads/1?state=x&"),
        ("./1", "/v2/a/blobs/uploads/1?"),
        ("../uploads/1", "/v2/a/blobs/uploads/1?"),
        ("?session=1", "/v2/a/blobs/uploads/?session=1&"),
        ("//HOST/x", "/x?"),
        ("http://HOST/x?", "/x?&"),
    ],
)
def test_a_location_is_relative_to_what_was_requested(location: str, asked: str) -> None:
    """RFC 9110 section 10.2.2."""
    targets: list[str] = []

    def response(method: str, path: str, headers: dict[str, str]) -> Reply:
        targets.append(path)
        return (
            (202, {"Location": location.replace("HOST", headers["host"])}, b"") if method == "POST" else (201, {}, b"")
        )

    with server(response) as url:
        assert RegistryClient(url, retries=0).upload_blob("a", b"x", digest="sha256:0").status == 201
    assert targets == ["/v2/a/blobs/uploads/", f"{asked}digest=sha256%3A0"]


def test_a_switch_to_another_protocol_is_no_interim_response() -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with raw_server(lambda connection, _: connection.sendall(switch)) as url:
        assert RegistryClient(url, retries=0).request("GET", "/v2/").status == 101


@pytest.mark.parametrize("head", [b"", CHUNKED, CHUNKED + b"0\r\n"], ids=["head", "chunk-size", "trailers"])
def test_a_head_that_never_ends_is_given_up_without_a_retry(head: bytes) -> None:
    asked = []

    def send(connection: socket.socket, over: Event) -> None:
        asked.append(connection)
        connection.sendall(head)
        while not over.wait(0.02):
            connection.sendall(b"1")

    with raw_server(send) as url, pytest.raises(TransportError):
        RegistryClient(url, timeout=5, max_seconds=0.3).request("GET", "/v2/")
    assert len(asked) == 1


@pytest.mark.parametrize("location", ["http://[::1", "http://127.0.0.1:abc/", "//", "http://"])
def test_a_redirect_to_an_invalid_url_is_refused(location: str) -> None:
    with server(lambda *_: (307, {"Location": location}, b"")) as url, pytest.raises(TransportError):
        RegistryClient(url, retries=0).request("GET", "/v2/")


@pytest.mark.parametrize(
    "challenge",
    ['Bearer realm="http://[::1"', 'Bearer realm="http://127.0.0.1:abc/"', "Bearer realm=", "Digest " + "x" * 50_000],
)
def test_a_challenge_that_is_invalid_leaves_the_401(challenge: str) -> None:
    start = time.process_time()
    with server(lambda *_: (401, {"WWW-Authenticate": challenge}, b"")) as url:
        assert RegistryClient(url, retries=0).request("GET", "/v2/").status == 401
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:5000/t", True),
        ("http://127.8.8.8/t", True),
        ("http://[::1]:5000/t", True),
        ("http://localhost/t", True),
        ("http://127.0.0.1.example.com/t", False),
        ("http://127.example.com/t", False),
        ("http://localhost.example.com/t", False),
        ("http://example.com/t", False),
    ],
)
def test_a_name_that_begins_like_loopback_is_another_machine(url: str, loopback: bool) -> None:
    """A token service there would be sent the password in the clear."""
    assert is_loopback_url(url) is loopback


@pytest.mark.parametrize("retry_after", ["\xb2", "9" * 5000, "-1", "Fri, 31 Dec 9999 23:59:59 -0000", "soon"])
def test_whatever_retry_after_says_the_wait_is_bounded(retry_after: str) -> None:
    assert 0 <= wait_seconds(retry_after, 1) <= MAX_WAIT
