"""The sentinel blob: its canonical content, field by field, and the rules for any content.

Source: docs/format.md sections 2 and 16.1 (storage/pkg/chunked/toc/toc.go at PR 681). A consumer recognises a sentinel
by its media type alone: content may change in a later revision.
"""

import re
from collections.abc import Iterator
from typing import Final

from conformance.format.digest import Digest
from conformance.format.names import PR681, REVISIONS, Revision
from conformance.format.oci import Descriptor
from conformance.format.tarheader import BLOCK, CHECKSUM, MAGIC, PREFIX, accepted_header, blocks, unaligned_headers

NAME: Final = b"\0ZSTD-CHUNKED-SENTINEL"
INVALID_CHECKSUM: Final = b"\xff" * 8  # neither octal nor a base-256 number that a sum can have
NOT_TAR: Final = b"NOTTAR"
MESSAGE: Final = (
    b"This image must be consumed using the TOC digests and NEVER as a tar archive.\n"
    b"See: https://github.com/containers/image"
)
MESSAGE_OFFSET: Final = 263

MIN_SIZE: Final = BLOCK
MAX_SIZE: Final = 4096
NEAR_START: Final = 16
WORDS: Final = ("TOC", "NEVER", "tar")

_URL: Final = re.compile(rb"https?://[A-Za-z0-9]")

_COMPRESSIONS = (
    ("gzip", re.compile(rb"\x1f\x8b")),
    ("zstd", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")),  # RFC 8878: a zstd frame, or a skippable frame
    ("xz", re.compile(rb"\xfd7zXZ\0")),
    ("bzip2", re.compile(rb"BZh[1-9]")),
    ("compress", re.compile(rb"\x1f\x9d")),
    ("lzip", re.compile(rb"LZIP")),
    ("lzma", re.compile(rb"\x5d\0\0")),
    ("lzop", re.compile(rb"\x89LZO\0\r\n\x1a\n")),
    ("lz4", re.compile(rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18")),
    ("lrzip", re.compile(rb"LRZI")),
)


def build_sentinel(
    *, name: bytes = NAME, checksum: bytes = INVALID_CHECKSUM, magic: bytes = NOT_TAR, message: bytes = MESSAGE
) -> bytes:
    """One 512-byte block with these fields in their places and NUL elsewhere; ValueError when one does not fit."""
    block = bytearray(BLOCK)
    for field, place in (
        (name, slice(0, CHECKSUM.start)),
        (checksum, CHECKSUM),
        (magic, MAGIC),
        (message, slice(MESSAGE_OFFSET, BLOCK)),
    ):
        if len(field) > place.stop - place.start:
            raise ValueError(f"{len(field)} bytes do not fit into bytes {place.start} to {place.stop - 1}")
        block[place.start : place.start + len(field)] = field
    return bytes(block)


def canonical_sentinel(revision: Revision = PR681) -> bytes:
    """The content that a producer of this revision writes; ValueError for an unknown revision."""
    if revision.name != PR681.name:
        raise ValueError(f"the content of revision {revision.name!r} is not known; known: {', '.join(REVISIONS)}")
    return build_sentinel()


def is_sentinel(descriptor: Descriptor, revision: Revision = PR681) -> bool:
    """Whether a layer descriptor is that of a sentinel: by media type, never by digest or content."""
    return descriptor.media_type == revision.sentinel_type


def known_revision(content: bytes) -> Revision | None:
    """The published revision with this sentinel content."""
    digest = str(Digest.of(content))
    return next((revision for revision in REVISIONS.values() if digest in revision.sentinel_digests), None)


def first_zero(content: bytes) -> int | None:
    """The offset of the first binary zero, or None."""
    offset = content.find(0)
    return None if offset < 0 else offset


def zero_blocks(content: bytes) -> tuple[int, ...]:
    """Offsets of the whole 512-byte blocks that are all zeros, each an end-of-archive mark to a tar reader."""
    return tuple(offset for offset, block in blocks(content) if not any(block))


def has_empty_name(content: bytes) -> bool:
    """Whether name (byte 0) and prefix (byte 345) of a whole first block both begin with NUL (busybox: the end)."""
    return len(content) >= BLOCK and content[0] == 0 and content[PREFIX] == 0


def compression(content: bytes) -> str | None:
    """The compression whose stream begins like this: one that GNU tar or bsdtar detects."""
    return next((name for name, pattern in _COMPRESSIONS if pattern.match(content)), None)


def missing_words(content: bytes) -> tuple[str, ...]:
    """Which of TOC (or TOCs), NEVER and tar are not whole words of the content, in any case of letters."""
    return tuple(word for word in WORDS if not re.search(rb"(?i)\b%bs?\b" % word.encode(), content))


def readings_as_tar(content: bytes) -> Iterator[tuple[int, str]]:
    """Every offset from which a strict reader accepts the content as a tar, and why (SENT-BLOB-001).

    Includes the offsets between block boundaries that cpio and 7z search.
    """
    if not content:
        yield 0, "many readers take zero bytes for an empty archive"
        return
    if len(content) >= BLOCK and not any(content[:BLOCK]):
        yield 0, "readers take a first block of zeros for an empty archive"
    elif has_empty_name(content):
        yield 0, "busybox takes an empty name and prefix for the end of the archive"
    for offset, block in blocks(content):
        if (why := accepted_header(block)) is not None:
            yield offset, why
    for offset in unaligned_headers(content):
        yield offset, "its checksum field is right (octal), and cpio and 7z search at every byte"


def names_a_document(content: bytes) -> bool:
    """Whether the text has an absolute HTTP URL in it."""
    return _URL.search(content) is not None
