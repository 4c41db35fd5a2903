"""An embedded registry for one trial: its stored images, and its content afterwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from conformance.format.assembled import manifest_of
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.errors import FormatError
from conformance.format.names import MANIFEST_TYPE, MANIFEST_TYPES
from conformance.format.oci import Descriptor, read_index, read_manifest
from conformance.images.draft import Drafted
from conformance.images.inputs import Image
from conformance.observed.evidence import Exchange
from conformance.observed.image import ImageSeen
from conformance.reference.compression import compression_of, decompressed
from conformance.reference.errors import NotSupportedError
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.reference import RegistryReference
from conformance.sources.remote import RemoteSource
from conformance.trials.certificate import Certificate

_CREATED: Final = 201
MAX_TAR: Final = 2**28


class Place:
    """One embedded registry with a client; ``host`` is its name for tools."""

    def __init__(self, registry: EmbeddedRegistry) -> None:
        self.registry = registry
        self.host = registry.url.partition("://")[2]
        # Its certificate is its own authority: there is nothing to verify it by.
        self.client = RegistryClient(registry.url, retries=0, insecure=registry.url.startswith("https:"))

    def name(self, repository: str, tag: str = "1") -> str:
        """``host:port/repository:tag``."""
        return f"{self.host}/{repository}:{tag}"

    def put(self, image: Image, repository: str, tag: str = "1") -> None:
        """Store an image with all that it names."""
        for digest, content in image.blobs.items():
            if not _is_manifest(content):
                self._created(self.client.upload_blob(repository, content, digest=digest).exchange)
        for digest, content in image.blobs.items():
            if _is_manifest(content):
                self._created(self.client.put_manifest_raw(repository, digest, content, MANIFEST_TYPE).exchange)
        self._created(self.client.put_manifest_raw(repository, tag, image.root, image.media_type).exchange)

    def put_signature(self, repository: str, subject: Image, tag: str = "") -> str:
        """Store something that refers to ``subject``, or (with a ``tag``) is found by its name; its layer's digest."""
        note = f"signature of {subject.descriptor.digest} {tag}".encode()
        described = self._small(repository, note, "application/vnd.dev.cosign.simplesigning.v1+json")
        config = self._small(repository, b"{}", "application/vnd.oci.empty.v1+json")
        fields = manifest_of(config, [described], artifact_type="" if tag else "application/vnd.example.signature")
        if not tag:
            own = subject.descriptor
            fields["subject"] = {"mediaType": own.media_type, "digest": own.digest, "size": own.size}
        raw = encode(fields)
        reference = tag or str(Image({}, raw).descriptor.digest)
        self._created(self.client.put_manifest_raw(repository, reference, raw, MANIFEST_TYPE).exchange)
        return str(described["digest"])

    def signatures(self, repository: str, digest: str) -> tuple[str, ...]:
        """The layers of all that refers to this digest, or is found by a tag made of it."""
        response = self.client.referrers(repository, digest)
        listed = read_index(response.content).view.manifests if response.status == 200 else ()
        references = [entry.digest for entry in listed] + [signature_tag(digest)]
        found: dict[str, None] = {}
        for reference in references:
            got = self.client.get_manifest_raw(repository, reference, accept=MANIFEST_TYPES)
            if got.status == 200:
                found |= dict.fromkeys(layer.digest for layer in read_manifest(got.content).view.layers)
        return tuple(found)

    def root(self, repository: str, tag: str = "1") -> bytes | None:
        """The bytes under the tag; None when there is nothing."""
        response = self.client.get_manifest_raw(repository, tag, accept=MANIFEST_TYPES)
        return response.content if response.status == 200 else None

    def source(self, repository: str, tag: str = "1") -> RemoteSource:
        """The image under the tag, to be read."""
        return RemoteSource(self.client, RegistryReference(self.host, repository, tag, "http"))

    def observe(self, repository: str, tag: str = "1") -> ImageSeen | None:
        """The image under the tag; None when there is nothing."""
        try:
            return observe_image(self.source(repository, tag))
        except SourceError:
            return None

    def blobs(self, repository: str) -> tuple[str, ...]:
        """The digests of all that the images of a repository name."""
        return tuple(self.registry.blobs_of(repository))

    def drafted(self, repository: str, tag: str = "1") -> Drafted:
        """The bytes under the tag, and all that the repository has by digest."""
        found = {}
        for digest in self.blobs(repository):
            content = self.registry.blob(digest)
            if content is None:
                content = self.client.get_manifest_raw(repository, digest, accept=MANIFEST_TYPES).content
            found[digest] = content
        return Drafted(found, self.root(repository, tag) or b"")

    def is_complete(self, repository: str, seen: ImageSeen) -> bool:
        """Whether everything that an image names is there."""
        if seen.index_problem or any(manifest.document is None for manifest in seen.manifests):
            return False
        return not self.missing(repository, seen)

    def missing(self, repository: str, seen: ImageSeen) -> tuple[str, ...]:
        """The digests of blobs that the manifests of an image name, and that are not there."""
        digests = sorted({descriptor.digest for descriptor in named_blobs(seen)})
        return tuple(digest for digest in digests if self.client.head_blob(repository, digest).status != 200)

    def diff_ids(self, repository: str, layers: Sequence[Descriptor]) -> tuple[str, ...]:
        """The digests of these layers decompressed; a layer that cannot be read gives its problem in their place."""
        return tuple(self._diff_id(repository, layer) for layer in layers)

    def tars(self, repository: str, layers: Sequence[Descriptor]) -> tuple[bytes, ...]:
        """These layers decompressed; one that cannot be read is empty."""
        return tuple(self._tar(repository, layer)[0] for layer in layers)

    def _diff_id(self, repository: str, layer: Descriptor) -> str:
        return diff_id_of(*self._tar(repository, layer))

    def _tar(self, repository: str, layer: Descriptor) -> tuple[bytes, str]:
        response = self.client.get_blob(repository, layer.digest)
        if response.status != 200:
            return b"", f"not there: HTTP {response.status}"
        return tar_in(response.content, layer.media_type)

    def _small(self, repository: str, content: bytes, media_type: str) -> dict[str, object]:
        response = self.client.upload_blob(repository, content)
        self._created(response.exchange)
        digest = response.header("Docker-Content-Digest")
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def _created(self, exchange: Exchange) -> None:
        if exchange.status != _CREATED:
            raise RuntimeError(f"the embedded registry refuses the image of the suite: {exchange.as_text()}")


