"""Answering a registry's challenge: Basic and Bearer (RFC 9110 section 11, the distribution token flow)."""

import base64
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

import msgspec

from conformance.registry.credentials import Credentials

_PARAMETER = re.compile(r'([A-Za-z_][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_MAX_CHALLENGE = 8192
# (method, url, headers, form) -> status, body
TokenRequest = Callable[[str, str, Mapping[str, str], bytes | None], tuple[int, bytes]]


class Challenge(msgspec.Struct, frozen=True):
    """One WWW-Authenticate header: the scheme in lower case, and its parameters."""

    scheme: str
    parameters: dict[str, str]


def parse_challenge(value: str) -> Challenge:
    """Read a WWW-Authenticate header; unknown text gives an empty scheme."""
    scheme, _, rest = value[:_MAX_CHALLENGE].strip().partition(" ")
    parameters = {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _PARAMETER.finditer(rest)
    }
    return Challenge(scheme.lower(), parameters)


def basic(credentials: Credentials) -> str:
    """The Authorization value for Basic."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def may_have_credentials(realm: str, registry: str, loopback: bool) -> bool:
    """Credentials go to a token service over TLS, to the registry's own origin, or to this machine."""
    target, own = urlsplit(realm), urlsplit(registry)
    return target.scheme == "https" or (target.scheme, target.netloc) == (own.scheme, own.netloc) or loopback


def fetch_token(challenge: Challenge, scope: str, credentials: Credentials | None, request: TokenRequest) -> str | None:
    """A bearer token from the challenge's realm; None when the service gives none. Anonymous without credentials."""
    realm = challenge.parameters.get("realm", "")
    query = {key: challenge.parameters[key] for key in ("service",) if key in challenge.parameters}
    wanted = challenge.parameters.get("scope") or scope
    if wanted:
        query["scope"] = wanted
    if credentials is not None and credentials.identity_token:
        form = {**query, "grant_type": "refresh_token", "refresh_token": credentials.identity_token, "client_id": "zcc"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, body = request("POST", realm, headers, urlencode(form).encode())
    else:
        headers = {"Authorization": basic(credentials)} if credentials else {}
        separator = "&" if "?" in realm else "?"
        status, body = request("GET", f"{realm}{separator}{urlencode(query)}", headers, None)
    if status != 200:
        return None
    try:
        answer = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError:
        return None
    token = answer.get("token") or answer.get("access_token")
    return token if isinstance(token, str) and token.isprintable() else None
