"""Entries of a TOC, for tests of the rules over them: a file of three chunks, and another file."""

import msgspec

from conformance.format.toc import Entry

DIGEST = "sha256:" + "ab" * 32
FILE = Entry(type="reg", name="a", size=30, digest=DIGEST, offset=10, end_offset=40, chunk_size=10, chunk_digest=DIGEST)
SECOND = Entry(type="chunk", name="a", offset=20, chunk_size=10, chunk_offset=10, chunk_digest=DIGEST)
THIRD = msgspec.structs.replace(SECOND, offset=30, chunk_offset=20)
OTHER = Entry(type="reg", name="b", size=5, digest=DIGEST, offset=50, end_offset=60)


def changed(entry: Entry, **fields: object) -> Entry:
    """The entry with other fields."""
    return msgspec.structs.replace(entry, **fields)
