"""Keys of a TOC that two parsers may read differently (TOC-002).

The reference compares keys without case, takes the last of duplicates, skips what it does not know, and
stops at an empty key; another parser does otherwise. Such a key is a second TOC hidden in the first.
"""

import json
import re
from collections.abc import Generator, Iterator
from enum import StrEnum
from itertools import islice
from typing import Final

import msgspec

from conformance.format.errors import FormatError
from conformance.format.toc import Entry, Toc, decode_toc

MAX_PROBLEMS: Final = 100
_SLICE: Final = 20_000
"""Entries that are written again at once."""


class KeyKind(StrEnum):
    """What is wrong with a key."""

    CASE = "case"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class KeyProblem(msgspec.Struct, frozen=True):
    """One key: its ``path`` (``entries[3]``, empty for the document) and the ``offset`` of its quote in bytes."""

    kind: KeyKind
    key: str
    path: str
    offset: int

    @property
    def is_ambiguous(self) -> bool:
        """Whether parsers differ on it; an unknown key is skipped by all."""
        return self.kind is not KeyKind.UNKNOWN


_Known = dict[str, str] | None
# Keys by what a reader that ignores case takes them for.
_ENTRY_FOLDED: Final = {key.casefold(): key for key in Entry.__struct_encode_fields__}
_TOC_FOLDED: Final = {key.casefold(): key for key in Toc.__struct_encode_fields__}
_ENTRY_KEYS: Final = frozenset(_ENTRY_FOLDED.values())
_BLANK = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)

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
    """The slow way, for documents that have or may have a problem: every object is looked at.

    The hook sees the pairs of every object when it closes, so it only notes *that* an object is odd; where
    in the text its keys are is then found by lexemeizing that one entry.
    """

    def __init__(self, document: bytes) -> None:
        self._text = document.decode()
        self._odd = False
        self._decoder = json.JSONDecoder(object_pairs_hook=self._hook, parse_int=str, parse_float=str, strict=False)
        self._byte = self._character = 0

    def _hook(self, pairs: Pairs) -> None:
        keys = [key for key, _ in pairs]
        if not (len(set(keys)) == len(keys) and _ENTRY_KEYS.issuperset(keys)):
            self._odd = True

    def problems(self) -> Iterator[KeyProblem]:
        seen: set[str] = set()
        position = self._skip(self._skip(0) + 1)
        while self._text[position] != "}":
            start = position
            key, position = self._value(position)
            yield from self._judge(key, start, "", seen, _TOC_FOLDED)
            position = self._skip(self._skip(position) + 1)
            if key.casefold() == "entries" and self._text[position] == "[":
                position = yield from self._entries(position)
            else:
                _, position = self._value(position)
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
                yield from self._entry(start, position, index)
            index += 1
            position = self._skip(position)
            if self._text[position] == ",":
                position = self._skip(position + 1)
        return position + 1

    def _entry(self, start: int, end: int, index: int) -> Iterator[KeyProblem]:
        """Tokenize one entry: the keys of it and of its xattrs; deeper ones belong to unknown keys."""
        seen: list[set[str]] = []
        path = [f"entries[{index}]"]
        wants_key, in_array, last_key = False, 0, ""
        for match in _TOKEN.finditer(self._text, start, end):
            lexeme = match.group()
            if lexeme == "{" and not in_array:
                if seen:
                    path.append(last_key)
                seen.append(set())
                wants_key = True
            elif lexeme == "}" and not in_array:
                seen.pop()
                path.pop()
            elif lexeme in "[]":
                in_array += 1 if lexeme == "[" else -1
            elif lexeme == "," and not in_array:
                wants_key = True
            elif wants_key and lexeme[0] == '"' and not in_array:
                last_key, wants_key = json.loads(lexeme), False
                known = _ENTRY_FOLDED if len(path) == 1 else None
                yield from self._judge(last_key, match.start(), ".".join(path), seen[-1], known)

    def _judge(self, key: str, start: int, path: str, seen: set[str], known: _Known) -> Iterator[KeyProblem]:
        kind: KeyKind | None = None
        if key == "":
            kind = KeyKind.EMPTY
        elif key in seen:
            kind = KeyKind.DUPLICATE
        elif known is not None and key not in known.values():
            kind = KeyKind.CASE if key.casefold() in known else KeyKind.UNKNOWN
        seen.add(key)
        if kind is not None:
            # A lone surrogate can be escaped in JSON, and must not reach a report.
            shown = key.encode(errors="backslashreplace").decode()
            yield KeyProblem(kind, shown, path, self._offset(start))

    def _value(self, position: int) -> tuple[str, int]:
        return self._decoder.raw_decode(self._text, position)

    def _offset(self, character: int) -> int:
        """Bytes before this character; asked for in growing order."""
        self._byte += len(self._text[self._character : character].encode())
        self._character = character
        return self._byte

    def _skip(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        return match.end() if match else position
