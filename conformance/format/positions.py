"""The annotations that locate and authenticate the parts of a zstd:chunked layer (docs/format.md section 10).

A position has two readings on purpose: the strict one, which is the format, and the lenient one of the reference
client.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from conformance.format import names
from conformance.format.digest import Digest
from conformance.format.errors import FormatError

MAX_NUMBER: Final = 2**63 - 1
"""The largest number that is safe in every language (docs/format.md section 10)."""
TYPE_CRFS: Final = 1
"""The only manifest type that is defined (FOOTER-004)."""

_MAX_TEXT = 200
_MAX_U64 = 2**64 - 1
_NUMBER = re.compile(r"0|[1-9][0-9]*")
# Go's scanner skips these before a number: every Unicode blank except the newline, which is an error.
_BLANKS = "[\t\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"

T = TypeVar("T")


class Position(msgspec.Struct, frozen=True):
    """A payload in the blob: ``offset`` of its first byte, its length, and its decompressed length, all in bytes."""

    offset: int
    compressed: int
    uncompressed: int

    @property
    def end(self) -> int:
        """The offset just past the payload."""
        return self.offset + self.compressed

    def __str__(self) -> str:
        return f"{self.offset}:{self.compressed}:{self.uncompressed}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read ``offset:compressed:uncompressed`` (tarsplit-position) strictly; raise FormatError."""
        return cls(*_strict(text, ("offset", "compressed length", "uncompressed length")))

    @classmethod
    def parse_as_reference(cls, text: str) -> "Position":
        """Read as the reference client does: leading blanks, leading zeros and trailing text are accepted."""
        return cls(*_lenient(text, 3))


class TocPosition(Position, frozen=True):
    """The position of the TOC payload, and its manifest ``type``, which must be 1."""

    type: int = TYPE_CRFS

    def __str__(self) -> str:
        return f"{self.offset}:{self.compressed}:{self.uncompressed}:{self.type}"

    @classmethod
    def parse(cls, text: str) -> "TocPosition":
        """Read ``offset:compressed:uncompressed:1`` (manifest-position) strictly; raise FormatError."""
        position = cls(*_strict(text, ("offset", "compressed length", "uncompressed length", "type")))
        return _known_type(position)

    @classmethod
    def parse_as_reference(cls, text: str) -> "TocPosition":
        """Read as the reference client does; it too refuses a type other than 1."""
        return _known_type(cls(*_lenient(text, 4)))


class Positions(msgspec.Struct, frozen=True):
    """The positions of TOC and tar-split; ``tar_split`` is None when the layer has none."""

    toc: TocPosition
    tar_split: Position | None = None


