"""Layers of any compression as tar streams, to compare two images."""

from collections.abc import Iterable, Iterator
from typing import Final

from conformance.format.errors import FormatError
from conformance.format.layer_streams import tar_stream
from conformance.format.media_types import COMPRESSION_OF

MAX_TAR: Final = 64 * 2**30
"""Maximum bytes of the tar of one layer."""


def tar_of_layer(media_type: str, blob: Iterable[bytes], limit: int = MAX_TAR) -> Iterator[bytes]:
    """The tar of a blob in pieces. Raise FormatError when it is damaged, too long, or not a tar."""
    if media_type not in COMPRESSION_OF:
        raise FormatError(f"a layer of the media type {media_type[:120]!r} cannot be read")
    return tar_stream(COMPRESSION_OF[media_type], blob, limit)
