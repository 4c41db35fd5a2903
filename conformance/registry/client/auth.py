"""Responding to a registry's challenge: Basic and Bearer (RFC 9110 section 11, the distribution token flow)."""

import base64
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

import msgspec

from conformance.observed.credentials import Credentials

# RFC 9110: token (5.6.2), token68 (11.2), quoted-string (5.6.4).
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME = re.compile(rf"({_WORD})(?: +|$|(?=\s*,))")
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))")
_PARAMETER = re.compile(rf'({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_COMMAS = re.compile(r"[\s,]*")
_MAX_CHALLENGES = 16
_MAX_CHALLENGE = 8192
# (method, url, headers, form) -> status, body
TokenRequest = Callable[[str, str, Mapping[str, str], bytes | None], tuple[int, bytes]]


class Challenge(msgspec.Struct, frozen=True):
    """One challenge: the scheme in lower case, and its parameters."""

    scheme: str
    parameters: dict[str, str]


def parse_challenges(value: str) -> tuple[Challenge, ...]:
    """The challenges of a WWW-Authenticate header, or of several joined by commas (RFC 9110 section 11.6.1).

    A name followed by ``=`` is a parameter of the challenge before it, any other a new scheme. Other text ends the
    list.
    """
    text = value[:_MAX_CHALLENGE]
    found: list[Challenge] = []
    position = _end_of(_COMMAS, text, 0)
    while position < len(text) and len(found) < _MAX_CHALLENGES:
        parameter = _PARAMETER.match(text, position)
        if parameter is not None and found:
            value = re.sub(r"\\(.)", r"\1", parameter[2]) if parameter[2] is not None else parameter[3]
            found[-1].parameters.setdefault(parameter[1].lower(), value)
            position = parameter.end()
        elif parameter is None and (scheme := _SCHEME.match(text, position)):
            found.append(Challenge(scheme[1].lower(), {}))
            position = scheme.end()
            if _PARAMETER.match(text, position) is None:
                position = _end_of(_TOKEN68, text, position)
        else:
            break
        position = _end_of(_COMMAS, text, position)
    return tuple(found)


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def basic(credentials: Credentials) -> str:
    """The Authorization value for Basic."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def may_have_credentials(realm: str, registry: str, loopback: bool) -> bool:
    """Credentials go to a token service over TLS, to the registry's own origin, or to this machine."""
    target, own = urlsplit(realm), urlsplit(registry)
    return target.scheme == "https" or (target.scheme, target.netloc) == (own.scheme, own.netloc) or loopback


class RefusedError(Exception):
    """The token service rejected the credentials."""


def fetch_token(challenge: Challenge, scope: str, credentials: Credentials | None, request: TokenRequest) -> str | None:
    """A bearer token from the challenge's realm; None when the service returns none. Anonymous without credentials.

    Raise RefusedError when it responds with 401 to credentials.
    """
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
    if status == 401 and credentials is not None:
        raise RefusedError
    if status != 200:
        return None
    try:
        response = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError:
        return None
    token = response.get("token") or response.get("access_token")
    return token if isinstance(token, str) and token.isprintable() else None
