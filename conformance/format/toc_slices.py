"""A TOC read slice by slice: its JSON and its entries are never in memory as a whole (docs/format.md section 13).

A cut is a position between two entries. It is confirmed when the text between two cuts decodes as a complete list: a
cut inside a string or a nested value leaves it incomplete.
"""

import json
import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

import msgspec

from conformance.format.errors import FormatError
from conformance.format.json_problems import KeyProblem
from conformance.format.toc import Entry, Toc, check_density, check_utf8, decode_toc, without_null_texts
from conformance.format.toc_keys import MAX_PROBLEMS, key_problems

SLICE: Final = 64 * 2**10
"""Approximate bytes of JSON between two cuts."""
MAX_UNCUT: Final = 4 * 2**20
"""Maximum bytes without a cut: of one entry, or of the text before or after the entries."""

_MAX_TRIES: Final = 8
_MEMBER: Final = rb'\s*"(?!entries")[^"\\]{0,64}"\s*:\s*(?:"[^"\\]{0,256}"|-?\d{1,20}|null)\s*,'
_HEAD: Final = re.compile(rb"\s*\{(?:" + _MEMBER + rb'){0,16}?\s*"entries"\s*:\s*\[\s*')
_MAX_HEAD: Final = 8192
_CUT: Final = re.compile(rb"\}\s*,\s*(?=\{)")
# msgspec reports "truncated" for incomplete JSON.
_LONE_SURROGATE: Final = re.compile(
    rb"(?<!\\)(?:\\\\)*(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u....)\\u[dD][c-fC-F])"
)
_ENTRIES: Final = msgspec.json.Decoder(list[Entry])
_PLACE: Final = re.compile(r"byte (\d+)")
_INDEX: Final = re.compile(r"^entries\[(\d+)\]")

Accept = Callable[[bytes, list[Entry]], None]


class UncutError(FormatError):
    """A TOC cannot be read in slices of bounded size; this is no statement on whether it is valid."""


class SlicedToc(msgspec.Struct, frozen=True):
    """A TOC after its entries were passed on: ``toc`` has no entries, ``size`` is that of the JSON in bytes.

    ``replaced``: the key ``entries`` is repeated after the entries. The entries that were passed on are void, and
    ``toc`` has the valid ones.
    """

    toc: Toc
    size: int
    keys: tuple[KeyProblem, ...] = ()
    replaced: bool = False


def read_sliced(pieces: Iterable[bytes], accept: Accept) -> SlicedToc:
    """Decode a TOC given in pieces; ``accept`` receives the JSON of some entries, without brackets, and the entries.

    Raise FormatError as ``decode_toc`` does, UncutError where a part without a cut exceeds MAX_UNCUT.
    """
    reader = _Reader(accept)
    for piece in pieces:
        reader.feed(piece)
    return reader.finish()


