"""Push a whole OCI layout into a repository of the run: blobs, then manifests, then the index."""

from pathlib import Path

from conformance.format.document import decode_object
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor, is_index, read_index, read_manifest
from conformance.observed.image import Stored
from conformance.registry.client.client import Response
from conformance.sources.errors import SourceError
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference, RegistryReference
from conformance.trials.registry.target import RegistryUnderTest

_MAX_BLOB = 2**30


def push_layout(registry: RegistryUnderTest, directory: Path, name: str, tag: str = "latest") -> RegistryReference:
    """Push the only image of a layout as ``prefix/name:tag``. Raises SourceError when a step is refused."""
    source = LayoutSource(LayoutReference(directory))
    repository = registry.repository(name)
    root = _content(source.root(), "the root")
    if is_index(decode_object(root, what="root")):
        for entry in read_index(root).view.manifests:
            manifest = _content(source.manifest(entry, _MAX_BLOB), entry.digest)
            _push_manifest(registry, source, repository, manifest, entry.digest)
        _expect(registry.put_manifest(repository, tag, root, INDEX_TYPE), "the index")
    else:
        _push_manifest(registry, source, repository, root, tag)
    scheme, _, host = registry.client.host.partition("://")
    return RegistryReference(host, repository, tag, scheme)


def _push_manifest(
    registry: RegistryUnderTest, source: LayoutSource, repository: str, raw: bytes, reference: str
) -> None:
    manifest = read_manifest(raw).view
    for descriptor in (manifest.config, *manifest.layers):
        _push_blob(registry, source, repository, descriptor)
    _expect(registry.put_manifest(repository, reference, raw, MANIFEST_TYPE), f"manifest {reference}")


def _push_blob(registry: RegistryUnderTest, source: LayoutSource, repository: str, descriptor: Descriptor) -> None:
    if registry.client.head_blob(repository, descriptor.digest).status != 200:
        content = _content(source.blob(descriptor, _MAX_BLOB), descriptor.digest)
        _expect(registry.upload(repository, content), f"blob {descriptor.digest}")


def _content(stored: Stored, what: str) -> bytes:
    if stored.content is None:
        raise SourceError(f"{what}: {stored.detail}")
    return stored.content


def _expect(response: Response, what: str) -> None:
    if response.status != 201:
        raise SourceError(
            f"pushing {what}: the registry responded with HTTP {response.status}\n{response.exchange.as_text()}"
        )
