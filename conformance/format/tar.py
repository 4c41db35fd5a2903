"""A tar reader that also returns the raw bytes (docs/format.md section 9.3, step 1; POSIX.1-2017 pax, "ustar").

Python's ``tarfile`` hides the raw headers and reads leniently; a tar-split needs every byte, and a TOC needs the
reading of the reference, which is that of Go's archive/tar. Names and values stay bytes.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from conformance.format.errors import FormatError, NotTarError
from conformance.format.tar_watch import HeaderWatch

BLOCK: Final = 512
MAX_EXTENSION: Final = 2**20
"""Bytes of one PAX or GNU extension header; Go's reader has the same bound."""
MAX_HEADERS: Final = 8 * 2**20
"""Bytes of all headers of one entry together."""
XATTR_PREFIX: Final = b"SCHILY.xattr."
NANOSECONDS: Final = 10**9

_ZERO_BLOCK = bytes(BLOCK)
_BLANKS = 8 * 0x20  # the checksum field is summed as blanks
_NO_DEVICE: Final = (b"0000000\0" * 2, bytes(16))
_LOW = bytes(range(128))
_COPY = 2**22
_GNU, _USTAR, _STAR, _V7 = "gnu", "ustar", "star", "v7"
_EXTENSIONS: Final = frozenset("xLK")
"""Only the content of these matters; their other fields may have any value."""
_HEADER_ONLY: Final = frozenset("123456")
_TEXT_RECORDS: Final = frozenset((b"path", b"linkpath", b"uname", b"gname"))

Records = dict[bytes, bytes]


class TarHeader(msgspec.Struct, frozen=True):
    """One entry with its extended headers applied.

    ``typeflag`` is one character. Times are nanoseconds since 1970, None when the header has none. ``xattrs`` has the
    PAX values by key. ``size`` is the number of content bytes in the archive.
    """

    typeflag: str
    name: bytes
    link_name: bytes = b""
    mode: int = 0
    size: int = 0
    uid: int = 0
    gid: int = 0
    mtime: int | None = None
    atime: int | None = None
    ctime: int | None = None
    dev_major: int = 0
    dev_minor: int = 0
    xattrs: dict[bytes, bytes] = {}
    is_sparse: bool = False

    @property
    def padding(self) -> int:
        """The number of bytes that fill the last block of the content."""
        return -self.size % BLOCK


class TarReader:
    """Reads a tar stream entry by entry; ``offset`` counts the bytes read.

    After ``header()``, ``take_raw()`` returns the bytes since the previous content; then ``content()`` must be
    exhausted. ``watch`` receives each header before it is parsed (TAR-001 and following).
    """

    def __init__(self, stream: BinaryIO, watch: HeaderWatch | None = None) -> None:
        self._stream = stream
        self._watch = watch
        self._zero_blocks = 0
        self._raw: list[bytes] = []
        self._raw_size = 0
        self._left = self._padding = 0
        self.offset = 0

    def header(self) -> TarHeader | None:
        """The next entry, or None at the end of the archive; raise FormatError for an invalid header."""
        if self._left:
            raise ValueError("the content of the entry before has not been read")
        self._read_raw(self._padding, "padding")
        records: Records = {}
        long_name = long_link = None
        while True:
            where = self.offset
            block = self._block()
            if block is None:
                if self._watch is not None:
                    self._watch.end(self._zero_blocks, where)
                return None
            if self._watch is not None:
                self._watch.header(block, where)
            try:
                header = _parse_block(block)
                if header.typeflag == "x":
                    records = _parse_records(self._extension(header))
                elif header.typeflag == "L":
                    long_name = _until_nul(self._extension(header))
                elif header.typeflag == "K":
                    long_link = _until_nul(self._extension(header))
                else:
                    return self._begin(_merge(header, records, long_name, long_link))
            except FormatError as error:
                raise type(error)(error.what, where=error.where or f"tar byte {where}") from None

    def content(self) -> Iterator[bytes]:
        """The content of the current entry in pieces."""
        while self._left:
            piece = self._stream.read(min(self._left, _COPY))
            if not piece:
                raise NotTarError(
                    f"the tar ends {self._left} bytes before the end of a file", where=f"byte {self.offset}"
                )
            self._left -= len(piece)
            self.offset += len(piece)
            yield piece

    def take_raw(self) -> bytes:
        """The raw bytes (padding, headers, end blocks) since the last call."""
        raw = b"".join(self._raw)
        self._raw.clear()
        self._raw_size = 0
        return raw

    def rest(self) -> Iterator[bytes]:
        """The bytes after the end of the archive, in pieces of at most 1 MiB."""
        while piece := _read_fully(self._stream, 2**20):
            self.offset += len(piece)
            yield piece

    def _begin(self, header: TarHeader) -> TarHeader:
        self._left, self._padding = header.size, header.padding
        return header

    def _block(self) -> bytes | None:
        """The next header block; None at end blocks or at the end of the input."""
        block = self._read_raw(BLOCK, "header", may_end=True)
        if block == _ZERO_BLOCK:
            where = self.offset
            second = self._read_raw(BLOCK, "end block", may_end=True)
            if second not in (b"", _ZERO_BLOCK):
                raise FormatError("a block of zeros is between entries", where=f"tar byte {where - BLOCK}")
            self._zero_blocks = 2 if second else 1
            return None
        return block or None

    def _extension(self, header: TarHeader) -> bytes:
        if header.size > MAX_EXTENSION:
            raise FormatError(f"an extension header of {header.size} bytes; at most {MAX_EXTENSION} are read")
        where = self.offset
        content = self._read_raw(header.size, "extension header")
        padding = self._read_raw(header.padding, "padding")
        if self._watch is not None:
            self._watch.extension(header.typeflag, content, padding, where)
        return content

    def _read_raw(self, count: int, what: str, *, may_end: bool = False) -> bytes:
        if self._raw_size + count > MAX_HEADERS:
            raise FormatError(f"the headers of one entry exceed {MAX_HEADERS} bytes", where=f"tar byte {self.offset}")
        piece = _read_fully(self._stream, count)
        if len(piece) < count and (piece or not may_end):
            raise NotTarError(f"the tar ends within a {what}", where=f"tar byte {self.offset + len(piece)}")
        self._raw.append(piece)
        self._raw_size += len(piece)
        self.offset += len(piece)
        return piece


