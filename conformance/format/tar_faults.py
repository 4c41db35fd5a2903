"""Violations of the canonical form of a tar, counted by rule, the first recorded (TAR-001 and following)."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from conformance.format.discrepancy import MAX_KEPT


class TarRule(StrEnum):
    """The rules for headers and records; the checks of ``layer_tar`` name the requirement of each."""

    NUMBER = "number"
    CHECKSUM = "checksum"
    MAGIC = "magic"
    TAIL = "tail"
    TYPE = "type"
    SLASH = "slash"
    NO_CONTENT = "no-content"
    ORPHAN = "orphan"
    REPEATED = "repeated"
    MIXED = "mixed"
    SYNTAX = "syntax"
    DECIMAL = "decimal"
    EMPTY = "empty"
    KEY_TWICE = "key-twice"
    SIZES = "sizes"
    NUL = "nul"
    KEY = "key"
    XATTR = "xattr"
    TEXT = "text"
    PADDING = "padding"
    LONG_NAME = "long-name"
    LINK_NAME = "link-name"
    DEVICE = "device"
    MODE = "mode"
    END = "end"
    TIME = "time"
    OWNER = "owner"
    ATTRIBUTE_KEY = "attribute-key"
    UTF8 = "utf-8"
    V7 = "v7"
    NAME = "name"
    EMPTY_OWNER = "empty-owner"
    STAR_TIMES = "star-times"
    LEADING_ZERO = "leading-zero"
    BARE_LINK = "bare-link"
    NEWLINE = "newline"
    BOTH_FORMS = "both-forms"
    RECORD_INSIDE = "record-inside"
    EXTENDED_LINK = "extended-link"
    OWNER_DIGITS = "owner-digits"
    ONLY_PREFIX = "only-prefix"


class Flaw(msgspec.Struct, frozen=True, gc=False):
    """A violation inside a header block or the content of an extended header; ``at`` is a byte of it."""

    rule: TarRule
    what: str
    expected: str
    found: str
    at: int = 0


class TarFault(msgspec.Struct, frozen=True):
    """A violation at the entry ``name`` ("" for none); ``offset`` is a byte of the tar."""

    rule: TarRule
    name: str
    what: str
    expected: str
    found: str
    offset: int


class TarFaults:
    """All violations in one tar."""

    def __init__(self) -> None:
        self._kept: dict[TarRule, list[TarFault]] = {}
        self._counts: dict[TarRule, int] = {}

    def add(self, fault: TarFault) -> None:
        """Count a violation, and record it if it is one of the first of its rule."""
        self._counts[fault.rule] = self._counts.get(fault.rule, 0) + 1
        if self._counts[fault.rule] <= MAX_KEPT:
            self._kept.setdefault(fault.rule, []).append(fault)

    def count(self, rule: TarRule) -> int:
        """The number of violations of a rule."""
        return self._counts.get(rule, 0)

    def of(self, rules: Iterable[TarRule]) -> Iterator[TarFault]:
        """The recorded violations, rule by rule."""
        for rule in rules:
            yield from self._kept.get(rule, ())


_SHOWN: Final = 40


def raw(field: bytes) -> str:
    """Bytes of a header as a Python literal, cut."""
    return repr(field[:_SHOWN])[1:] + ("…" if len(field) > _SHOWN else "")
