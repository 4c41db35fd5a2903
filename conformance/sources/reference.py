"""The names users give to images: ``oci:DIR[:TAG]``, ``host/name:tag``, ``host/name@sha256:…``."""

import re
from pathlib import Path

import msgspec

from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.patterns import REPOSITORY_NAME, TAG
from conformance.observed.hosts import is_loopback
from conformance.sources.errors import SourceError

# OCI distribution-spec 1.1, "Pulling manifests": the grammar of <name> and of a tag.
_HOST = re.compile(r"(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?")
_MAX_REFERENCE = 1024
_LAST_PORT = 65535
DOCKER_HUB = "registry-1.docker.io"
# containers-transports(5): places that other tools read under such a name, and this one does not.
_OTHER_TRANSPORTS = ("oci-archive", "docker-archive", "docker-daemon", "containers-storage", "dir", "ostree", "sif")
_TO_A_LAYOUT = "copy the image into an OCI layout (skopeo copy SOURCE oci:DIR:TAG), or name one in a registry"
_INSTEAD = {"oci-archive": "unpack the archive (mkdir DIR; tar -xf FILE -C DIR) and give oci:DIR"}


class LayoutReference(msgspec.Struct, frozen=True):
    """An OCI layout directory, and the tag of one image in it ("" = the only one)."""

    directory: Path
    tag: str = ""

    def __str__(self) -> str:
        return f"oci:{self.directory}" + (f":{self.tag}" if self.tag else "")


class RegistryReference(msgspec.Struct, frozen=True):
    """An image in a registry; ``reference`` is a tag or a digest; ``scheme`` "" = decide by host."""

    host: str
    repository: str
    reference: str
    scheme: str = ""

    @property
    def by_digest(self) -> bool:
        return ":" in self.reference

    def base_url(self, *, plain_http: bool = False, tls: bool = False) -> str:
        """``scheme://host``; plain HTTP when requested, or for loopback hosts as other clients do, except for
        ``tls``.
        """
        plain = plain_http or (is_loopback(self.host) and not tls)
        scheme = self.scheme or ("http" if plain else "https")
        return f"{scheme}://{self.host}"

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}{'@' if self.by_digest else ':'}{self.reference}"


def parse_reference(text: str) -> LayoutReference | RegistryReference:
    """Parse the text of the user; raise SourceError with the remedy."""
    if not text or len(text) > _MAX_REFERENCE or not text.isprintable():
        raise SourceError("an image is named oci:DIR[:TAG], host/name:tag or host/name@sha256:…")
    if text.startswith("oci:"):
        return _layout(text.removeprefix("oci:"))
    if _has_credentials(text):
        raise SourceError(
            "a reference has no user and no password: give --username and OCI_PASSWORD; after @ is a digest (sha256:…)"
        )
    transport, colon, _ = text.partition(":")
    if colon and transport in _OTHER_TRANSPORTS and not Path(text).exists():
        raise SourceError(f"{text}: {transport}: is not read; {_INSTEAD.get(transport, _TO_A_LAYOUT)}")
    scheme = ""
    for prefix, value in (("docker://", ""), ("http://", "http"), ("https://", "https")):
        if text.startswith(prefix):
            return _registry(text.removeprefix(prefix), value)
    before_tag, _, tag = text.rpartition(":")
    if text.startswith((".", "/", "~")) or Path(text).is_dir():
        return _layout(text)
    if "/" not in text and Path(text).is_file():
        return _layout(text)  # for the message what to do with a file; docker.io/NAME is the image of Docker Hub
    if before_tag and "/" not in tag and Path(before_tag).is_dir():
        return _layout(text)  # DIR:TAG where DIR exists; the name of a directory never means a registry
    return _registry(text, scheme)


def _has_credentials(text: str) -> bool:
    """Whether there is ``user:password@`` where a host belongs: it must not be printed."""
    host = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://", "", text)
    first, at, rest = host.partition("@")
    if not at or re.fullmatch(r"[a-z0-9]+:[0-9a-fA-F]+", rest):  # name@sha256:…
        return False
    return "://" in text or ":" in first


def _layout(text: str) -> LayoutReference:
    whole = Path(text).expanduser()
    if whole.exists():
        return LayoutReference(whole)
    path, colon, tag = text.rpartition(":")
    # A name in a layout may have colons and slashes, as that of skopeo copy docker://… oci:DIR:host/name:tag
    # (image-spec annotations.md, ref.name).
    before = path
    while before and not Path(before).expanduser().is_dir():
        before = before.rpartition(":")[0]
    if before:
        return LayoutReference(Path(before).expanduser(), text[len(before) + 1 :])
    if colon and path and "/" not in tag:
        return LayoutReference(Path(path).expanduser(), tag)
    return LayoutReference(whole)


def _registry(text: str, scheme: str) -> RegistryReference:
    name, at, digest = text.partition("@")
    host, slash, rest = name.partition("/")
    if scheme:
        if not rest:
            raise SourceError(f"{text}: the address of a registry; an image in it is named {host or 'host'}/name:tag")
    elif not slash or not ("." in host or ":" in host or host == "localhost"):
        host, rest = DOCKER_HUB, (name if slash else f"library/{name}")
    elif host in ("docker.io", "index.docker.io"):
        host, rest = DOCKER_HUB, (rest if "/" in rest else f"library/{rest}")
    repository, colon, tag = rest.partition(":")
    if not _HOST.fullmatch(host) or _port(host) > _LAST_PORT:
        raise SourceError(f"{text}: {host!r} is not a registry host; name an image host/name:tag or oci:DIR")
    if not REPOSITORY_NAME.fullmatch(repository):
        raise SourceError(f"{text}: {repository!r} is not a repository name, nor is there such a directory")
    if at:
        try:
            return RegistryReference(host, repository, str(Digest.parse(digest)), scheme)
        except FormatError as error:
            raise SourceError(f"{text}: {error}") from None
    tag = tag if colon else "latest"
    if not TAG.fullmatch(tag):
        raise SourceError(f"{text}: {tag!r} is not a tag")
    return RegistryReference(host, repository, tag, scheme)


def _port(host: str) -> int:
    number = host.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0
