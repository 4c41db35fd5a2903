"""The image sources of an audit; in a registry, the images of a repository share small documents."""

import threading
from collections import OrderedDict
from typing import Final, Protocol

import msgspec

from conformance.audit.connections import Hosts
from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.errors import FormatError
from conformance.format.names import MANIFEST_TYPES
from conformance.format.oci import Descriptor
from conformance.observed.image import Stored
from conformance.registry.client.client import RegistryClient, TransportError
from conformance.registry.client.options import ConnectionOptions
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference, RegistryReference, parse_reference
from conformance.sources.remote import RemoteSource
from conformance.sources.source import ImageSource

_MAX_CACHED: Final = 256 * 2**10
_MAX_CACHE: Final = 32 * 2**20
_MAX_HELD: Final = 2**20


class Shared:
    """The state that the threads of a run share: small documents and present blobs, by repository and digest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: OrderedDict[tuple[str, Descriptor], Stored] = OrderedDict()
        self._size = 0
        self._held: OrderedDict[tuple[str, str, int], None] = OrderedDict()

    def document(self, scope: str, descriptor: Descriptor) -> Stored | None:
        """A document that was read before, or None."""
        with self._lock:
            return self._documents.get((scope, _bare(descriptor)))

    def keep(self, scope: str, descriptor: Descriptor, stored: Stored) -> None:
        """Store a document that was read completely and verified."""
        size = len(stored.content or b"")
        if stored.content is None or stored.problem or size > _MAX_CACHED:
            return
        key = (scope, _bare(descriptor))
        with self._lock:
            if key not in self._documents:
                self._documents[key] = msgspec.structs.replace(stored, evidence=())
                self._size += size
            while self._size > _MAX_CACHE:
                self._size -= len(self._documents.popitem(last=False)[1].content or b"")

    def is_held(self, scope: str, descriptor: Descriptor) -> bool:
        """Whether it is known that a repository has a blob of this size."""
        with self._lock:
            return (scope, descriptor.digest, descriptor.size) in self._held

    def hold(self, scope: str, descriptor: Descriptor) -> None:
        """Record that the repository has the blob."""
        with self._lock:
            self._held[scope, descriptor.digest, descriptor.size] = None
            if len(self._held) > _MAX_HELD:
                self._held.popitem(last=False)


def _bare(descriptor: Descriptor) -> Descriptor:
    return Descriptor(descriptor.media_type, descriptor.digest, descriptor.size)


class AuditedImage(ImageSource, Protocol):
    """An image of an audit. Its layers are judged once for ``host``, its root once for ``scope``.

    ``locator`` opens it again. ``is_lasting``: the content under a digest stays the same between runs.
    """

    scope: str
    host: str
    locator: str
    is_lasting: bool

    def announced(self) -> tuple[str, str] | None:
        """Digest and media type of the root without reading it; None where unknown."""

    def has(self, descriptor: Descriptor, size: int | None) -> bool:
        """Whether this store has a blob, judged in another repository, with the same size."""

    def read(self, descriptor: Descriptor) -> None:
        """Record that a layer was read here, or is known to be present."""


class RegistryImage(RemoteSource):
    """An image of a registry: its scope is the repository."""

    def __init__(self, client: RegistryClient, reference: RegistryReference, shared: Shared) -> None:
        super().__init__(client, reference)
        self._registry, self._named, self._shared = client, reference, shared
        self.scope = f"{reference.host}/{reference.repository}"
        self.host = reference.host
        self.is_lasting = True
        self.locator = f"{reference.scheme}://{reference}" if reference.scheme else str(reference)
        self._root: Stored | None = None

    def announced(self) -> tuple[str, str] | None:
        """Digest and media type of the root, by a HEAD request."""
        named = self._named
        try:
            response = self._registry.head_manifest(named.repository, named.reference, MANIFEST_TYPES)
            digest = str(Digest.parse(response.header("Docker-Content-Digest") or ""))
        except (TransportError, FormatError):
            return None
        if response.status != 200 or (named.by_digest and digest != named.reference):
            return None
        return digest, (response.header("Content-Type") or "").partition(";")[0].strip()

    def root(self) -> Stored:
        if self._root is None:
            self._root = super().root()
        return self._root

    def manifest(self, descriptor: Descriptor, limit: int) -> Stored:
        known = self._shared.document(self.scope, descriptor)
        if known is None:
            known = super().manifest(descriptor, limit)
            self._shared.keep(self.scope, descriptor, known)
        return known

    def blob(self, descriptor: Descriptor, limit: int) -> Stored:
        known = self._shared.document(self.scope, descriptor)
        if known is None or descriptor.size > min(limit, MAX_DOCUMENT):
            known = super().blob(descriptor, limit)
            self._shared.keep(self.scope, descriptor, known)
        return known

    def has(self, descriptor: Descriptor, size: int | None) -> bool:
        """Whether the repository has the blob, by a HEAD request, sent once for a repository."""
        if self._shared.is_held(self.scope, descriptor):
            return True
        try:
            response = self._registry.head_blob(self._named.repository, str(Digest.parse(descriptor.digest)))
        except (TransportError, FormatError):
            return False
        length = response.header("Content-Length") or ""
        found = int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None
        if response.status != 200 or found is None or found != (descriptor.size if size is None else size):
            return False
        self.read(descriptor)
        return True

    def read(self, descriptor: Descriptor) -> None:
        """Record the layer for the repository."""
        self._shared.hold(self.scope, descriptor)


class LayoutImage(LayoutSource):
    """An image in a layout: its layers are judged once for this layout."""

    def __init__(self, reference: LayoutReference) -> None:
        super().__init__(reference, judged=True)
        self.scope = self.host = f"oci:{reference.directory}"
        self.locator = str(reference)
        self.is_lasting = False

    def announced(self) -> tuple[str, str] | None:
        """None: reading the file is as cheap."""
        return None

    def has(self, descriptor: Descriptor, size: int | None) -> bool:  # noqa: ARG002 (of the protocol)
        """True: the layers are judged once for this layout."""
        return True

    def read(self, descriptor: Descriptor) -> None:
        """Nothing to record."""


def open_image(reference: str, connection: ConnectionOptions, hosts: Hosts, shared: Shared) -> AuditedImage:
    """The image of a reference; raises SourceError, CredentialError."""
    parsed = parse_reference(reference)
    if isinstance(parsed, LayoutReference):
        return LayoutImage(parsed)
    return RegistryImage(hosts.client(parsed, connection), parsed, shared)
