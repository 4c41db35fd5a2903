"""The TOC: the JSON list of the entries of a layer and their positions (docs/format.md sections 1, 11 and 13).

Decoding verifies only that the document can be read; the checks judge its content. ``toc_keys`` finds keys that parsers
read differently.
"""

import codecs
import re
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from conformance.format.decompress import decompress
from conformance.format.errors import FormatError, LimitError

MAX_TOC: Final = 150 * 2**20
"""Bytes, of the compressed and of the uncompressed TOC (TOC-009)."""

TYPES: Final = ("reg", "hardlink", "symlink", "dir", "char", "block", "fifo", "chunk")
CHUNK_ZEROS: Final = "zeros"

Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Written = Annotated[str, msgspec.Meta(min_length=1)]
"""Text that is "" when absent. Go's decoder, and so clients, refuse an empty time or digest that is present."""

# Go's decoder reads null as "" where it expects a text, and refuses it for a number or a time. A key in a text of JSON
# has no quote behind it, only an escaped one.
_NULL_TEXT: Final = re.compile(rb'("(?:linkName|digest|chunkType|chunkDigest)"[ \t\r\n]*:[ \t\r\n]*)null')
_UTF8_STEP = 2**20
# The shortest entry with a type and a name has 25 bytes. A million shorter objects only serve to fill memory: each
# takes some 200 bytes when it is decoded.
_SHORTEST: Final = 16
_FEW: Final = 2**16


class Entry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """One entry as written; an absent field has its zero value.

    Offsets and sizes are bytes, offsets are absolute in the blob; times are RFC 3339 text, xattr values base64 text,
    digests text: none of them is judged.
    """

    type: str = ""
    name: str = ""
    link_name: str = ""
    mode: Integer = 0
    size: Integer = 0
    uid: Integer = 0
    gid: Integer = 0
    modtime: Written = ""
    accesstime: Written = ""
    changetime: Written = ""
    dev_major: Integer = 0
    dev_minor: Integer = 0
    xattrs: dict[str, str] | None = None
    digest: str = ""
    offset: Integer = 0
    end_offset: Integer = 0
    chunk_size: Integer = 0
    chunk_offset: Integer = 0
    chunk_digest: str = ""
    chunk_type: str = ""

    @property
    def is_chunk(self) -> bool:
        """Whether this entry continues the regular file before it."""
        return self.type == "chunk"


class Toc(msgspec.Struct, frozen=True, rename={"tar_split_digest": "tarSplitDigest"}, omit_defaults=True):
    """A decoded TOC. ``version`` is 0 when absent; ``entries`` is None when the key is absent or null."""

    version: Integer = 0
    entries_or_none: Sequence[Entry] | msgspec.UnsetType | None = msgspec.field(default=msgspec.UNSET, name="entries")
    tar_split_digest: Written = ""

    @property
    def entries(self) -> Sequence[Entry]:
        """The entries in order; empty when there is no array of entries (TOC-001 requires one)."""
        entries = self.entries_or_none
        return [] if entries is None or entries is msgspec.UNSET else entries


_DECODER = msgspec.json.Decoder(Toc)


def read_toc(payload: bytes | memoryview, *, declared_size: int | None = None, limit: int = MAX_TOC) -> Toc:
    """Decompress a TOC payload and decode it.

    ``declared_size`` is what the annotation or footer states about the uncompressed length. Raise FormatError
    if the payload or its content exceeds ``limit`` bytes, is not zstd, differs from the declaration, or is not a TOC.
    """
    return decode_toc(decompress_toc(payload, declared_size=declared_size, limit=limit))


def decompress_toc(payload: bytes | memoryview, *, declared_size: int | None = None, limit: int = MAX_TOC) -> bytes:
    """The JSON bytes of a TOC payload; raise FormatError as ``read_toc`` does."""
    if len(payload) > limit:
        raise LimitError(f"the compressed TOC has {len(payload)} bytes; the limit is {limit}")
    if declared_size is not None and declared_size > limit:
        raise LimitError(f"the TOC is declared to have {declared_size} bytes; the limit is {limit}")
    bound = limit if declared_size is None else declared_size
    document = decompress(payload, limit=bound, what="the TOC")
    if declared_size is not None and len(document) != declared_size:
        raise FormatError(f"the TOC decompresses to {len(document)} bytes; {declared_size} were declared")
    return document


def decode_toc(document: bytes) -> Toc:
    """Decode TOC JSON; raise FormatError if it is not one JSON object of the TOC's shape in UTF-8."""
    check_utf8(document)
    check_density(document.count(b"{"), len(document))
    try:
        return _DECODER.decode(without_null_texts(document))
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise FormatError(f"the TOC has the wrong shape: {text}", where=path.rstrip("`").lstrip(".")) from None
    except msgspec.DecodeError as error:
        raise FormatError(f"the TOC is not JSON: {error}") from None
    except RecursionError:
        raise FormatError("the TOC is nested too deeply") from None


def without_null_texts(json: bytes) -> bytes:
    """The same JSON, as long as before, with "" for the texts that are null."""
    return _NULL_TEXT.sub(rb'\1""  ', json) if b"null" in json else json


def encode_toc(toc: Toc) -> bytes:
    """The TOC as compact JSON: the keys in the order of docs/format.md section 1, zero values left out."""
    entries = list(toc.entries)
    head = f'{{"version":{toc.version},"entries":'.encode()
    tail = b"" if not toc.tar_split_digest else b',"tarSplitDigest":' + msgspec.json.encode(toc.tar_split_digest)
    return head + msgspec.json.encode(entries) + tail + b"}"


def check_density(objects: int, size: int) -> None:
    """Raise FormatError where ``size`` bytes of JSON have more objects than entries with a type and a name can be."""
    if objects > _FEW + size // _SHORTEST:
        raise FormatError(f"the TOC has {objects} braces in {size} bytes: entries have a type and a name")


def check_utf8(document: bytes) -> None:
    """Raise FormatError at the first byte that is not UTF-8, in bounded memory."""
    if document.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(document), _UTF8_STEP):
            pending = len(decoder.getstate()[0])
            decoder.decode(document[start : start + _UTF8_STEP], start + _UTF8_STEP >= len(document))
    except UnicodeDecodeError as error:
        raise FormatError("the TOC is not UTF-8", where=f"byte {start - pending + error.start}") from None
