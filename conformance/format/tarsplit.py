"""The tar-split: JSON lines from which a TOC-only client rebuilds the tar (docs/format.md section 12).

All functions stream. A line is bounded; the caller bounds the number of lines by the bytes that it decompresses.
"""

import base64
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from conformance.format.crc64 import Crc64
from conformance.format.document import decode_leniently
from conformance.format.document_shapes import TAR_SPLIT_LINE
from conformance.format.entries import clean_name
from conformance.format.errors import FormatError
from conformance.format.tar import TarHeader, TarReader

MAX_LINE: Final = 16 * 2**20
"""Bytes; a writer's segments are at most 8 MiB of headers or 1 MiB of trailing bytes, in base64."""

_FILE, _SEGMENT = 1, 2
_CRC_BYTES = 8
_MAX_SHOWN = 80


class Segment(msgspec.Struct, frozen=True):
    """Raw tar bytes: padding, headers, end blocks."""

    position: int
    payload: bytes


class FileRecord(msgspec.Struct, frozen=True):
    """The record of one header: ``size`` bytes of content follow; ``crc`` has eight bytes, None without content.

    ``name`` is as in the header, not cleaned.
    """

    position: int
    name: bytes
    size: int = 0
    crc: bytes | None = None


Record = Segment | FileRecord
Contents = Callable[[FileRecord], Iterable[bytes]]


class _Line(msgspec.Struct, omit_defaults=True):
    # All fields are optional, so that a missing field gets a specific message.
    type: int = 0
    name: str = ""
    name_raw: bytes = b""
    size: int = 0
    payload: bytes | None = None
    position: int = -1


_LINE = msgspec.json.Decoder(_Line)


def parse(document: bytes | Iterable[bytes], *, max_line: int = MAX_LINE) -> Iterator[Record]:
    """The records of a decompressed tar-split, given whole or in pieces; raise FormatError with the line number."""
    for number, line in enumerate(_lines([document] if isinstance(document, bytes) else document, max_line)):
        try:
            yield _record(line, number)
        except FormatError as error:
            raise FormatError(error.what, where=f"tar-split line {number + 1}") from None


