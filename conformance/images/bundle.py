"""A whole image in memory: every blob and manifest by digest, and where to begin."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor


class Bundle(msgspec.Struct, frozen=True):
    """``blobs`` holds bytes by digest text, manifests and index included; ``root`` describes the index or manifest.

    Nothing guarantees that a digest is that of its bytes: a bundle can hold a broken image.
    """

    blobs: Mapping[str, bytes]
    root: Descriptor

    @classmethod
    def of(cls, root: bytes, media_type: str, blobs: Iterable[bytes]) -> "Bundle":
        """A bundle of these contents, each under its sha256 digest."""
        contents = {str(Digest.of(content)): content for content in (*blobs, root)}
        return cls(MappingProxyType(contents), Descriptor(media_type, str(Digest.of(root)), len(root)))

    def content(self, digest: str) -> bytes:
        """The bytes under a digest; raise FormatError when there are none."""
        try:
            return self.blobs[digest]
        except KeyError:
            raise FormatError(f"the bundle has no blob {digest}") from None