class _Reader:
    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._buffer = bytearray()
        self._head: bytes | None = None
        self._offset = 0
        """The position of the first byte of the buffer in the document."""
        self._index = self._size = self._objects = 0
        self._wanted = SLICE
        self._keys: list[KeyProblem] = []

    def feed(self, piece: bytes) -> None:
        self._buffer += piece
        self._size += len(piece)
        self._objects += piece.count(b"{")
        check_density(self._objects, self._size)
        if self._head is None:
            self._find_head()
        while self._head and len(self._buffer) > self._wanted:
            self._cut()
        if len(self._buffer) > MAX_UNCUT:
            self._refuse()

    def finish(self) -> SlicedToc:
        """Decode the head with the text after the last cut: together they are a TOC."""
        head = self._head or b""
        document = head + self._buffer
        self._buffer.clear()
        shift = self._offset - len(head)
        try:
            toc = decode_toc(document)
        except FormatError as error:
            raise self._moved(error, shift) from None
        self._note_keys(document, toc, len(head), shift)
        replaced = bool(self._index) and _repeats_entries(document)
        entries = toc.entries_or_none
        if isinstance(entries, list) and not replaced:
            if entries:
                self._accept(msgspec.json.encode(entries)[1:-1], entries)
            toc = msgspec.structs.replace(toc, entries_or_none=[])
        return SlicedToc(toc, self._size, tuple(self._keys), replaced)

    def _find_head(self) -> None:
        match = _HEAD.match(self._buffer)
        if match is not None:
            self._head = match[0]
            self._drop(match.end())
        elif len(self._buffer) > _MAX_HEAD:
            self._head = b""  # nothing is cut

    def _cut(self) -> None:
        """Pass one slice on, or want more bytes before the next attempt."""
        found = islice(_CUT.finditer(self._buffer, self._wanted - SLICE // 2), _MAX_TRIES)
        for start, end in [match.span() for match in found]:
            raw = without_null_texts(bytes(self._buffer[: start + 1]))
            entries = self._decoded(raw)
            if entries is not None:
                document = b'{"entries":[' + raw + b"]}"
                self._note_keys(document, Toc(0, entries), 0, self._offset - len(b'{"entries":['))
                self._accept(raw, entries)
                self._index += len(entries)
                self._drop(end)
                self._wanted = SLICE
                return
        self._wanted = len(self._buffer) * 2

    def _decoded(self, raw: bytes) -> list[Entry] | None:
        """The entries of a slice; None if it is incomplete. An error before its end does not depend on its end."""
        try:
            check_utf8(raw)
            entries = _ENTRIES.decode(b"[" + raw + b"]")
        except msgspec.ValidationError as error:
            text, _, path = str(error).partition(" - at `$")
            place = _INDEX.sub(lambda match: f"entries[{int(match[1]) + self._index}]", f"entries{path.rstrip('`')}")
            raise FormatError(f"the TOC has the wrong shape: {text}", where=place) from None
        except msgspec.DecodeError:
            return None
        except RecursionError:
            raise FormatError("the TOC is nested too deeply") from None
        except FormatError as error:
            raise self._moved(error, self._offset) from None
        return entries

    def _refuse(self) -> None:
        """Raise the error of text without a cut: the JSON is invalid, or a part of it is too large."""
        head = self._head or b""
        try:
            decode_toc(head + bytes(self._buffer))
        except FormatError as error:
            if "truncated" not in error.what or _LONE_SURROGATE.search(self._buffer):
                raise self._moved(error, self._offset - len(head)) from None
        raise UncutError(f"{len(self._buffer)} bytes of the TOC hold no whole entries: they are not read as one")

    def _note_keys(self, document: bytes, toc: Toc, head: int, shift: int) -> None:
        left = MAX_PROBLEMS - len(self._keys)
        for problem in key_problems(document, toc, limit=left):
            in_head = problem.offset < head
            path = _INDEX.sub(lambda match: f"entries[{int(match[1]) + self._index}]", problem.path)
            place = problem.offset + (0 if in_head else shift)
            self._keys.append(msgspec.structs.replace(problem, path=path, offset=place))

    def _moved(self, error: FormatError, by: int) -> FormatError:
        """The error of a part, with positions in the document."""

        def move(text: str) -> str:
            text = _PLACE.sub(lambda match: f"byte {int(match[1]) + by}", text)
            return _INDEX.sub(lambda match: f"entries[{int(match[1]) + self._index}]", text)

        return FormatError(move(error.what), where=move(error.where))

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._offset += count


def _repeats_entries(document: bytes) -> bool:
    """Whether the outermost object repeats the key ``entries``: the last one counts."""
    if document.count(b'"entries"') < 2 and b"\\u" not in document:
        return False
    outermost: list[str] = []

    def hook(pairs: list[tuple[str, object]]) -> None:
        outermost[:] = [key for key, _ in pairs]

    json.loads(document, object_pairs_hook=hook, parse_int=str, parse_float=str, strict=False)
    return outermost.count("entries") > 1