def _read_fully(stream: BinaryIO, count: int) -> bytes:
    parts: list[bytes] = []
    while count > 0:
        piece = stream.read(count)
        if not piece:
            break
        parts.append(piece)
        count -= len(piece)
    return b"".join(parts)


def _parse_block(block: bytes) -> TarHeader:
    try:
        wanted = _octal(block[148:156])
    except FormatError as error:
        raise NotTarError(error.what) from None
    unsigned = sum(block) - sum(block[148:156]) + _BLANKS
    if wanted != unsigned and wanted != unsigned - 256 * _high_bytes(block):
        raise NotTarError("this is not a tar header: its checksum is wrong")
    typeflag = chr(block[156])
    size = _size(_number(block[124:136]))
    if typeflag in _EXTENSIONS:
        return TarHeader(typeflag, b"", size=size)
    form = _form(block)
    name = _until_nul(block[:100])
    times: dict[str, int] = {}
    prefix = b""
    if form == _USTAR:
        prefix = _until_nul(block[345:500])
    elif form == _STAR:
        prefix = _until_nul(block[345:476])
        times = {"atime": _seconds(block[476:488]), "ctime": _seconds(block[488:500])}
    elif form == _GNU:
        fields = (("atime", block[345:357]), ("ctime", block[357:369]))
        times = {key: _seconds(field) for key, field in fields if field[0]}
    devices = (0, 0)
    if form != _V7 and block[329:345] not in _NO_DEVICE:
        devices = (_number(block[329:337]), _number(block[337:345]))
    return TarHeader(
        typeflag=typeflag,
        name=prefix + b"/" + name if prefix else name,
        link_name=_until_nul(block[157:257]),
        mode=_number(block[100:108]),
        size=size,
        uid=_number(block[108:116]),
        gid=_number(block[116:124]),
        mtime=_seconds(block[136:148]),
        dev_major=devices[0],
        dev_minor=devices[1],
        atime=times.get("atime"),
        ctime=times.get("ctime"),
    )


def _high_bytes(block: bytes) -> int:
    """The number of bytes outside the checksum field that are negative in a signed sum."""
    return len((block[:148] + block[156:]).translate(None, _LOW))


def _form(block: bytes) -> str:
    if block[257:263] == b"ustar\x00":
        return _STAR if block[508:512] == b"tar\x00" else _USTAR
    return _GNU if block[257:265] == b"ustar  \x00" else _V7