def named_blobs(seen: ImageSeen) -> Iterator[Descriptor]:
    """The config and the layers of each manifest of an image that was read."""
    for manifest in seen.manifests:
        if manifest.document is not None:
            yield from (manifest.document.view.config, *manifest.document.view.layers)


def tar_in(layer: bytes, media_type: str) -> tuple[bytes, str]:
    """A layer decompressed; empty, with its problem, where it cannot be read."""
    try:
        return b"".join(decompressed(layer, compression_of(media_type), MAX_TAR)), ""
    except (FormatError, NotSupportedError) as error:
        return b"", f"not readable: {error}"


def diff_id_of(tar: bytes, problem: str) -> str:
    """The digest of a layer decompressed, or its problem."""
    return problem or str(Digest.of(tar))


@contextmanager
def a_place(*defects: Defect, certificate: Certificate | None = None) -> Iterator[Place]:
    """A new registry with these defects; with a ``certificate`` it uses HTTPS."""
    tls = None if certificate is None else (certificate.chain, certificate.key)
    with EmbeddedRegistry(defects=defects, tls=tls) as registry:
        place = Place(registry)
        try:
            yield place
        finally:
            place.client.close()


def signature_tag(digest: str) -> str:
    """The tag by which signatures of a digest are found where there are no referrers (cosign, sigstore)."""
    return f"{digest.replace(':', '-')}.sig"


def _is_manifest(content: bytes) -> bool:
    try:
        fields = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(fields, dict) and "layers" in fields
