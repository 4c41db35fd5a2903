"""Sentinel blobs: conforming variations, and for each requirement blobs that violate it.

    from conformance.strategies.blobs import forbidden_blob, sentinel_blobs

    @given(sentinel_blobs())
    def test_my_reader_refuses(blob: bytes) -> None: ...

Source: docs/format.md section 2. All strategies yield ``bytes`` and shrink towards the canonical sentinel.
"""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from typing import Final, get_args

import zstandard
from hypothesis import strategies as st

from conformance.format.sentinel import (
    INVALID_CHECKSUM,
    MAX_SIZE,
    MESSAGE,
    MESSAGE_OFFSET,
    NAME,
    NEAR_START,
    NOT_TAR,
    build_sentinel,
    canonical_sentinel,
)
from conformance.format.tarheader import BLOCK, CHECKSUM, MAGIC, PREFIX, STAR_TAIL, TYPE, Notation, write_checksum

# No digits, no b and no x: no part of such text is a number in any notation of a checksum.
_LETTERS: Final = "acdefghijklmnopqrstuvwyzACDEFGHIJKLMNOPQRSTUVWYZ"
_TEXT: Final = _LETTERS + " .,-\n"
_MIN_MESSAGE: Final = PREFIX - MESSAGE_OFFSET + 1  # long enough that the prefix field does not begin with NUL
_MAX_MESSAGE: Final = STAR_TAIL.start - MESSAGE_OFFSET
_EMPTY_FILE: Final = (  # mode, owner, group, size, time, type, magic with version
    (100, b"0000644\0"),
    (108, b"0000000\0"),
    (116, b"0000000\0"),
    (124, b"00000000000\0"),
    (136, b"00000000000\0"),
    (TYPE, b"0"),
    (MAGIC.start, b"ustar\x0000"),
)
_NOTATIONS: Final[tuple[Notation, ...]] = get_args(Notation)


def canonical_sentinel_blobs() -> st.SearchStrategy[bytes]:
    """The known contents of all published revisions."""
    return st.just(canonical_sentinel())


@st.composite
def sentinel_blobs(draw: st.DrawFn) -> bytes:
    """Conforming blobs of 512 to 4096 bytes: other name, magic, checksum, message, URL, length; all bytes ASCII or NUL.

    They meet every requirement of SENT-BLOB except SENT-BLOB-010, which only the canonical content meets.
    """
    block = build_sentinel(
        name=draw(st.just(NAME) | _names()),
        checksum=draw(st.just(INVALID_CHECKSUM) | _text(8, 8, _LETTERS)),
        magic=draw(st.just(NOT_TAR) | _text(6, 6, _LETTERS.upper())),
        message=draw(st.just(MESSAGE) | _messages()),
    )
    return block + draw(st.just(b"") | _text(1, MAX_SIZE - BLOCK))


def forbidden_blob(requirement_id: str) -> st.SearchStrategy[bytes]:
    """Blobs that violate this requirement, and often related ones; ValueError for an id not in SENT-BLOB."""
    try:
        return FORBIDDEN[requirement_id]()
    except KeyError:
        raise ValueError(f"{requirement_id} is none of {', '.join(FORBIDDEN)}") from None


def forbidden_blobs() -> st.SearchStrategy[bytes]:
    """Blobs that violate at least one requirement."""
    return st.one_of([make() for make in FORBIDDEN.values()])


@st.composite
def tar_headers(draw: st.DrawFn) -> bytes:
    """Valid ustar headers of an empty file, 512 bytes, in every checksum notation that several readers accept."""
    name = draw(_text(1, 20, _LETTERS))
    block = _put(bytes(BLOCK), 0, name)
    for offset, content in _EMPTY_FILE:
        block = _put(block, offset, content)
    return write_checksum(block, draw(st.sampled_from(_NOTATIONS[:2])))


def _accepted() -> st.SearchStrategy[bytes]:
    typed = st.builds(lambda kind: _put(canonical_sentinel(), TYPE, bytes((kind,))), st.sampled_from(b"123456789V"))
    gap = _text(1, BLOCK - 1)
    unaligned = st.builds(lambda first, text, header: first + text + header, sentinel_blobs(), gap, tar_headers())
    return _right_checksum() | _taken_for_empty() | _followed_by_tar() | typed | unaligned


def _without_zero() -> st.SearchStrategy[bytes]:
    return sentinel_blobs().map(lambda blob: blob[:BLOCK].replace(b"\0", b" ") + blob[BLOCK:]) | _text(0, MAX_SIZE)


def _late_zero() -> st.SearchStrategy[bytes]:
    return st.builds(lambda blob, start: _put(blob, 0, start), sentinel_blobs(), _text(NEAR_START, 80, _LETTERS))


def _short() -> st.SearchStrategy[bytes]:
    cut = st.builds(lambda blob, size: blob[:size], sentinel_blobs(), st.integers(0, BLOCK - 1))
    return cut | st.just(b"zstd:chunked")  # the content of the first draft of PR 681


@st.composite
def _right_checksum(draw: st.DrawFn) -> bytes:
    blob = draw(sentinel_blobs())
    signed = draw(st.booleans())
    block = _put(blob[:BLOCK], MESSAGE_OFFSET, b"\xc3\xa9") if signed else blob[:BLOCK]  # the sum differs
    return write_checksum(block, draw(st.sampled_from(_NOTATIONS)), signed=signed) + blob[BLOCK:]


