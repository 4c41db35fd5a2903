"""The digest of a registry's responses to fixed requests: the same program in the same version has the same one.

A registry has no file that could be hashed, and few state their version. Two results with different digests are of
different programs, versions or configurations; equal digests prove nothing.
"""

from typing import Final

from conformance.observed.evidence import mask_headers
from conformance.registry.client.client import Response, TransportError
from conformance.registry.client.credentials import CredentialError
from conformance.reports.encoding import json_bytes
from conformance.reports.provenance import digest_of
from conformance.suite.settings import SuiteSettings

_ABSENT: Final = f"sha256:{'0' * 64}"
_HEADERS: Final = frozenset(
    {"accept-ranges", "allow", "content-type", "docker-distribution-api-version", "server", "www-authenticate"}
)
"""Others differ from one response to the next: dates, identifiers of requests, connections."""
_MAX_BODY: Final = 2**16


def fingerprint_of(settings: SuiteSettings) -> str:
    """``sha256:`` and the hexadecimal digits; "" for the embedded registry and where one of the requests fails."""
    if not settings.registry or settings.read_only or settings.adapter is not None:
        return ""
    place = f"/v2/{settings.repository}/absent"
    requests = (
        ("GET", "/v2/"),
        ("GET", f"{place}/manifests/absent"),
        ("GET", f"{place}/manifests/{_ABSENT}"),
        ("GET", f"{place}/blobs/{_ABSENT}"),
        ("HEAD", f"{place}/blobs/{_ABSENT}"),
        ("GET", f"{place}/tags/list"),
    )
    try:
        client = settings.connection.client(settings.registry, settings.repository)
        return digest_of(json_bytes([_shown(client.request(*each, max_bytes=_MAX_BODY)) for each in requests]))
    except (TransportError, CredentialError):
        return ""


def _shown(response: Response) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = sorted((name.lower(), value) for name, value in mask_headers(response.headers))
    return response.status, [each for each in headers if each[0] in _HEADERS], response.content
