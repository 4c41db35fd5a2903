"""A bundle: contents under their digests, and nothing promised beyond that."""

import msgspec
import pytest

from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.names import INDEX_TYPE
from conformance.images.bundle import Bundle


def test_every_content_lies_under_its_digest() -> None:
    bundle = Bundle.of(b"root", INDEX_TYPE, [b"one", b"two", b"one"])
    assert dict(bundle.blobs) == {str(Digest.of(content)): content for content in (b"one", b"two", b"root")}
    assert (bundle.root.media_type, bundle.root.size) == (INDEX_TYPE, 4)
    assert bundle.content(bundle.root.digest) == b"root"


def test_a_missing_content_is_named() -> None:
    absent = str(Digest.of(b"absent"))
    with pytest.raises(FormatError, match=f"the bundle has no blob {absent}"):
        Bundle.of(b"root", INDEX_TYPE, []).content(absent)


def test_it_cannot_be_changed() -> None:
    bundle = Bundle.of(b"root", INDEX_TYPE, [])
    with pytest.raises(TypeError):
        bundle.blobs["sha256:x"] = b""  # type: ignore[index]
    with pytest.raises(AttributeError):
        bundle.root = msgspec.structs.replace(bundle.root, size=5)  # type: ignore[misc]


def test_it_can_hold_a_broken_image() -> None:
    whole = Bundle.of(b"root", INDEX_TYPE, [b"one"])
    broken = Bundle({**whole.blobs, whole.root.digest: b"other"}, whole.root)
    assert broken.content(whole.root.digest) == b"other"