def _tar_magic() -> st.SearchStrategy[bytes]:
    magics = st.sampled_from((b"ustar\0", b"ustar ", b"ustarx", bytes(6)))
    star = sentinel_blobs().map(lambda blob: _put(blob, STAR_TAIL.start, b"tar\0"))
    return st.builds(lambda blob, magic: _put(blob, MAGIC.start, magic), sentinel_blobs(), magics) | star


def _taken_for_empty() -> st.SearchStrategy[bytes]:
    zeros = st.integers(1, MAX_SIZE // BLOCK).map(lambda count: bytes(count * BLOCK))
    nameless = sentinel_blobs().map(lambda blob: _put(_put(blob, 0, b"\0"), PREFIX, b"\0"))
    return nameless | st.just(b"") | zeros


@st.composite
def _followed_by_tar(draw: st.DrawFn) -> bytes:
    blob = draw(sentinel_blobs())
    padded = blob + b"-" * (-len(blob) % BLOCK)
    end = draw(st.sampled_from((b"", bytes(2 * BLOCK))))
    return padded + draw(tar_headers()) + end


def _silent() -> st.SearchStrategy[bytes]:
    message = _text(_MIN_MESSAGE, _MAX_MESSAGE, "acdfghijklmpqsuwyz ")  # without the letters of tar, TOC, NEVER
    return message.map(lambda text: build_sentinel(message=text))


def _unknown() -> st.SearchStrategy[bytes]:
    return sentinel_blobs().filter(lambda blob: blob != canonical_sentinel())


def _another_archive() -> st.SearchStrategy[bytes]:
    magics = st.sampled_from(
        (
            b"070701",
            b"070707",
            b"!<arch>\n",
            b"7z\xbc\xaf\x27\x1c",
            b"xar!",
            b"Rar!\x1a\x07",
            b"PK\x03\x04",
            b"#mtree\n",
        )
    )
    typed = st.builds(lambda blob, magic: _put(blob, 0, magic + b"\0"), sentinel_blobs(), magics)
    return typed | sentinel_blobs().map(_with_zip)


def _with_zip(blob: bytes) -> bytes:
    """The blob with a zip of one file behind it, which readers find from its end."""
    whole = io.BytesIO(blob)
    whole.seek(0, io.SEEK_END)
    with zipfile.ZipFile(whole, "a") as archive:
        archive.writestr(zipfile.ZipInfo("file"), b"")
    return whole.getvalue()


def _compressed() -> st.SearchStrategy[bytes]:
    methods: tuple[Callable[[bytes], bytes], ...] = (
        lambda content: gzip.compress(content, mtime=0),
        zstandard.ZstdCompressor().compress,
        lzma.compress,
        bz2.compress,
        lambda content: b"\x50\x2a\x4d\x18\x04\0\0\0zstd" + content,  # a skippable frame comes first
    )
    return st.builds(lambda method, blob: method(blob), st.sampled_from(methods), sentinel_blobs())


def _large() -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda blob, text, size: blob + (text * size)[:size],
        sentinel_blobs(),
        _text(1, 80),
        st.integers(MAX_SIZE, 3 * MAX_SIZE),
    )


def _without_url() -> st.SearchStrategy[bytes]:
    return sentinel_blobs().map(lambda blob: blob.replace(b"://", b"..."))


FORBIDDEN: Final[dict[str, Callable[[], st.SearchStrategy[bytes]]]] = {
    "SENT-BLOB-001": _accepted,
    "SENT-BLOB-002": _without_zero,
    "SENT-BLOB-003": _late_zero,
    "SENT-BLOB-004": _short,
    "SENT-BLOB-005": _right_checksum,
    "SENT-BLOB-006": _tar_magic,
    "SENT-BLOB-007": _taken_for_empty,
    "SENT-BLOB-008": _followed_by_tar,
    "SENT-BLOB-009": _silent,
    "SENT-BLOB-010": _unknown,
    "SENT-BLOB-011": _compressed,
    "SENT-BLOB-012": _large,
    "SENT-BLOB-013": _without_url,
    "SENT-BLOB-014": _another_archive,
}


def _text(least: int, most: int, alphabet: str = _TEXT) -> st.SearchStrategy[bytes]:
    return st.text(alphabet, min_size=least, max_size=most).map(str.encode)


def _names() -> st.SearchStrategy[bytes]:
    """Up to 15 characters before a NUL, and some after it."""
    start = _text(0, NEAR_START - 1, _LETTERS)
    return st.builds(lambda first, second: first + b"\0" + second, start, _text(0, CHECKSUM.start - NEAR_START))


@st.composite
def _messages(draw: st.DrawFn) -> bytes:
    """Texts with the three words, in any case of letters and order, long enough to reach the prefix field.

    They follow the magic directly, so punctuation separates the first word.
    """
    words = draw(st.permutations(("TOC", "never", "tar")))
    spoken = "; " + " ".join(word.upper() if draw(st.booleans()) else word for word in words) + ".\n"
    address = draw(
        st.sampled_from(("https://example.org/", "See: https://registry.example/sentinel\n", "http://a.example\n"))
    )
    room = _MAX_MESSAGE - len(spoken) - len(address)
    filler = draw(_text(_MIN_MESSAGE - len(spoken) - len(address), room))
    return (spoken + address).encode() + filler


def _put(blob: bytes, offset: int, content: bytes) -> bytes:
    return blob[:offset] + content + blob[offset + len(content) :]
