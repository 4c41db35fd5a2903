"""Entries of a TOC, for tests of the rules over them: a file of three chunks, and another file; and what is found."""

import msgspec

from conformance.format.toc import Entry
from conformance.format.toc_outline import Problems

DIGEST = "sha256:" + "ab" * 32
FILE = Entry(type="reg", name="a", size=30, digest=DIGEST, offset=10, end_offset=40, chunk_size=10, chunk_digest=DIGEST)
SECOND = Entry(type="chunk", name="a", offset=20, chunk_size=10, chunk_offset=10, chunk_digest=DIGEST)
THIRD = msgspec.structs.replace(SECOND, offset=30, chunk_offset=20)
OTHER = Entry(type="reg", name="b", size=5, digest=DIGEST, offset=50, end_offset=60)


def changed(entry: Entry, **fields: object) -> Entry:
    """The entry with other fields."""
    return msgspec.structs.replace(entry, **fields)


def told(problems: Problems) -> list[tuple[int, str, str]]:
    """Each problem: the place of its entry, what is expected, and what was found."""
    return [(each.index, each.expected, each.found) for each in problems]
