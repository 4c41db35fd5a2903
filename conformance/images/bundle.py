"""A whole image in memory: every blob and manifest by digest, and the root descriptor."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor


class Bundle(msgspec.Struct, frozen=True):
    """``blobs`` has bytes by digest text, including manifests and index; ``root`` describes the index or manifest.

    Digests are not verified: a bundle can represent an invalid image.
    """

    blobs: Mapping[str, bytes]
    root: Descriptor

    @classmethod
    def of(cls, root: bytes, media_type: str, blobs: Iterable[bytes]) -> "Bundle":
        """A bundle of these contents, each under its sha256 digest."""
        contents = {str(Digest.of(content)): content for content in (*blobs, root)}
        return cls(MappingProxyType(contents), Descriptor(media_type, str(Digest.of(root)), len(root)))

    def content(self, digest: str) -> bytes:
        """The bytes under a digest; raise FormatError when the bundle lacks them."""
        try:
            return self.blobs[digest]
        except KeyError:
            raise FormatError(f"the bundle has no blob {digest}") from None
