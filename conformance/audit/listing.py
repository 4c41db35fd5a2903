"""Expands targets to references: images unchanged, registries and prefixes by catalog and tags."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from conformance.audit.connections import Hosts
from conformance.format.document import decode_object
from conformance.format.errors import FormatError
from conformance.registry.client.client import RegistryClient, Response, TransportError
from conformance.registry.client.conventions import origin
from conformance.registry.client.options import ConnectionOptions
from conformance.sources.errors import SourceError
from conformance.sources.reference import RegistryReference, parse_reference
from conformance.sources.remote import explain_status

PAGE: Final = 1000
"""Names requested in one page; a registry may send fewer."""
_MAX_PAGES: Final = 100_000
_MAX_REASON: Final = 200
_NEXT: Final = re.compile(r"<([^<>]{1,4096})>\s*;[^,]*\brel=\"?next\"?")
_ANY: Final = "any"


class Listed(msgspec.Struct, frozen=True):
    """A reference to judge; or, with a ``problem``, a target that could not be listed."""

    reference: str
    problem: str | None = None


class Place(msgspec.Struct, frozen=True):
    """A registry, or the repositories below a prefix of it; ``scheme`` "" as for images."""

    host: str
    prefix: str
    scheme: str


def place_of(target: str) -> Place | None:
    """The registry, or part of one, that a target names: ``https://HOST`` or ``HOST/PREFIX/``; None for an image.

    Raises SourceError for a target that is neither.
    """
    scheme, mark, rest = target.partition("://")
    is_url = bool(mark) and scheme in ("http", "https")
    text = rest if is_url else target
    if target.startswith(("oci:", ".", "/", "~")) or not (text.endswith("/") or (is_url and "/" not in text)):
        return None
    host, _, prefix = text.rstrip("/").partition("/")
    parsed = parse_reference(f"{scheme}://{host}/{prefix or _ANY}" if is_url else f"{host}/{prefix or _ANY}")
    if not isinstance(parsed, RegistryReference) or parsed.host != host or parsed.by_digest:
        raise SourceError(f"{target}: a registry is named https://HOST, a part of it HOST/PREFIX/")
    return Place(host, f"{prefix}/" if prefix else "", parsed.scheme)


def references_of(target: str, connection: ConnectionOptions, hosts: Hosts) -> Iterator[Listed]:
    """The references of a target, read page by page; an error of a listing is one line. Raises StoppedError."""
    try:
        place = place_of(target)
    except SourceError as error:
        yield Listed(target, str(error))
        return
    if place is None:
        yield Listed(target)
        return
    anchor = RegistryReference(place.host, _ANY, "latest", place.scheme)
    try:
        client = hosts.client(anchor, connection)
        for repository in _pages(client, f"/v2/_catalog?n={PAGE}", "repositories", _no_catalog):
            if repository.startswith(place.prefix):
                yield from _tags(place, repository, connection, hosts)
    except (TransportError, SourceError) as error:
        yield Listed(target, str(error))


def _tags(place: Place, repository: str, connection: ConnectionOptions, hosts: Hosts) -> Iterator[Listed]:
    name = f"{place.host}/{repository}"
    shown = f"{place.scheme}://{name}" if place.scheme else name
    try:
        parsed = parse_reference(f"{shown}:latest")
        if not isinstance(parsed, RegistryReference) or parsed.repository != repository:
            raise SourceError(f"{repository[:_MAX_REASON]!r} is not a repository name")
        client = hosts.client(parsed, connection)
        for tag in _pages(client, f"/v2/{repository}/tags/list?n={PAGE}", "tags", explain_status):
            yield Listed(f"{shown}:{tag}")
    except (TransportError, SourceError) as error:
        yield Listed(shown[:_MAX_REASON], f"its tags cannot be listed: {error}")


def _pages(client: RegistryClient, path: str, key: str, explain: Callable[[Response], str]) -> Iterator[str]:
    """All names of a list, whose pages are linked (distribution-spec, "Listing Tags"); raises SourceError."""
    last = ""
    for _ in range(_MAX_PAGES):
        response = client.request("GET", path)
        if response.status != 200:
            raise SourceError(explain(response))
        names = _names(response, key)
        yield from names
        link = _NEXT.search(response.header("Link") or "")
        # A page without new names means that the pages form a circle.
        if link is None or not names or names[-1] == last:
            return
        last = names[-1]
        url = urljoin(f"{client.host}{path}", link[1])
        if origin(url) != origin(client.host):
            raise SourceError(f"the next page of its list is on another host, {urlsplit(url).netloc[:_MAX_REASON]!r}")
        path = urlsplit(url)._replace(scheme="", netloc="").geturl()
    raise SourceError(f"its list has more than {_MAX_PAGES} pages")


def _names(response: Response, key: str) -> list[str]:
    try:
        found = decode_object(response.content, what="the list").get(key)
    except FormatError as error:
        raise SourceError(f"its list cannot be read: {error}") from None
    if found is None:
        return []  # Go encodes an empty list as null
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise SourceError(f"its list cannot be read: {key!r} is not a list of names")
    return found


def _no_catalog(response: Response) -> str:
    words = "the registry gives no catalog"
    return f"{words} (HTTP {response.status}): give the images as a list, with --from FILE"


def read_list(lines: Iterable[str]) -> Iterator[str]:
    """The targets of a list, one on each line; empty lines and lines that begin with # are skipped."""
    for line in lines:
        text = line.strip()
        if text and not text.startswith("#"):
            yield text
