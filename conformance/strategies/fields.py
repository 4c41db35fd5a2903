"""Parts of OCI documents that a conforming client must retain: annotations, platforms, and unknown fields."""

from functools import cache
from typing import Final

from hypothesis import strategies as st

from conformance.format.digest import Digest
from conformance.format.document import JsonObject
from conformance.format.names import LAYER_GZIP_TYPE, LAYER_TAR_TYPE, LAYER_ZSTD_TYPE

MAIN_PLATFORM: Final[JsonObject] = {"architecture": "amd64", "os": "linux"}
"""The platform of the pair that every generated image has."""

OTHER_PLATFORMS: Final[tuple[JsonObject, ...]] = (
    {"architecture": "arm", "os": "linux", "variant": "v7"},
    {"architecture": "arm64", "os": "linux", "variant": "v8"},
    {"architecture": "s390x", "os": "linux"},
    {"architecture": "amd64", "os": "windows", "os.version": "10.0.20348.2700"},
)
"""Platforms of further entries; none is ``linux/arm64``, which the invalid counterparts use."""

_TEXT: Final = st.text(max_size=20)
_KEYS: Final = st.text(min_size=1, max_size=12)
_LARGEST_SAFE: Final = 2**53  # beyond it JavaScript and Go's float64 lose digits (RFC 8259 section 6)


@cache
def json_values() -> st.SearchStrategy[object]:
    """Any JSON value of small depth."""
    numbers = st.integers(-_LARGEST_SAFE, _LARGEST_SAFE) | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        st.none() | st.booleans() | numbers | _TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
        max_leaves=4,
    )


@cache
def unknown_fields() -> st.SearchStrategy[JsonObject]:
    """Fields that no specification names; every key begins with ``x-``."""
    return st.dictionaries(_KEYS.map("x-{}".format), json_values(), max_size=2)


@cache
def annotations() -> st.SearchStrategy[dict[str, str]]:
    """Annotations with a reversed domain name that this format does not use."""
    return st.dictionaries(_KEYS.map("org.example.{}".format), _TEXT, max_size=3)


def other_platforms(*, max_size: int = len(OTHER_PLATFORMS)) -> st.SearchStrategy[list[JsonObject]]:
    """Distinct platforms beside MAIN_PLATFORM, with and without variant and os.version."""
    return st.lists(st.sampled_from(OTHER_PLATFORMS), max_size=max_size, unique_by=str)


@st.composite
def descriptors(draw: st.DrawFn) -> JsonObject:
    """Conforming layer descriptors as JSON objects: any compression, annotations, ``urls``, embedded or unknown fields.

    The described blob does not exist. Their invalid counterparts are ``documents.broken_descriptors``: what the
    requirements forbid on a descriptor, they forbid on the sentinel's.
    """
    optional: JsonObject = {
        "urls": draw(st.lists(st.just("https://mirror.example/blob"), max_size=2)),
        "annotations": draw(annotations()),
    }
    return {
        "mediaType": draw(st.sampled_from((LAYER_TAR_TYPE, LAYER_GZIP_TYPE, LAYER_ZSTD_TYPE))),
        "digest": str(Digest.of(draw(st.binary(max_size=8)))),
        "size": draw(st.integers(0, 2**40)),
        **{key: value for key, value in optional.items() if value},
        **draw(unknown_fields()),
    }
