"""Authorization in the embedded registry: Basic, and Bearer tokens with its own token service.

The flow is that of the distribution project ("Token Authentication Specification"): the registry responds with 401 with
``Bearer realm=…,service=…,scope=…``, the client asks the realm for a token of that scope with its password or a refresh
token, and sends the token.
"""

import base64
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol
from urllib.parse import parse_qs

import msgspec

from conformance.format.document import encode
from conformance.registry.server.serving import Call, Reply

TOKEN_PATH: Final = "/token"  # noqa: S105 (a path)
ALL_ACTIONS: Final = ("pull", "push", "delete")
_SERVICE: Final = "embedded registry"
_REPOSITORY: Final = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags|referrers)/.*")
_MAX_TOKENS: Final = 10_000
_MAX_SCOPES: Final = 64
_JSON: Final = {"Content-Type": "application/json"}

Grants = frozenset[tuple[str, str]]
"""Pairs of a resource (``repository:NAME``, ``registry:catalog``) and an action on it."""


class Authority(Protocol):
    """Decides on every request before the registry sees it."""

    def intercept(self, call: Call, url: str, /) -> Reply | None:
        """The response given in place of the registry's, whose own address is ``url``; None lets the request
        through.
        """


class BasicAuth(msgspec.Struct, frozen=True):
    """One user with all rights."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"BasicAuth({self.username!r}, …)"

    def admits(self, authorization: str) -> bool:
        """Whether this Authorization header is the user's."""
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return hmac.compare_digest(authorization.encode(), f"Basic {pair}".encode())

    def intercept(self, call: Call, _url: str, /) -> Reply | None:
        if self.admits(call.header("authorization") or ""):
            return None
        return Reply(401, {"WWW-Authenticate": f'Basic realm="{_SERVICE}"'})


class TokenAuth:
    """One user, whose tokens live for ``seconds`` and grant what was requested, but no more than ``actions``.

    ``anonymous`` are the actions without a password. ``refresh_token`` may replace the password
    (an identity token of ``docker login``). ``clock`` gives seconds, for tests of expiry.
    """

    def __init__(
        self,
        username: str,
        password: str,
        *,
        actions: Iterable[str] = ALL_ACTIONS,
        anonymous: Iterable[str] = (),
        refresh_token: str = "",
        seconds: float = 300,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._user = BasicAuth(username, password)
        self._actions, self._anonymous = frozenset(actions), frozenset(anonymous)
        self._refresh_token, self._seconds, self._clock = refresh_token, seconds, clock
        self._tokens: dict[str, tuple[float, Grants]] = {}

    def __repr__(self) -> str:
        return f"TokenAuth({self._user.username!r}, …)"

    def intercept(self, call: Call, url: str, /) -> Reply | None:
        if call.path == TOKEN_PATH:
            return self._issue(call)
        token = (call.header("authorization") or "").removeprefix("Bearer ")
        expiry, granted = self._tokens.get(token, (0.0, frozenset()))
        needed = _needed(call)
        if token in self._tokens and self._clock() < expiry:
            if needed <= granted:
                return None
            return _challenge(url, needed, "insufficient_scope")
        return _challenge(url, needed, "invalid_token" if token else "")

    def _issue(self, call: Call) -> Reply:
        """A token: for ``GET`` with or without Basic, or for ``POST`` with a refresh token (RFC 6749 section 6)."""
        asked = call.query
        if call.method == "POST":
            form = parse_qs(call.body[:65536].decode("ascii", "replace"), max_num_fields=_MAX_SCOPES)
            asked = {name: " ".join(values) for name, values in form.items()}
            right = self._refresh_token and hmac.compare_digest(
                asked.get("refresh_token", "").encode(), self._refresh_token.encode()
            )
            allowed = self._actions if right else None
        elif call.method != "GET":
            return Reply(405)
        elif authorization := call.header("authorization"):
            allowed = self._actions if self._user.admits(authorization) else None
        else:
            allowed = self._anonymous
        if allowed is None:
            return Reply(
                401, _JSON, encode({"errors": [{"code": "UNAUTHORIZED", "message": "wrong user or password"}]})
            )
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (self._clock() + self._seconds, _granted(asked.get("scope", ""), allowed))
        for old in list(self._tokens)[:-_MAX_TOKENS]:
            del self._tokens[old]
        response = {"token": token, "access_token": token, "expires_in": int(self._seconds)}
        return Reply(200, _JSON, encode(response))


def _needed(call: Call) -> Grants:
    """What a request needs (distribution-spec endpoints; the actions are those of the token specification)."""
    if call.path.startswith("/v2/_catalog"):
        return frozenset({("registry:catalog", "*")})
    match = _REPOSITORY.fullmatch(call.path)
    if match is None:
        return frozenset()
    actions = {"GET": ("pull",), "HEAD": ("pull",), "DELETE": ("delete",)}.get(call.method, ("pull", "push"))
    needed = {(f"repository:{match[1]}", action) for action in actions}
    if call.query.get("mount") and call.query.get("from"):
        needed.add((f"repository:{call.query['from']}", "pull"))
    return frozenset(needed)


def _granted(scope: str, allowed: frozenset[str]) -> Grants:
    """The allowed part of the requested scopes: ``repository:NAME:pull,push repository:OTHER:pull``."""
    found = set()
    for one in scope.split()[:_MAX_SCOPES]:
        resource, _, actions = one.rpartition(":")
        wanted = set(actions.split(","))
        everything = resource == "registry:catalog" and allowed == frozenset(ALL_ACTIONS)
        found |= {(resource, action) for action in (wanted if everything else wanted & allowed)}
    return frozenset(found)


def _challenge(url: str, needed: Grants, error: str) -> Reply:
    by_resource: dict[str, list[str]] = {}
    for resource, action in sorted(needed):
        by_resource.setdefault(resource, []).append(action)
    parameters = {
        "realm": f"{url}{TOKEN_PATH}",
        "service": _SERVICE,
        "scope": " ".join(f"{resource}:{','.join(actions)}" for resource, actions in by_resource.items()),
        "error": error,
    }
    text = ",".join(f'{name}="{value}"' for name, value in parameters.items() if value)
    body = encode({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]})
    return Reply(401, {**_JSON, "WWW-Authenticate": f"Bearer {text}"}, body)
