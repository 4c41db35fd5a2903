"""Bearer login: the client against the token service of the embedded registry."""

from collections.abc import Callable

import pytest
import requests

from conformance.format.digest import Digest
from conformance.observed.credentials import Credentials
from conformance.registry.client.authentication import Authentication
from conformance.registry.client.client import AuthenticationError, RegistryClient
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.tokens import TokenAuth

SECRET = "open-sesame"
RIGHT = Credentials("user", SECRET)


class Clock:
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def token_requests(registry: EmbeddedRegistry) -> list[str]:
    return [exchange.url.partition("scope=")[2] for exchange in registry.exchanges if "/token" in exchange.url]


def test_a_push_and_a_pull_ask_for_what_they_need_and_keep_the_token() -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET)) as registry:
        client = RegistryClient(registry.url, credentials=RIGHT)
        for content in (b"one", b"two"):
            assert client.upload_blob("team/app", content).status == 201
            assert client.get_blob("team/app", str(Digest.of(content))).content == content
        asked = token_requests(registry)
        shown = repr(registry.exchanges)
    assert asked == ["repository%3Ateam%2Fapp%3Apull%2Cpush", "repository%3Ateam%2Fapp%3Apull"]
    assert SECRET not in shown
    assert "expires_in" not in shown, "the body of a token response is not retained"


def test_a_mount_asks_for_both_repositories() -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET)) as registry:
        client = RegistryClient(registry.url, credentials=RIGHT)
        client.upload_blob("from", b"shared")
        assert client.mount_blob("to", str(Digest.of(b"shared")), "from").status == 201
        asked = token_requests(registry)[-1]
    assert asked == "repository%3Afrom%3Apull+repository%3Ato%3Apull%2Cpush"


def test_deletes_and_the_catalog_have_scopes_of_their_own() -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET)) as registry:
        client = RegistryClient(registry.url, credentials=RIGHT)
        client.upload_blob("a", b"x")
        assert client.delete_blob_raw("a", str(Digest.of(b"x"))).status == 202
        assert client.catalog() == {"repositories": []}
        assert token_requests(registry)[1:] == ["repository%3Aa%3Adelete", "registry%3Acatalog%3A%2A"]


def test_an_expired_token_is_renewed() -> None:
    clock = Clock()
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET, seconds=60, clock=clock)) as registry:
        client = RegistryClient(registry.url, credentials=RIGHT)
        client.upload_blob("a", b"x")
        assert client.head_blob("a", str(Digest.of(b"x"))).status == 200
        clock.now = 59
        assert client.head_blob("a", str(Digest.of(b"x"))).status == 200
        assert len(token_requests(registry)) == 2
        clock.now = 60
        assert client.head_blob("a", str(Digest.of(b"x"))).status == 200
        assert len(token_requests(registry)) == 3
        assert 'error="invalid_token"' in repr(registry.exchanges)


def test_a_token_that_expires_between_the_requests_of_an_upload_is_renewed() -> None:
    clock = Clock()
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET, seconds=60, clock=clock)) as registry:
        client = RegistryClient(registry.url, credentials=RIGHT, record=lambda _: setattr(clock, "now", clock.now + 40))
        assert client.upload_blob("a", b"0123456789", chunk_size=4).status == 201
        assert len(token_requests(registry)) > 1


def test_a_wrong_password_is_called_that_after_one_attempt() -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET)) as registry:
        client = RegistryClient(registry.url, credentials=Credentials("user", "wrong"))
        with pytest.raises(AuthenticationError, match=r"^authentication failed for user 'user' at 127"):
            client.request("GET", "/v2/")
        assert [exchange.status for exchange in registry.exchanges] == [401, 401]


def test_a_user_with_the_right_to_pull_is_refused_a_push_and_can_pull() -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET, actions=("pull",))) as registry:
        client = RegistryClient(registry.url, credentials=RIGHT)
        assert client.refusal_to_push("a") == 401
        assert 'error="insufficient_scope"' in repr(registry.exchanges[-1])
        assert client.request("GET", "/v2/a/tags/list").status == 404


def test_anonymous_pulls_where_they_are_allowed() -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET, anonymous=("pull",))) as registry:
        RegistryClient(registry.url, credentials=RIGHT).upload_blob("a", b"x")
        client = RegistryClient(registry.url)
        assert client.get_blob("a", str(Digest.of(b"x"))).content == b"x"
        assert client.upload_blob("a", b"y").status == 401
        assert client.request("GET", "/v2/_catalog").status == 401


@pytest.mark.parametrize("given", ["r3fresh", "other"])
def test_an_identity_token_stands_for_the_password(given: str) -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET, refresh_token="r3fresh")) as registry:
        client = RegistryClient(registry.url, credentials=Credentials(identity_token=given))
        if given == "other":
            with pytest.raises(AuthenticationError, match="for the identity token"):
                client.request("POST", "/v2/a/blobs/uploads/", body=b"")
        else:
            assert client.request("POST", "/v2/a/blobs/uploads/", body=b"").status == 202
        assert given not in repr(registry.exchanges)


@pytest.mark.parametrize(
    ("scope", "reach"),
    [
        ("repository:a:pull", lambda path: path == "/v2/a/tags/list"),
        ("repository:b:pull", lambda path: path == "/v2/b/tags/list"),
        ("repository:a:pull,push,delete", lambda path: path == "/v2/a/tags/list"),
        ("repository:a:", lambda _: False),
        ("repository:a", lambda _: False),
        ("", lambda _: False),
    ],
)
def test_a_token_reaches_its_scope_and_nothing_else(scope: str, reach: Callable[[str], bool]) -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET)) as registry:
        response = requests.get(f"{registry.url}/token?scope={scope}", auth=("user", SECRET), timeout=10)
        headers = {"Authorization": f"Bearer {response.json()['token']}"}
        for path in ("/v2/a/tags/list", "/v2/b/tags/list", "/v2/_catalog"):
            status = requests.get(registry.url + path, headers=headers, timeout=10).status_code
            assert (status != 401) == reach(path), path


def test_a_scope_given_twice_is_granted_twice() -> None:
    """Docker repeats the parameter; others put both into one."""
    with EmbeddedRegistry(auth=TokenAuth("user", SECRET)) as registry:
        url = f"{registry.url}/token?scope=repository:a:pull&scope=repository:b:pull"
        token = requests.get(url, auth=("user", SECRET), timeout=10).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        for name in ("a", "b"):
            assert requests.get(f"{registry.url}/v2/{name}/tags/list", headers=headers, timeout=10).status_code == 404


def test_a_token_that_another_request_renewed_is_known_as_replaced() -> None:
    """Requests side by side find an expired token together: the first one asks for the next, the others take it."""
    tokens: dict[str, str] = {}
    one = Authentication("http://registry.example", RIGHT, no_token_service)
    one.share(tokens)
    assert not one.is_replaced("pull", "")
    tokens["pull"] = "Bearer old"
    assert not one.is_replaced("pull", "Bearer old")
    tokens["pull"] = "Bearer new"
    assert one.is_replaced("pull", "Bearer old")
    assert not one.is_replaced("push", "Bearer old")


def no_token_service(method: str, url: str, headers: object, form: bytes | None) -> tuple[int, bytes]:
    pytest.fail("a token was requested")
