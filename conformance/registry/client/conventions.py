"""Conventions of registry clients, without a connection: token scopes, origins, waits, and errors in words."""

import email.utils
import ipaddress
import re
import time
from typing import Final
from urllib.parse import urljoin, urlsplit

from conformance.observed.hosts import is_this_machine

MAX_WAIT: Final = 30.0


def scope_of(path: str, method: str) -> str:
    """The token scope of a request (distribution, "Token Scope"); authentication is cached by scope."""
    match = re.match(r"/v2/(.+?)/(?:manifests|blobs|tags|referrers)/", path)
    if match is None:
        return "registry:catalog:*" if path.startswith("/v2/_catalog") else ""
    actions = {"GET": "pull", "HEAD": "pull", "DELETE": "pull,delete"}.get(method, "pull,push")
    return f"repository:{match[1]}:{actions}"


def origin(url: str) -> tuple[str, str]:
    """Scheme and host with port, without user information."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def is_loopback_url(url: str) -> bool:
    """Whether this address is on this machine."""
    return is_this_machine(urlsplit(url).hostname or "")


def leads_inside(url: str, registry: str) -> bool:
    """Whether an address from a registry is local to this machine or network, and not to the registry.

    A link-local one may be the metadata service of a cloud, which responds with credentials.
    """
    host, own = urlsplit(url).hostname or "", urlsplit(registry).hostname or ""
    if host == own:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return is_loopback_url(url) and not is_loopback_url(registry)
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_link_local or (address.is_loopback and not is_loopback_url(registry))


def is_http_url(url: str) -> bool:
    """Whether this text from a registry is a URL that can be requested."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def join_url(url: str, location: str) -> str:
    """The target of a Location; "" for an invalid one."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def wait_seconds(retry_after: str, attempt: int, *, most: float = MAX_WAIT) -> float:
    """Seconds to wait: Retry-After as seconds or date (RFC 9110 section 10.2.3), else exponential; ``most`` at most."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), most)
    if text:
        try:
            return min(max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0), most)
        except (ValueError, OverflowError):
            pass
    return min(0.2 * float(2**attempt), most)


def reason(error: BaseException) -> str:
    """Why there was no response, with the remedy."""
    text = str(error)
    for sign, words in (
        ("Connection refused", "connection refused: is the registry running?"),
        ("Name or service not known", "no such host"),
        ("nodename nor servname", "no such host"),
        ("CERTIFICATE_VERIFY_FAILED", "its TLS certificate cannot be verified; give --ca-file, or --insecure"),
        ("WRONG_VERSION_NUMBER", "it does not speak TLS; give an http:// URL or --plain-http"),
        ("timed out", "no response in time"),
        ("closed connection without response", "it closed the connection; if it speaks TLS, give an https:// URL"),
    ):
        if sign in text:
            return words
    return f"the connection failed ({type(error).__name__}: {' '.join(text.split())[:160]})"
