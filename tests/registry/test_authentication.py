"""Which challenge a client takes up, and what it sends without being asked again (RFC 9110 section 11)."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conformance.observed.credentials import Credentials
from conformance.registry.client.auth import parse_challenges
from conformance.registry.client.client import AuthenticationError, RegistryClient
from conformance.registry.client.credentials import find_credentials
from tests.servers import QuietHandler, http_server

RIGHT = Credentials("tester", "c4nary-of-the-login")
BASIC = "Basic " + base64.b64encode(b"tester:c4nary-of-the-login").decode()

Response = Callable[[str, str, str], tuple[int, list[tuple[str, str]], bytes]]


@contextmanager
def server(response: Response) -> Iterator[str]:
    """A loopback server; ``response`` gets method, path and Authorization."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = response(self.command, self.path, self.headers.get("Authorization") or "")
            self.send_response(status)
            for name, value in [("Content-Length", str(len(body))), *headers]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _reply  # noqa: N815

    with http_server(Handler) as url:
        yield url


CHALLENGES: list[tuple[str, list[tuple[str, dict[str, str]]]]] = [
    ('Basic realm="a"', [("basic", {"realm": "a"})]),
    ('Bearer realm="https://a/t",service="s", Basic realm="b, \\"c\\""',
     [("bearer", {"realm": "https://a/t", "service": "s"}), ("basic", {"realm": 'b, "c"'})]),
    ('Bearer  realm = "a", error="x, Basic y"', [("bearer", {"realm": "a", "error": "x, Basic y"})]),
    ("Negotiate, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
    ('Newauth a2tlbg==, Basic realm="x"', [("newauth", {"a2tlbg": "="}), ("basic", {"realm": "x"})]),
    (', ,Basic realm="a" , , Bearer realm="b",', [("basic", {"realm": "a"}), ("bearer", {"realm": "b"})]),
    ('BASIC REALM="a", charset="UTF-8"', [("basic", {"realm": "a", "charset": "UTF-8"})]),
    ('"quoted', []), ("", []), ('realm="a"', []),
    ('Basic realm="a", "x', [("basic", {"realm": "a"})]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CHALLENGES)
def test_challenges_are_distinguished(text: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(one.scheme, one.parameters) for one in parse_challenges(text)] == expected


@pytest.mark.parametrize("text", ["Basic " * 5000, 'Basic a="' + "\\" * 9000, "a=" * 9000, "," * 9000])
def test_hostile_challenges_take_no_time(text: str) -> None:
    assert len(parse_challenges(text)) <= 16


@pytest.mark.parametrize("two_lines", [False, True])
@pytest.mark.parametrize("token_works", [False, True])
def test_a_registry_that_offers_both_gets_credentials(two_lines: bool, token_works: bool) -> None:
    seen: list[str] = []

    def response(_method: str, path: str, login: str) -> tuple[int, list[tuple[str, str]], bytes]:
        seen.append(f"{path.partition('?')[0]} {login[:7]}")
        if path.startswith("/token"):
            return (200, [], b'{"token":"t0ken"}') if token_works and login == BASIC else (404, [], b"")
        if login in ("Bearer t0ken", BASIC):
            return 200, [], b""
        offered = [f'Bearer realm="{url}/token",service="x",scope="*"', 'Basic realm="Gitea Package API"']
        values = offered if two_lines else [", ".join(offered)]
        return 401, [("WWW-Authenticate", value) for value in values], b""

    with server(response) as url:
        client = RegistryClient(url, credentials=RIGHT)
        assert client.request("GET", "/v2/").status == 200
    assert seen[-1].startswith("/v2/ Bearer" if token_works else "/v2/ Basic")


def test_a_password_that_was_asked_for_once_is_sent_at_once() -> None:
    asked: list[str] = []

    def response(_method: str, _path: str, login: str) -> tuple[int, list[tuple[str, str]], bytes]:
        asked.append(login)
        return (200, [], b"") if login == BASIC else (401, [("WWW-Authenticate", 'Basic realm="x"')], b"")

    with server(response) as url:
        client = RegistryClient(url, credentials=RIGHT)
        for path in ("/v2/", "/v2/a/tags/list", "/v2/b/blobs/x", "/v2/_catalog"):
            assert client.request("GET", path).status == 200
        assert client.upload_blob("c", b"x").status == 200
    assert asked == ["", *[BASIC] * 5]


def test_a_wrong_password_is_called_that_and_a_forbidden_thing_is_not() -> None:
    def response(_method: str, path: str, login: str) -> tuple[int, list[tuple[str, str]], bytes]:
        good = login == BASIC and "forbidden" not in path
        return (200, [], b"") if good else (401, [("WWW-Authenticate", 'Basic realm="x"')], b"")

    with server(response) as url:
        with pytest.raises(AuthenticationError) as raised:
            RegistryClient(url, credentials=Credentials("tester", "wr0ng-canary")).request("GET", "/v2/")
        host = url.removeprefix("http://")
        assert str(raised.value) == f"authentication failed for user 'tester' at {host} (HTTP 401)"
        client = RegistryClient(url, credentials=RIGHT)
        assert client.request("GET", "/v2/").status == 200
        assert client.request("GET", "/v2/forbidden/tags/list").status == 401
        assert RegistryClient(url).request("GET", "/v2/").status == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(("status", "after"), [(429, "7"), (429, ""), (503, "7")])
def test_a_limit_of_the_rate_is_waited_for_on_every_method(method: str, status: int, after: str) -> None:
    responses = [status, status, 200]
    waits: list[float] = []

    def response(_method: str, _path: str, _login: str) -> tuple[int, list[tuple[str, str]], bytes]:
        return responses.pop(0), [("Retry-After", after)] if after else [], b""

    with server(response) as url:
        client = RegistryClient(url, sleep=waits.append)
        assert client.request(method, "/v2/a/blobs/uploads/", body=b"", retry=False).status == 200
    assert len(waits) == 2
    assert not after or waits == [7, 7]


@pytest.mark.parametrize("status", [429, 503])
def test_a_limit_without_end_is_no_response(status: int) -> None:
    waits: list[float] = []
    with server(lambda *_: (status, [("Retry-After", "3600")], b"")) as url:
        client = RegistryClient(url, sleep=waits.append)
        with pytest.raises(Exception, match="limits the rate of requests") as raised:
            client.request("POST", "/v2/a/blobs/uploads/", body=b"")
    assert "'3600'" in str(raised.value)
    assert sum(waits) <= 150


def login_file(directory: Path, document: Any) -> Path:
    path = directory / "config.json"
    path.write_text(json.dumps(document))
    return path


def entry(user: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:password".encode()).decode()}


@pytest.mark.parametrize("host", ["registry-1.docker.io", "docker.io", "index.docker.io"])
@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"])
def test_the_login_of_docker_hub_is_found_by_every_name(host: str, key: str, tmp_path: Path) -> None:
    path = login_file(tmp_path, {"auths": {key: entry("hub"), "quay.io": entry("quay")}})
    found = find_credentials(host, "library/alpine", environ={}, config_path=path)
    assert found is not None
    assert found.username == "hub"


@pytest.mark.parametrize(
    ("repository", "user"),
    [("team/repo", "repo"), ("team/repo/sub", "repo"), ("team/other", "team"), ("teams/repo", "host"), ("", "host")],
)
def test_the_key_that_names_most_of_a_repository_counts(repository: str, user: str, tmp_path: Path) -> None:
    auths = {"quay.io": entry("host"), "quay.io/team": entry("team"), "quay.io/team/repo": entry("repo")}
    found = find_credentials("quay.io", repository, environ={}, config_path=login_file(tmp_path, {"auths": auths}))
    assert found is not None
    assert found.username == user
