"""Other sentinel blobs: PR 681 recognises a sentinel by its media type, and toc.go states that its content may
change.
"""

import hashlib
from typing import Final

from conformance.format.sentinel import build_sentinel
from conformance.images.draft import Drafted
from conformance.images.drafted import image_with_sentinel
from conformance.requirements import variant

_TEXT: Final = b"\0This image must be consumed by its TOC and NEVER as a tar. https://spec.example/sentinel\n"


@variant("SENT-BLOB-010")
def other_text() -> Drafted:
    """512 bytes with another message and another link (storage/pkg/chunked/toc/toc.go: content can change)."""
    return image_with_sentinel(
        build_sentinel(
            message=b" What is in this image is found by its TOC, and NEVER by a tar reader: https://spec.example/sentinel"
        )
    )


@variant("SENT-BLOB-008", "SENT-BLOB-010")
def one_byte_more_than_a_block() -> Drafted:
    """513 bytes: nothing states that a sentinel is one block long (docs/format.md section 2)."""
    return image_with_sentinel((_TEXT * 10)[:513])


@variant("SENT-BLOB-008", "SENT-BLOB-010", "SENT-BLOB-012")
def eight_blocks_of_text() -> Drafted:
    """4096 bytes of text after one NUL (docs/format.md section 2)."""
    return image_with_sentinel((_TEXT * 60)[:4096])


@variant("SENT-BLOB-010", warns=("SENT-BLOB-003",))
def first_zero_at_byte_twenty() -> Drafted:
    """PR 681 review: "close to the start"; tools that detect text inspect at least the first block."""
    return image_with_sentinel(
        build_sentinel(
            name=b"ZSTD-CHUNKED-SENTINE\0",
            message=b" What is in this image is found by its TOC, and NEVER by a tar reader: https://a.example",
        )
    )


@variant("SENT-BLOB-005", "SENT-BLOB-006", "SENT-BLOB-010", warns=("SENT-BLOB-003", "SENT-BLOB-009", "SENT-BLOB-013"))
def random_bytes() -> Drafted:
    """No reader accepts random bytes as a tar; a readable message is only a recommendation (PR 681 review)."""
    return image_with_sentinel(hashlib.shake_256(b"s").digest(1024))


@variant("SENT-BLOB-006", "SENT-BLOB-010", "SENT-BLOB-011", "SENT-BLOB-014")
def magic_of_an_executable() -> Drafted:
    """The magic of another kind of file is not a tar magic (PR 681 review: "non-tar magic")."""
    return image_with_sentinel(b"\x7fELF\0 TOC, NEVER tar: https://spec.example/sentinel".ljust(600, b"."))


@variant("SENT-BLOB-010")
def json_after_a_zero() -> Drafted:
    """A JSON text after the zero (docs/format.md section 2)."""
    text = b'\0{"read":"TOC","NEVER":"tar","see":"https://spec.example/sentinel"}'
    return image_with_sentinel(text.ljust(640, b" "))


@variant("SENT-DESC-002", "SENT-BLOB-010", warns=("SENT-BLOB-012",))
def larger_than_64_kib() -> Drafted:
    """image-spec v1.1.1 descriptor.md bounds no size; a small size is a SHOULD of this catalogue."""
    return image_with_sentinel((_TEXT * 800)[:68_800])


@variant("SENT-DESC-002", "SENT-BLOB-010", warns=("SENT-BLOB-012",))
def larger_than_600_kib() -> Drafted:
    """As above, and longer than a usual read of a client."""
    return image_with_sentinel(_TEXT * 7_000)


@variant("SENT-BLOB-010", warns=("SENT-BLOB-004",))
def two_hundred_bytes() -> Drafted:
    """Shorter than a tar header: no strict reader takes it (docs/format.md section 2, table of short blobs)."""
    return image_with_sentinel((_TEXT * 3)[:200])


@variant("SENT-BLOB-010", warns=("SENT-BLOB-004", "SENT-BLOB-009", "SENT-BLOB-013"))
def twelve_bytes() -> Drafted:
    """The first draft of PR 681 after a zero: twelve bytes are not a tar (docs/format.md section 2)."""
    return image_with_sentinel(b"\0zstd:chunk!")


@variant("SENT-BLOB-010", warns=("SENT-BLOB-009",))
def message_in_french() -> Drafted:
    """Another language: the review requires a readable text, and names no language."""
    text = "À lire par la table des matières seulement, jamais comme archive : https://spec.example/fr"
    return image_with_sentinel(build_sentinel(message=text.encode()))


@variant("SENT-BLOB-014", "SENT-BLOB-011", "SENT-BLOB-010")
def names_of_archives_in_the_text() -> Drafted:
    """The words of formats, and magic numbers away from their places, are no archive (docs/format.md section 2)."""
    text = b"\0 no zip (PK), no cpio 070701, no LZIP, -lh5-, WARC/1.0 or #mtree: by its TOC, NEVER as a tar. https://spec.example/sentinel"
    return image_with_sentinel(text.ljust(640, b"."))