class Recorder:
    """Builds the lines of a tar-split in the order of the tar; ``write`` receives each."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._position = 0

    def segment(self, raw: bytes) -> None:
        """Record raw tar bytes, if there are any."""
        if raw:
            payload = base64.b64encode(raw).decode()
            self._line({"type": _SEGMENT, "payload": payload, "position": self._position})

    def file(self, name: bytes, size: int, crc: bytes | None) -> None:
        """Record the content of one header; ``crc`` is None when ``size`` is 0."""
        line: dict[str, int | str | None] = {"type": _FILE}
        try:
            line["name"] = name.decode()
        except UnicodeDecodeError:
            line["name_raw"] = base64.b64encode(name).decode()
        if size:
            line["size"] = size
        line["payload"] = None if crc is None else base64.b64encode(crc).decode()
        line["position"] = self._position
        self._line(line)

    def _line(self, line: dict[str, int | str | None]) -> None:
        self._write(msgspec.json.encode(line) + b"\n")
        self._position += 1


def build(records: Iterable[Record]) -> bytes:
    """The lines of these records, with new positions."""
    lines: list[bytes] = []
    recorder = Recorder(lines.append)
    for record in records:
        if isinstance(record, Segment):
            recorder.segment(record.payload)
        else:
            recorder.file(record.name, record.size, record.crc)
    return b"".join(lines)


def rebuild(records: Iterable[Record], contents: Contents) -> Iterator[bytes]:
    """The tar, byte for byte, from the records and the content of each non-empty file.

    Raise FormatError if a content has another size or CRC than recorded, or a cleaned name occurs twice.
    """
    seen: set[bytes] = set()
    for record in records:
        if isinstance(record, Segment):
            yield record.payload
            continue
        name = clean_name(record.name)
        if name in seen:
            raise FormatError(f"the name {_shown(name)} occurs twice in the tar-split")
        seen.add(name)
        if record.size:
            yield from _checked(record, contents(record))


def headers(records: Iterable[Record]) -> Iterator[TarHeader]:
    """The tar header of every file record, in order; raise FormatError where segments and records disagree."""
    raw: list[bytes] = []
    raw_size = padding = 0
    for record in records:
        if isinstance(record, Segment):
            raw += [record.payload] if record.payload else []  # there may be a million empty segments
            raw_size += len(record.payload)
            if raw_size > MAX_LINE:  # bytes after the last record are not needed
                raw, raw_size = raw[:1], len(raw[0])
            continue
        header = _only_header(b"".join(raw), padding, record)
        raw, raw_size, padding = [], 0, header.padding
        yield header
    last = b"".join(raw)[padding:]
    if any(last[:512]):
        raise FormatError("a tar header follows the last file record: an entry without a record")


def _only_header(raw: bytes, padding: int, record: FileRecord) -> TarHeader:
    if len(raw) < padding:
        raise FormatError(f"the segment before {_shown(record.name)} is shorter than the padding due")
    reader = TarReader(io.BytesIO(raw[padding:]))
    header = reader.header()
    if header is None:
        raise FormatError(f"no tar header precedes the record of {_shown(record.name)}")
    if reader.offset != len(raw) - padding:
        raise FormatError(f"more than one tar header precedes the record of {_shown(record.name)}")
    if (header.name, header.size) != (record.name, record.size):
        raise FormatError(
            f"the tar header states {_shown(header.name)} of {header.size} bytes, "
            f"its record {_shown(record.name)} of {record.size}"
        )
    return header


def _checked(record: FileRecord, pieces: Iterable[bytes]) -> Iterator[bytes]:
    crc = Crc64()
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > record.size:
            raise FormatError(f"the content of {_shown(record.name)} is longer than the {record.size} bytes recorded")
        crc.update(piece)
        yield piece
    if size != record.size:
        raise FormatError(f"the content of {_shown(record.name)} has {size} bytes; {record.size} are recorded")
    if crc.digest() != record.crc:
        found, expected = crc.digest().hex(), (record.crc or b"").hex()
        raise FormatError(f"the CRC of {_shown(record.name)} is {found}; the tar-split records {expected}")


def _lines(pieces: Iterable[bytes], max_line: int) -> Iterator[bytes]:
    parts: list[bytes] = []
    length = 0
    for piece in pieces:
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            if length + end - start > max_line:
                raise FormatError(f"a line of the tar-split exceeds {max_line} bytes")
            parts.append(piece[start:end])
            yield from _unless_blank(b"".join(parts))
            parts, length, start = [], 0, end + 1
        parts.append(piece[start:])
        length += len(piece) - start
        if length > max_line:
            raise FormatError(f"a line of the tar-split exceeds {max_line} bytes")
    yield from _unless_blank(b"".join(parts))


def _unless_blank(line: bytes) -> Iterator[bytes]:
    """Readers ignore white space between JSON texts, because they decode a stream of them (Go's json.Decoder)."""
    if line.strip(b" \t\r"):
        yield line


def _record(line: bytes, number: int) -> Record:
    try:
        parsed = _LINE.decode(line)
    except msgspec.ValidationError as error:
        raise FormatError(f"has the wrong shape: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"is not JSON: {error}") from None
    if parsed.type not in (_FILE, _SEGMENT):
        raise FormatError(f"has the type {parsed.type}; only 1 (file) and 2 (segment) exist")
    if parsed.position != number:
        found = "none" if parsed.position < 0 else str(parsed.position)
        raise FormatError(f"position {number} is due and {found} is found")
    if not _is_surely_clean(line, parsed):
        _refuse_ambiguity(line)
    payload = parsed.payload
    if not -(2**63) <= parsed.size < 2**63:  # also for a segment: Go's decoder refuses the line
        raise FormatError(f"has the impossible size {parsed.size}")
    if parsed.type == _SEGMENT:
        if payload is None:
            raise FormatError("is a segment without payload")
        return Segment(number, payload)
    name = parsed.name_raw or parsed.name.encode()
    # Readers prefer name_raw; a reader that knows only name must not read another file.
    if parsed.name and parsed.name_raw and parsed.name != parsed.name_raw.decode(errors="replace"):
        raise FormatError("is a file whose name and name_raw differ")
    if not name:
        raise FormatError("is a file without a name")
    if parsed.size < 0:
        raise FormatError(f"has the impossible size {parsed.size}")
    if parsed.size and (payload is None or len(payload) != _CRC_BYTES):
        raise FormatError("is a file with content but without a CRC of eight bytes")
    return FileRecord(number, name, parsed.size, payload or None)


def _is_surely_clean(line: bytes, parsed: _Line) -> bool:
    """Whether the line has as many quotes as the keys and texts decoded from it: then it has no others.

    This is true for nearly all lines, and counting is quick.
    """
    name = parsed.name or parsed.name_raw
    quotes = 4 + (4 if name else 0) + (2 if parsed.size else 0)  # type and position are always present
    if parsed.payload is not None:
        quotes += 4
    elif b'"payload":null' in line:
        quotes += 2
    return line.count(b'"') == quotes


def _refuse_ambiguity(line: bytes) -> None:
    """Raise FormatError for a key or number that JSON readers read differently."""
    try:
        _, problems = decode_leniently(line, what="the line", shape=TAR_SPLIT_LINE, limit=MAX_LINE)
    except FormatError as error:
        raise FormatError(f"is not JSON: {error.what}") from None
    for problem in problems:
        raise FormatError(f"has {problem.key!r} ({problem.kind}), which JSON readers read differently")


def _shown(name: bytes) -> str:
    return repr(name[:_MAX_SHOWN].decode(errors="backslashreplace"))
