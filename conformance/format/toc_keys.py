"""Keys and numbers of a TOC that two parsers may read differently (TOC-002).

The reference compares keys without case, takes the last of duplicates, skips what it does not know, and
stops at an empty key; another parser does otherwise. Such a key is a second TOC hidden in the first. What is stated in
``json_problems`` of all documents is searched for here in a way that is fast for a million entries.
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
"""Entries that are written again at once."""


_BLANK = re.compile(r"[ \t\r\n]*")

Pairs = list[tuple[str, object]]


def key_problems(document: bytes, toc: Toc | None = None, *, limit: int = MAX_PROBLEMS) -> tuple[KeyProblem, ...]:
    """The first ``limit`` problems, in order; empty for a clean document.

    Give ``toc`` if the document is already decoded; a clean document then costs less than another decoding,
    however many entries it has. Raise FormatError if the document cannot be decoded at all.
    """
    if _is_surely_clean(document, decode_toc(document) if toc is None else toc):
        return ()
    try:
        return tuple(islice(_Walk(document).problems(), limit))
    except RecursionError:
        raise FormatError("the TOC is nested too deeply") from None


def _is_surely_clean(document: bytes, toc: Toc) -> bool:
    """Whether encoding what was decoded gives the same bytes, or as many colons: then decoding dropped no key.

    All that decoding forgets (unknown keys, the earlier of two duplicates, explicit zeros) loses colons, and
    nothing but an escaped colon gains one.
    """
    if _is_canonical(document, toc):
        return not any("" in entry.xattrs for entry in toc.entries if entry.xattrs)
    if b"\\u003a" in document or b"\\u003A" in document:
        return False
    if any(entry.xattrs and "" in entry.xattrs for entry in toc.entries):
        return False
    return sum(piece.count(b":") for piece in _encoded(toc)) == document.count(b":")


def _is_canonical(document: bytes, toc: Toc) -> bool:
    """Whether the document is what writing the TOC again gives."""
    position = 0
    for piece in _encoded(toc):
        if document[position : position + len(piece)] != piece:
            return False
        position += len(piece)
    return position == len(document)


def _encoded(toc: Toc) -> Iterator[bytes]:
    """The TOC as it is written, in pieces: as one it would take as much memory as the document once more."""
    if toc.entries_or_none is None or toc.entries_or_none is msgspec.UNSET:
        yield msgspec.json.encode(toc)
        return
    # By msgspec, which leaves out what the document did not have.
    head, tail = msgspec.json.encode(Toc(toc.version, [], toc.tar_split_digest)).split(b"[]", 1)
    yield head + b"["
    for start in range(0, len(toc.entries), _SLICE):
        entries = msgspec.json.encode(toc.entries[start : start + _SLICE])
        yield (b"," if start else b"") + entries[1:-1]
    yield b"]" + tail


class _Walk:
    """The slow way, for documents that have or may have a problem: every object is inspected.

    The hooks see the pairs of every object when it closes, and every number, so they only note *that* an entry is odd;
    where in the text its keys are is then found by walking that one entry.
    """

    def __init__(self, document: bytes) -> None:
        self._text = document.decode()
        self._walk = Walk(self._text, refuses_empty=True)
        self._odd = False
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
