"""Edits of a JSON document after which some reader still accepts it: keys, values, and bytes around it."""

import re
from collections import Counter
from random import Random
from typing import Final

import msgspec

_KEY: Final = re.compile(rb'"([A-Za-z0-9._/-]+)":')
_NUMBER: Final = re.compile(rb":(-?\d+)")
_STRING: Final = re.compile(rb':"((?:[^"\\]|\\.)*)"')
_AROUND: Final = (b"\xef\xbb\xbf", b" ", b"\n", b"{}", b"\0", b"x", b",", b"null", b"//c\n", b"\x0b")


class JsonSummary(msgspec.Struct):
    """The results of a run over mutated JSON. ``refused``: documents that pass and a reader refuses, by message."""

    cases: int = 0
    passed: int = 0
    caught: Counter[str] = msgspec.field(default_factory=Counter)
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    faults: Counter[str] = msgspec.field(default_factory=Counter)


class Vocabulary(msgspec.Struct, frozen=True):
    """The keys and values (as JSON) that edits insert into a document of one kind."""

    keys: tuple[bytes, ...]
    values: tuple[bytes, ...]


COMMON_VALUES: Final = (
    *(b"0", b"1", b"493", b"-1", b"1e0", b"1.0", b"1.5", b"-0", b"00", b"1e999", b"9223372036854775808", b"null"),
    *(b"true", b'""', b'"\\u0061"', b'"\\ud800"', b'"a\\u0000b"', b'"\xff"', b"[]", b"{}", b'"5"', b"[{}]", b"NaN"),
    *(b"18446744073709551616", b"9007199254740993", b'"1970-01-01T00:00:00Z"', b'[""]', b"[null]", b'{"a":null}'),
)


def mutated_json(document: bytes, random: Random, words: Vocabulary) -> bytes:
    """The document after one or two edits."""
    for _ in range(random.choice((1, 1, 2))):
        document = random.choice(_EDITS)(random, document, words)
    return document


def _spelt(random: Random, key: bytes) -> bytes:
    """A form of a key that some reader treats as the same key."""
    text = key.decode("ascii", "replace")
    forms = (
        text,
        text.upper(),
        text.lower(),
        text[:1].upper() + text[1:],
        text.swapcase(),
        text.replace("k", "\u212a"),
        text.replace("s", "\u017f"),
        text.replace("i", "\u0130"),
        text.replace("i", "\u0131"),
        f"\\u{ord(text[0]):04x}{text[1:]}",
        text + " ",
        text + "\\u0000",
        text + "\u200b",
        "",
    )
    return random.choice(forms).encode()


def _rename(random: Random, document: bytes, _: Vocabulary) -> bytes:
    found = list(_KEY.finditer(document))
    if not found:
        return document
    match = random.choice(found)
    return document[: match.start(1)] + _spelt(random, match[1]) + document[match.end(1) :]


def _add(random: Random, document: bytes, words: Vocabulary) -> bytes:
    """Add a member before or after another; its key may be a repeated one."""
    found = list(_KEY.finditer(document))
    if not found:
        return document
    match = random.choice(found)
    key = match[1] if random.random() < 0.6 else random.choice(words.keys)
    pair = b'"' + _spelt(random, key) + b'":' + random.choice(words.values)
    if random.random() < 0.5:
        return document[: match.start()] + pair + b"," + document[match.start() :]
    end = document.find(b"}", match.end())
    return document[:end] + b"," + pair + document[end:] if end >= 0 else document


def _change(random: Random, document: bytes, words: Vocabulary) -> bytes:
    pattern = random.choice((_NUMBER, _STRING))
    found = list(pattern.finditer(document))
    if not found:
        return document
    match = random.choice(found)
    value = match[0][1:]
    same = {
        _NUMBER: (value + b".0", value + b"e0", b"0" + value, b"-" + value),
        _STRING: (value.replace(b"e", b"\\u0065"),),
    }
    new = random.choice(words.values if random.random() < 0.6 else same[pattern])
    return document[: match.start() + 1] + new + document[match.end() :]


def _surround(random: Random, document: bytes, _: Vocabulary) -> bytes:
    text = random.choice(_AROUND)
    where = random.choice((0, len(document), document.find(b",") + 1, document.find(b":")))
    return document[: max(where, 0)] + text + document[max(where, 0) :]


def _byte(random: Random, document: bytes, _: Vocabulary) -> bytes:
    if not document:
        return document
    at = random.randrange(len(document))
    return (
        document[:at]
        + bytes((random.choice((0, 9, 32, 34, 44, 58, 92, 123, 255, random.randrange(256))),))
        + document[at + 1 :]
    )


_EDITS: Final = (_rename, _rename, _add, _add, _add, _change, _change, _surround, _byte)
