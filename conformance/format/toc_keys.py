"""Keys of a TOC that two parsers may read differently (TOC-002).

The reference compares keys without case, takes the last of duplicates, skips what it does not know, and
stops at an empty key; another parser does otherwise. Such a key is a second TOC hidden in the first.
"""

import json
import re
from collections.abc import Generator, Iterator
from enum import StrEnum
from json.decoder import scanstring
from typing import Final

import msgspec

from conformance.format.toc import Entry, Toc, check_utf8, decode_toc

MAX_PROBLEMS: Final = 100


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


class _StrictEntry(Entry, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    pass


class _StrictToc(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"tar_split_digest": "tarSplitDigest"},
):
    version: int = 0
    entries: list[_StrictEntry] | None = None
    tar_split_digest: str | None = None


_STRICT = msgspec.json.Decoder(_StrictToc)
_ENTRY_KEYS: Final = frozenset(Entry.__struct_encode_fields__)
_TOC_KEYS: Final = frozenset(Toc.__struct_encode_fields__)
_ENTRY_FOLDED: Final = {key.casefold(): key for key in _ENTRY_KEYS}
_TOC_FOLDED: Final = {key.casefold(): key for key in _TOC_KEYS}
_BLANK = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)

Pairs = list[tuple[str, object]]


def key_problems(document: bytes, *, limit: int = MAX_PROBLEMS) -> tuple[KeyProblem, ...]:
    """The first ``limit`` problems, in order; empty for a clean document.

    A clean document costs about two decodings, however many entries it has. Raise FormatError if the
    document cannot be decoded at all.
    """
    if _is_surely_clean(document):
        return ()
    decode_toc(document)
    problems: list[KeyProblem] = []
    for problem in _Walk(document).problems():
        problems.append(problem)
        if len(problems) >= limit:
            break
    return tuple(problems)


def _is_surely_clean(document: bytes) -> bool:
    """No key is unknown, and none was dropped: encoding what was decoded gives as many colons.

    All that decoding forgets (the earlier of two duplicates, explicit zeros) loses colons, and nothing
    but an escaped colon gains one; so equal counts mean that no duplicate was there.
    """
    check_utf8(document)
    if b"\\u003a" in document or b"\\u003A" in document:
        return False
    try:
        decoded = _STRICT.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return False
    if any(True for _ in _odd_xattrs(decoded)):
        return False
    return msgspec.json.encode(decoded).count(b":") == document.count(b":")


def _odd_xattrs(toc: _StrictToc) -> Iterator[Entry]:
    return (entry for entry in toc.entries or () if entry.xattrs and "" in entry.xattrs)


class _Walk:
    """The slow way, for documents that have or may have a problem: every object is looked at.

    The hook sees the pairs of every object when it closes, so it only notes *that* an object is odd; where
    in the text its keys are is then found by tokenizing that one entry.
    """

    def __init__(self, document: bytes) -> None:
        self._text = document.decode()
        self._odd = False
        self._decoder = json.JSONDecoder(object_pairs_hook=self._hook)
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
            key, position = scanstring(self._text, position + 1, True)
            yield from self._judge(key, start, "", seen, _TOC_KEYS, _TOC_FOLDED)
            position = self._skip(self._skip(position) + 1)
            if key.casefold() == "entries" and self._text[position] == "[":
                position = yield from self._entries(position)
            else:
                _, position = self._decoder.raw_decode(self._text, position)
            position = self._skip(position)
            if self._text[position] == ",":
                position = self._skip(position + 1)

    def _entries(self, position: int) -> Generator[KeyProblem, None, int]:
        position = self._skip(position + 1)
        index = 0
        while self._text[position] != "]":
            self._odd = False
            start = position
            _, position = self._decoder.raw_decode(self._text, position)
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
            token = match.group()
            if token == "{" and not in_array:
                if seen:
                    path.append(last_key)
                seen.append(set())
                wants_key = True
            elif token == "}" and not in_array:
                seen.pop()
                path.pop()
            elif token in "[]":
                in_array += 1 if token == "[" else -1
            elif token == "," and not in_array:
                wants_key = True
            elif wants_key and token[0] == '"' and not in_array:
                last_key, wants_key = json.loads(token), False
                yield from self._nested(last_key, match.start(), path, seen[-1])

    def _nested(self, key: str, start: int, path: list[str], seen: set[str]) -> Iterator[KeyProblem]:
        where = ".".join(path)
        if len(path) == 1:
            yield from self._judge(key, start, where, seen, _ENTRY_KEYS, _ENTRY_FOLDED)
        else:
            yield from self._judge(key, start, where, seen, None, {})

    def _judge(
        self, key: str, start: int, path: str, seen: set[str], known: frozenset[str] | None, folded: dict[str, str]
    ) -> Iterator[KeyProblem]:
        kind: KeyKind | None = None
        if key == "":
            kind = KeyKind.EMPTY
        elif key in seen:
            kind = KeyKind.DUPLICATE
        elif known is not None and key not in known:
            kind = KeyKind.CASE if key.casefold() in folded else KeyKind.UNKNOWN
        seen.add(key)
        if kind is not None:
            yield KeyProblem(kind, key, path, self._offset(start))

    def _offset(self, character: int) -> int:
        """Bytes before this character; asked for in growing order."""
        self._byte += len(self._text[self._character : character].encode())
        self._character = character
        return self._byte

    def _skip(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        return match.end() if match else position