class ChunkedAnnotations(msgspec.Struct, frozen=True):
    """The chunk keys of one layer descriptor as they are written; only the methods judge them.

    ``legacy`` holds the keys with the prefix of skopeo 1.9.3, which current clients do not see;
    ``unknown`` other keys under the current prefix.
    """

    manifest_checksum: str | None = None
    manifest_position: str | None = None
    tar_split_position: str | None = None
    tar_split_checksum: str | None = None
    estargz_digest: str | None = None
    legacy: dict[str, str] = {}
    unknown: dict[str, str] = {}

    @classmethod
    def of(cls, annotations: Mapping[str, str] | None) -> "ChunkedAnnotations":
        """The chunk keys among the annotations of a descriptor."""
        given = annotations or {}
        known = (*names.CHUNK_KEYS, *(revision.sentinel_annotation for revision in names.REVISIONS.values()))
        return cls(
            manifest_checksum=given.get(names.MANIFEST_CHECKSUM),
            manifest_position=given.get(names.MANIFEST_POSITION),
            tar_split_position=given.get(names.TARSPLIT_POSITION),
            tar_split_checksum=given.get(names.TARSPLIT_CHECKSUM),
            estargz_digest=given.get(names.ESTARGZ_TOC),
            legacy={key: value for key, value in given.items() if key.startswith(names.LEGACY_PREFIX)},
            unknown={
                key: value for key, value in given.items() if key.startswith(names.CHUNKED_PREFIX) and key not in known
            },
        )

    @property
    def is_chunked(self) -> bool:
        """Whether the layer is zstd:chunked: manifest-checksum alone decides (docs/format.md section 10)."""
        return self.manifest_checksum is not None

    @property
    def claims_toc(self) -> bool:
        """Whether any key mentions a zstd:chunked TOC, in whatever form."""
        return self.is_chunked or bool(self.stray_keys) or bool(self.legacy)

    @property
    def is_legacy(self) -> bool:
        """Whether it has the TOC keys of an old writer only; current clients treat it as a plain layer."""
        return not self.is_chunked and names.LEGACY_PREFIX + "manifest-checksum" in self.legacy

    @property
    def stray_keys(self) -> tuple[str, ...]:
        """Chunk keys on a layer without manifest-checksum, which no reader inspects."""
        if self.is_chunked:
            return ()
        values = (
            (names.MANIFEST_POSITION, self.manifest_position),
            (names.TARSPLIT_POSITION, self.tar_split_position),
            (names.TARSPLIT_CHECKSUM, self.tar_split_checksum),
        )
        return tuple(key for key, value in values if value is not None)

    def toc_digest(self) -> Digest:
        """The digest of the compressed TOC; raise FormatError when absent, malformed, or beside an eStargz TOC."""
        if self.manifest_checksum is None:
            raise FormatError("the annotation is absent", where=names.MANIFEST_CHECKSUM)
        if self.estargz_digest is not None:
            raise FormatError(f"is present with {names.ESTARGZ_TOC}: two TOCs", where=names.MANIFEST_CHECKSUM)
        return _at(names.MANIFEST_CHECKSUM, Digest.parse, self.manifest_checksum)

    def toc_position(self) -> TocPosition:
        """The position of the TOC by the strict grammar; raise FormatError when absent or malformed."""
        if self.manifest_position is None:
            raise FormatError("the annotation is absent", where=names.MANIFEST_POSITION)
        return _at(names.MANIFEST_POSITION, TocPosition.parse, self.manifest_position)

    def tar_split_location(self) -> Position | None:
        """The position of the tar-split by the strict grammar; None when the key is absent."""
        if self.tar_split_position is None:
            return None
        return _at(names.TARSPLIT_POSITION, Position.parse, self.tar_split_position)

    def positions(self) -> Positions:
        """Both positions; raise FormatError with the name of the wrong annotation."""
        return Positions(self.toc_position(), self.tar_split_location())

    def legacy_view(self) -> "ChunkedAnnotations":
        """The same layer with its legacy keys read as current ones."""
        return ChunkedAnnotations.of({names.current_key(key): text for key, text in self.legacy.items()})


def _strict(text: str, parts: tuple[str, ...]) -> tuple[int, ...]:
    if len(text) > _MAX_TEXT:
        raise FormatError(f"has {len(text)} characters; no position needs more than {_MAX_TEXT}")
    fields = text.split(":")
    if len(fields) != len(parts):
        raise FormatError(f"{text!r} has {len(fields)} numbers; {len(parts)} are wanted: {', '.join(parts)}")
    for part, field in zip(parts, fields, strict=True):
        if _NUMBER.fullmatch(field) is None:
            raise FormatError(f"{part} {field!r} in {text!r} is not a decimal number: digits only, no leading zero")
        if int(field) > MAX_NUMBER:
            raise FormatError(f"{part} {field} in {text!r} does not fit 63 bits")
    return tuple(int(field) for field in fields)


def _lenient(text: str, count: int) -> tuple[int, ...]:
    match = re.match(":".join([_BLANKS + "([0-9]+)"] * count), text[: _MAX_TEXT * 100])
    if match is None:
        raise FormatError(f"{text[:_MAX_TEXT]!r} does not begin with {count} numbers joined by colons")
    digits = [field.lstrip("0") or "0" for field in match.groups()]
    if any(len(field) > len(str(_MAX_U64)) or int(field) > _MAX_U64 for field in digits):
        raise FormatError(f"{text[:_MAX_TEXT]!r} has a number beyond 64 bits")
    return tuple(int(field) for field in digits)


def _known_type(position: TocPosition) -> TocPosition:
    if position.type != TYPE_CRFS:
        raise FormatError(f"manifest type {position.type} is not {TYPE_CRFS}, the only one defined")
    return position


def _at(key: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except FormatError as error:
        raise FormatError(error.what, where=key) from None
