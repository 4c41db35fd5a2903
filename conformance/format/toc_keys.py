"""Keys and numbers of a TOC that two parsers may read differently (TOC-002).

The reference compares keys without case, uses the last of duplicates, skips unknown keys, and stops at an empty key;
another parser behaves differently. Such a key hides a second TOC in the first. The problems are those of
``json_problems``; the search here is fast for a million entries.
"""

import json
import re
from collections.abc import Generator, Iterator
from itertools import islice
from typing import Final

import msgspec

from conformance.format.document_shapes import TOC, TOC_ENTRY
from conformance.format.errors import FormatError
from conformance.format.json_problems import FREE, KeyProblem, Walk, is_portable_number
from conformance.format.toc import Toc, decode_toc

MAX_PROBLEMS: Final = 100
_SLICE: Final = 20_000
"""Entries that are encoded at a time."""


_BLANK = re.compile(r"[ \t\r\n]*")

Pairs = list[tuple[str, object]]


def key_problems(document: bytes, toc: Toc | None = None, *, limit: int = MAX_PROBLEMS) -> tuple[KeyProblem, ...]:
    """The first ``limit`` problems, in order; empty for a document without problems.

    Give ``toc`` if the document is already decoded; a document without problems then takes less time than another
    decoding. Raise FormatError if the document cannot be decoded at all.
    """
    if _is_surely_clean(document, decode_toc(document) if toc is None else toc):
        return ()
    try:
        return tuple(islice(_Walk(document).problems(), limit))
    except RecursionError:
        raise FormatError("the TOC is nested too deeply") from None


def _is_surely_clean(document: bytes, toc: Toc) -> bool:
    """Whether encoding the decoded TOC yields the same bytes, or as many colons: then decoding dropped no key.

    Everything that decoding drops (unknown keys, the first of two duplicates, explicit zeros) has colons, and only an
    escaped colon adds one.
    """
    if _is_canonical(document, toc):
        return not any("" in entry.xattrs for entry in toc.entries if entry.xattrs)
    if b"\\u003a" in document or b"\\u003A" in document:
        return False
    if any(entry.xattrs and "" in entry.xattrs for entry in toc.entries):
        return False
    return sum(piece.count(b":") for piece in _encoded(toc)) == document.count(b":")


def _is_canonical(document: bytes, toc: Toc) -> bool:
    """Whether encoding the TOC yields the document."""
    position = 0
    for piece in _encoded(toc):
        if document[position : position + len(piece)] != piece:
            return False
        position += len(piece)
    return position == len(document)


def _encoded(toc: Toc) -> Iterator[bytes]:
    """The encoded TOC in pieces: in one piece it would take as much memory as the document."""
    if toc.entries_or_none is None or toc.entries_or_none is msgspec.UNSET:
        yield msgspec.json.encode(toc)
        return
    # msgspec leaves out fields that the document did not have.
    head, tail = msgspec.json.encode(Toc(toc.version, [], toc.tar_split_digest)).split(b"[]", 1)
    yield head + b"["
    for start in range(0, len(toc.entries), _SLICE):
        entries = msgspec.json.encode(toc.entries[start : start + _SLICE])
        yield (b"," if start else b"") + entries[1:-1]
    yield b"]" + tail


class _Walk:
    """The slow search, for documents that may have a problem: every object is inspected.

    The hooks receive the pairs of every object at its end, and every number, so they only record *that* an entry has a
    problem; the position of its keys in the text is then found by walking that entry.
    """

    def __init__(self, document: bytes) -> None:
        self._text = document.decode()
        self._walk = Walk(self._text, refuses_empty=True)
        self._odd: bool
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_int=self._number, parse_float=self._number, strict=False
        )

    def _object(self, pairs: Pairs) -> None:
        keys = [key for key, _ in pairs]
        if not (len(set(keys)) == len(keys) and TOC_ENTRY.fields.keys() >= set(keys)):
            self._odd = True

    def _number(self, text: str) -> str:
        if not is_portable_number(text):
            self._odd = True
        return text

    def problems(self) -> Iterator[KeyProblem]:
        seen: set[str] = set()
        position = self._skip(self._skip(0) + 1)
        while self._text[position] != "}":
            start = position
            key, position = self._value(position)
            yield from self._walk.judge_key(key, seen, TOC, "", start)
            position = self._skip(self._skip(position) + 1)
            if key.casefold() == "entries" and self._text[position] == "[":
                position = yield from self._entries(position)
            else:
                start = position
                _, position = self._value(position)
                yield from self._walk.problems(TOC.fields.get(key, FREE), start, position, key)
            position = self._skip(position)
            if self._text[position] == ",":
                position = self._skip(position + 1)

    def _entries(self, position: int) -> Generator[KeyProblem, None, int]:
        position = self._skip(position + 1)
        index = 0
        while self._text[position] != "]":
            self._odd = False
            start = position
            _, position = self._value(position)
            if self._odd:
                yield from self._walk.problems(TOC_ENTRY, start, position, f"entries[{index}]")
            index += 1
            position = self._skip(position)
            if self._text[position] == ",":
                position = self._skip(position + 1)
        return position + 1

    def _value(self, position: int) -> tuple[str, int]:
        return self._decoder.raw_decode(self._text, position)

    def _skip(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        return match.end() if match else position
