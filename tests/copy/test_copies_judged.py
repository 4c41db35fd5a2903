"""What the SENT-STRIP checks say of copies that no copier of the tests makes, word for word (copies_judged.json)."""

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.format.names import CHUNK_KEYS, SENTINEL_ANNOTATION
from conformance.observed.image import CopySeen, ImageSeen, ManifestSeen, Stored
from tests.artifact.built import digest, entry, first, layer, manifest
from tests.told import Told, kept, told

FILE = Path(__file__).parent / "copies_judged.json"
SIGNED = {"listed": entry({SENTINEL_ANNOTATION: "true"})}
PLAIN = {"listed": entry()}
HISTORY: dict[str, Any] = {"history": [{"created_by": "a"}, {"created_by": "b"}]}
EMPTY: dict[str, Any] = {"history": [{"empty_layer": True}, {"created_by": "s"}, {"created_by": "a"}]}
REFERRERS = {"referrers_before": ("sha256:1", "sha256:2"), "referrers_after": ()}


def image(*manifests: ManifestSeen, index: bytes | None = None) -> ImageSeen:
    return ImageSeen("image", None if index is None else Stored(index), manifests=manifests)


def listed(*manifests: ManifestSeen, index: bytes = b"index") -> ImageSeen:
    seen = image(*manifests, index=index)
    return msgspec.structs.replace(seen, index=INDEX)


INDEX: Any = object()
ONE = manifest("m", first(), layer("a"), layer("b"))
ONE_PLAIN = manifest("m", layer("a"), layer("b"))
PAIR = (manifest("plain", layer("a"), **PLAIN), manifest("sentinel", first(), layer("a"), **SIGNED))
GZIP = manifest("m", layer("1", "gzip"), layer("2", "gzip"), config={"rootfs": ONE_PLAIN.config.fields["rootfs"]})  # type: ignore[union-attr]
OTHER = manifest("m", layer("a"), first(), sentinels={1: Stored(b"another")})
UNREAD = manifest("m", first(), layer("a"), sentinels={0: Stored(None, "unreadable", "HTTP 500")})
MISSING = manifest("m", first(), layer("a"), sentinels={0: Stored(None, "missing")})
LOST = ManifestSeen("lost", Stored(None, "missing", "HTTP 404"), listed=None) if False else ManifestSeen(
    "lost", Stored(None, "missing", "HTTP 404")
)
