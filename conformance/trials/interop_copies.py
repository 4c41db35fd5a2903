"""Whether a copy of an image is the same image, byte for byte, with all that it names."""

from conformance.format.document import decode_object
from conformance.format.errors import FormatError
from conformance.format.names import MANIFEST_TYPES
from conformance.format.oci import is_index, read_index, read_manifest
from conformance.registry.client.client import RegistryClient, TransportError


def is_same_image(client: RegistryClient, original: str, copy: str, tag: str) -> bool:
    """Whether the tag has the same digest in both repositories, and all that it names is in that of the copy."""
    try:
        first, second = (client.get_manifest_raw(name, tag, accept=MANIFEST_TYPES) for name in (original, copy))
        return (
            first.status == second.status == 200
            and first.content == second.content
            and _is_whole(client, copy, second.content)
        )
    except (TransportError, FormatError):
        return False


def _is_whole(client: RegistryClient, repository: str, root: bytes) -> bool:
    if is_index(decode_object(root, what="root")):
        for entry in read_index(root).view.manifests:
            manifest = client.get_manifest_raw(repository, entry.digest, accept=MANIFEST_TYPES)
            if manifest.status != 200 or not _is_whole(client, repository, manifest.content):
                return False
        return True
    view = read_manifest(root).view
    return all(client.head_blob(repository, blob.digest).status == 200 for blob in (view.config, *view.layers))