def _merge(header: TarHeader, records: Records, long_name: bytes | None, long_link: bytes | None) -> TarHeader:
    """Apply the extended headers; a GNU long name takes precedence over PAX, as in Go's reader."""
    changes: dict[str, object] = {}
    if any(key.startswith(b"GNU.sparse.") for key in records):
        changes["is_sparse"] = True
    for key, value in records.items():
        if not value:
            continue  # an empty value leaves the field of the header
        if key in (b"path", b"linkpath"):
            changes["name" if key == b"path" else "link_name"] = value
        elif key in (b"uid", b"gid"):
            changes[key.decode()] = _decimal(value)
        elif key == b"size":
            changes["size"] = _size(_decimal(value))
        elif key in (b"mtime", b"atime", b"ctime"):
            changes[key.decode()] = _pax_time(value)
    if long_name is not None:
        changes["name"] = long_name
    if long_link is not None:
        changes["link_name"] = long_link
    xattrs = {key.removeprefix(XATTR_PREFIX): value for key, value in records.items() if key.startswith(XATTR_PREFIX)}
    changes |= {"xattrs": xattrs} if xattrs else {}
    return _checked(msgspec.structs.replace(header, **changes) if changes else header)


def _checked(merged: TarHeader) -> TarHeader:
    """The type as Go's reader determines it; raise FormatError where readers differ on the following bytes."""
    if merged.typeflag == "\x00":
        merged = msgspec.structs.replace(merged, typeflag="5" if merged.name.endswith(b"/") else "0")
    if merged.typeflag == "S":
        merged = msgspec.structs.replace(merged, is_sparse=True)
    if merged.typeflag in _HEADER_ONLY and merged.size:
        raise FormatError(f"a link, device or directory has a size of {merged.size}: readers differ on what follows")
    return merged


def _parse_records(content: bytes) -> Records:
    records: Records = {}
    position = 0
    while position < len(content):
        blank = content.find(b" ", position, position + 20)
        digits = content[position:blank] if blank > 0 else b""
        length = _decimal(digits) if digits.isdigit() else 0
        record = content[position : position + length]
        key, equals, value = record[blank - position + 1 : -1].partition(b"=")
        if not equals or not key or len(record) != length or not record.endswith(b"\n"):
            raise FormatError("a PAX extension header has a malformed record")
        if b"\x00" in (value if key in _TEXT_RECORDS else key):
            raise FormatError(f"the PAX record {key[:80]!r} holds a NUL")
        records[key] = value
        position += length
    return records


def _until_nul(field: bytes) -> bytes:
    return field.partition(b"\x00")[0]


def _octal(field: bytes) -> int:
    digits = field.strip(b" \x00")
    if not digits:
        return 0
    if not digits.isdigit():
        digits = _until_nul(digits)
    if digits.translate(None, b"01234567"):
        raise FormatError(f"{digits!r} is not an octal number of a tar header")
    return int(digits, 8)


def _number(field: bytes) -> int:
    """An octal field, or a base-256 one (GNU)."""
    if field[0] < 0x80:
        return _octal(field)
    bits = 8 * len(field) - 1
    value = int.from_bytes(field, "big") & (1 << bits) - 1
    if field[0] & 0x40:
        value -= 1 << bits
    if not -(2**63) <= value < 2**63:
        raise FormatError("a number of a tar header does not fit 64 bits")
    return value


def _seconds(field: bytes) -> int:
    return _number(field) * NANOSECONDS


def _size(value: int) -> int:
    if value < 0:
        raise FormatError(f"the size {value} of a tar header is negative")
    return value


def _decimal(text: bytes) -> int:
    digits = text[1:] if text[:1] in (b"-", b"+") else text
    if not digits.isdigit() or len(digits) > 20 or not -(2**63) <= int(text) < 2**63:
        raise FormatError(f"{text[:80]!r} is not a decimal number of a PAX record")
    return int(text)


def _pax_time(text: bytes) -> int:
    """Decimal seconds, as nanoseconds: further digits are cut off."""
    whole, _, fraction = text.partition(b".")
    if fraction and not fraction.isdigit():
        raise FormatError(f"{text[:80]!r} is no time of a PAX record")
    nanoseconds = int(fraction[:9].ljust(9, b"0")) if fraction else 0
    seconds = _decimal(whole)
    return seconds * NANOSECONDS + (-nanoseconds if whole.startswith(b"-") else nanoseconds)
