"""Layers of any compression as tar streams, for who compares two images."""

from collections.abc import Iterable, Iterator
from typing import Final

from conformance.format.layer_streams import tar_stream
from conformance.reference.compression import compression_of

MAX_TAR: Final = 64 * 2**30
"""Bytes of one layer's tar that are read."""


def tar_of_layer(media_type: str, blob: Iterable[bytes], limit: int = MAX_TAR) -> Iterator[bytes]:
    """The tar in the blob's pieces. Raise FormatError when it is damaged or too long, NotSupportedError for no tar."""
    return tar_stream(compression_of(media_type), blob, limit)
