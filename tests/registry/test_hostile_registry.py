"""Registries that respond what no registry would: a line or a finding, never a traceback, and no request elsewhere."""

import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from threading import Event

import pytest

from conformance.audit.checking import CheckOptions, check_image
from conformance.format.document import encode
from conformance.format.names import INDEX_TYPE
from conformance.registry.client.client import RegistryClient, TransportError
from conformance.registry.client.conventions import leads_inside
from conformance.registry.client.options import ConnectionOptions
from conformance.sources.errors import SourceError
from tests.servers import QuietHandler, http_server, raw_server

INDEX = encode({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []})


def response(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", *lines, b"", b"")) + body


def noise(seed: int) -> bytes:
    """A response some of whose bytes are replaced, doubled or left out."""
    random = Random(seed)
    made = bytearray(
        response(
            b"Content-Type: " + INDEX_TYPE.encode(),
            b"Content-Length: %d" % len(INDEX),
            b"Docker-Content-Digest: sha256:" + b"0" * 64,
            body=INDEX,
        )
    )
    for _ in range(random.randrange(1, 12)):
        place = random.randrange(len(made))
        step = random.randrange(4)
        if step == 0:
            made[place] = random.randrange(256)
        elif step == 1:
            del made[place : place + random.randrange(1, 20)]
        elif step == 2:
            made[place:place] = random.randbytes(random.randrange(1, 50))
        else:
            made[place:place] = made[place : place + 40]
    return bytes(made)


ODD = {
    "no status": b"hello\r\n\r\n",
    "status 999": b"HTTP/1.1 999 \xff\r\n\r\n",
    "status 0": b"HTTP/1.1 000 x\r\n\r\n",
    "longer than it states": response(b"Content-Length: 3", body=INDEX),
    "shorter than it states": response(b"Content-Length: 99999", body=INDEX),
    "a negative length": response(b"Content-Length: -1", body=INDEX),
    "no number": response(b"Content-Length: many", body=INDEX),
    "a huge length": response(b"Content-Length: " + b"9" * 400, body=INDEX),
    "two lengths": response(b"Content-Length: 1", b"Content-Length: 2", body=INDEX),
    "gzip": response(b"Content-Encoding: gzip", b"Content-Length: 60", body=gzip.compress(INDEX)),
    "gzip that is none": response(b"Content-Encoding: gzip", b"Content-Length: %d" % len(INDEX), body=INDEX),
    "chunks that are none": response(b"Transfer-Encoding: chunked", body=b"zz\r\n\r\n"),
    "a header of no text": response(b"X-\xff\x00: \xff\x00\x1b[31m", b"Content-Length: 2", body=b"{}"),
    "a thousand headers": response(*(b"X-%d: y" % number for number in range(1000)), b"Content-Length: 2", body=b"{}"),
    "a type of no text": response(b"Content-Type: \xff\xfe", b"Content-Length: 2", body=b"{}"),
    "folded headers": response(b"X: a", b" b", b"Content-Length: 2", body=b"{}"),
}


def _is_one_line(error: Exception) -> None:
    assert "\n" not in str(error)


def judged(url: str) -> None:
    """Either a report or one line."""
    host = url.removeprefix("http://")
    try:
        report = check_image(f"{host}/app:1", CheckOptions(ConnectionOptions(), use_panel=False))
    except SourceError as error:
        _is_one_line(error)
    else:
        assert report.verdicts or not report.claims, "an index without manifests claims nothing"


@pytest.mark.parametrize("name", ODD)
def test_an_odd_response_is_a_line_or_a_finding(name: str) -> None:
    def send(connection: socket.socket, _over: Event) -> None:
        connection.sendall(ODD[name])

    with raw_server(send) as url:
        judged(url)


def test_random_responses_are_a_line_or_a_finding() -> None:
    sent = iter(range(10**6))

    def send(connection: socket.socket, _over: Event) -> None:
        connection.sendall(noise(next(sent)))

    with raw_server(send) as url:
        client = RegistryClient(url, retries=0, timeout=2, max_seconds=2)
        for _ in range(150):
            try:
                client.get_manifest_raw("app", "1")
            except TransportError as error:
                _is_one_line(error)


@contextmanager
def redirecting(location: str, asked: list[str]) -> Iterator[str]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802 (the name that http.server calls)
            asked.append(self.path)
            self.send_response(307)
            self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with http_server(Handler) as url:
        yield url


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("file:///etc/passwd", "which is not HTTP"),
        ("gopher://127.0.0.1:1/", "which is not HTTP"),
        ("http://[::1", "which is not HTTP"),
        ("http://169.254.169.254/latest/meta-data/", "of this machine or network only"),
        ("http://[fe80::1]/", "of this machine or network only"),
        ("http://[::ffff:169.254.169.254]/", "of this machine or network only"),
        ("/v2/app/manifests/1", "more than 5 redirects"),
    ],
)
def test_a_redirect_that_leads_elsewhere_is_not_followed(location: str, words: str) -> None:
    asked: list[str] = []
    with redirecting(location, asked) as url:
        with pytest.raises(TransportError, match=words):
            RegistryClient(url, retries=0).get_manifest_raw("app", "1")
        judged(url)
    assert len(asked) <= 12


@pytest.mark.parametrize(
    ("url", "registry", "inside"),
    [
        ("http://127.0.0.1:80/", "https://registry.example", True),
        ("http://localhost/", "https://registry.example", True),
        ("http://[::1]/", "https://registry.example", True),
        ("http://127.0.0.1:9000/", "http://localhost:5000", False),
        ("http://169.254.1.1/", "http://localhost:5000", True),
        ("http://169.254.1.1/x", "http://169.254.1.1:5000", False),
        ("https://cdn.example/", "https://registry.example", False),
    ],
)
def test_addresses_of_this_machine_and_network_are_known(url: str, registry: str, inside: bool) -> None:
    assert leads_inside(url, registry) is inside
