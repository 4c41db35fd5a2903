"""Readers that are commands: each archive needs a process and a file. They are slow, so they run last.

They list members without contents. A listing that is ambiguous (a line break in a name) is not a result.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import msgspec

from conformance.readers.places import first_line, number_in
from conformance.readers.process import BLOB_ARGUMENT, MAX_OUTPUT, run_on
from conformance.readers.reading import NOT_TOLD, Member, ReaderInfo, Reading

_KINDS: Final = {"-": "reg", "d": "dir", "l": "symlink", "h": "hardlink", "c": "char", "b": "block", "p": "fifo"}
_BITS: Final = (0o400, 0o200, 0o100, 0o40, 0o20, 0o10, 0o4, 0o2, 0o1)
_SPECIAL: Final = {3: 0o4000, 6: 0o2000, 9: 0o1000}
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|[abfnrtv\\ ])")
_ESCAPED: Final = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_ARROW: Final = " -> "
_BLOCK: Final = 512


class UnclearError(ValueError):
    """The listing is ambiguous."""


class Command(msgspec.Struct, frozen=True):
    """A command, and a parser for its listing.

    ``extended``: it supports PAX and GNU extended headers; ``rewrites_newlines``: it replaces newlines in listed names.
    """

    name: str
    find: Callable[[], tuple[tuple[str, ...], str] | None]
    parse: Callable[[str], Iterator[Member]]
    extended: bool = True
    rewrites_newlines: bool = False


def is_clear(command: Command, tar: bytes) -> bool:
    """Whether the listing of this archive is unambiguous.

    An arrow in a name looks like a link; 7-Zip shows "_" for a newline. Archives with extended headers are excluded for
    a command that does not support them.
    """
    places = [at for at in range(0, len(tar), _BLOCK) if _is_header(tar[at : at + _BLOCK])]
    headers = [tar[at : at + _BLOCK] for at in places]
    if any(_ARROW.encode() in header for header in headers):
        return False
    if not command.extended and any(header[156:157] in b"xgLK" for header in headers):
        return False
    if not command.rewrites_newlines:
        return True
    if not places:
        return b"\n" not in tar
    # The content of a GNU long name or link, up to the next header.
    parts = (tar[at:end] for at, end in zip(places, [*places[1:], len(tar)], strict=True))
    return not any(b"\n" in (part if part[156:157] in (b"L", b"K") else part[:_BLOCK]) for part in parts)


def _is_header(block: bytes) -> bool:
    """Whether a block has the magic of a header, or the checksum of a header of the form v7."""
    if block[257:262] == b"ustar":
        return True
    said = block[148:156].strip(b" \0")
    return said.isdigit() and int(said) == int(f"{sum(block[:148]) + sum(block[156:]) + 8 * 0x20:o}")


def read_with_command(command: Command, content: bytes, *, timeout: float = 20) -> Reading | None:
    """The reading of a command; None when its listing is ambiguous, or it is not on this machine."""
    found = present(command)
    if found is None:
        return None
    ended = run_on(content, found[0], timeout=timeout, environment={"LC_ALL": "C.UTF-8", "TZ": "UTC0"})
    if ended.status is None:
        return Reading(refused=ended.stderr[:300] or "it did not end by itself", crashed=True)
    if ended.status != 0:
        return Reading(refused=(ended.stderr or f"status {ended.status}")[:300])
    if len(ended.stdout) >= MAX_OUTPUT:
        return None
    try:
        return Reading(tuple(command.parse(ended.stdout)))
    except UnclearError:
        return None


@cache
def present(command: Command) -> tuple[tuple[str, ...], str] | None:
    """The argument vector and version of a command, when it is on this machine."""
    return command.find()


def command_readers() -> tuple[ReaderInfo, ...]:
    """The command readers on this machine."""
    found = ((command.name, present(command)) for command in COMMANDS)
    return tuple(ReaderInfo(name, here[1], "command") for name, here in found if here is not None)


# GNU tar: -rw-r--r-- 0/0               3 1970-01-01 00:00 name -> target; "escape" quoting
_GNU_LINE: Final = re.compile(
    r"(?P<mode>[\S]{10}) (?P<uid>-?\d+)/(?P<gid>-?\d+) +(?P<size>[\d,]+) [-\d]+ [\d:.]+ (?P<name>.*)"
)
# busybox, the same without a quoting
_BUSYBOX_LINE: Final = re.compile(
    r"(?P<mode>\S{10}) (?P<uid>\d+)/(?P<gid>\d+) +(?P<size>[\d,]+) [-\d]+ [\d:]+ (?P<name>.*)"
)


def _listing(text: str, line_form: re.Pattern[str], *, quoted: bool) -> Iterator[Member]:
    for line in text.splitlines():
        match = line_form.fullmatch(line)
        if match is None:
            raise UnclearError(line)
        yield _line_member(match, quoted=quoted)


def _cpio_listing(text: str) -> Iterator[Member]:
    """cpio lists a hard link as an empty file, and reads the blank in "000755 " (libarchive, V7) as a digit."""
    for member in _listing(text, _CPIO_LINE, quoted=False):
        kind = NOT_TOLD if member.kind == "reg" and not member.size else member.kind
        yield msgspec.structs.replace(member, kind=kind, mode=None, uid=None, gid=None)


def _line_member(match: re.Match[str], *, quoted: bool) -> Member:
    kind = _KINDS.get(match["mode"][0], f"other:{match['mode'][0]}")
    name, link = match["name"], ""
    size = match["size"]
    if kind == "reg" and size == "0" and _ARROW in name:
        kind = "hardlink"  # busybox lists one as a file
    marker = " link to " if kind == "hardlink" and quoted else _ARROW
    if kind in ("symlink", "hardlink"):
        name, _, link = name.partition(marker)
        if marker in link:
            raise UnclearError(link)
    return Member(
        _unquoted(name, quoted).hex(),
        kind,
        None if "," in size else int(size),
        _mode_of(match["mode"]),
        int(match["uid"]),
        int(match["gid"]),
        _unquoted(link, quoted).hex(),
    )


def _unquoted(text: str, quoted: bool) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if "\ufffd" in text:
        raise UnclearError(text)
    return _ESCAPE.sub(_unescaped, raw) if quoted else raw


def _unescaped(match: re.Match[bytes]) -> bytes:
    what = match[1]
    return bytes((int(what, 8) & 0xFF,)) if what.isdigit() else _ESCAPED.get(what, what)


def _mode_of(text: str) -> int:
    """The bits of ``-rwxr-sr-t``."""
    mode = 0
    for position, (character, bit) in enumerate(zip(text[1:], _BITS, strict=False), start=1):
        mode |= bit if character not in "-ST" else 0
        mode |= _SPECIAL.get(position, 0) if character in "sStT" else 0
    return mode


def _gnu_tar() -> tuple[tuple[str, ...], str] | None:
    for name in ("tar", "gtar"):
        line = first_line(name, "--version")
        if line and "GNU tar" in line:
            options = ("--force-local", "--numeric-owner", "--quoting-style=escape", "-tvf")
            return (name, *options, BLOB_ARGUMENT), number_in(line)
    return None


def _busybox() -> tuple[tuple[str, ...], str] | None:
    line = first_line("busybox", "--help")
    return None if line is None else (("busybox", "tar", "-tvf", BLOB_ARGUMENT), number_in(line))


def _seven_zip() -> tuple[tuple[str, ...], str] | None:
    for name in ("7zz", "7z", "7za"):
        line = first_line(name, "i")
        if line is not None:
            return (name, "l", "-ba", "-slt", "-ttar", BLOB_ARGUMENT), number_in(line)
    return None


def _cpio() -> tuple[tuple[str, ...], str] | None:
    line = first_line("cpio", "--version")
    return None if line is None else (("cpio", "-itvn", "--quiet", "-H", "ustar", "-F", BLOB_ARGUMENT), number_in(line))


_CPIO_LINE: Final = re.compile(
    r"(?P<mode>\S{10}) +\d+ (?P<uid>\d+) +(?P<gid>\d+) +(?P<size>\d+|\d+, *\d+) \w{3} +\d+ +[\d:]+ (?P<name>.*)"
)


def _parse_seven_zip(text: str) -> Iterator[Member]:
    for block in re.split(r"\n\s*\n", text):
        if not block.strip():
            continue
        fields: dict[str, str] = {}
        for line in block.strip("\n").splitlines():
            key, equals, value = line.partition(" =")
            if not equals or key in fields:
                raise UnclearError(line)
            fields[key] = value.removeprefix(" ")
        if "Path" in fields:
            yield _seven_zip_member(fields)


def _seven_zip_member(fields: dict[str, str]) -> Member:
    mode = fields.get("Mode", "")
    kind = _KINDS.get(mode[:1], "dir" if fields.get("Folder") == "+" else "reg")
    if fields.get("Hard Link"):
        kind = "hardlink"
    size = fields.get("Size", "")
    return Member(
        _unquoted(fields["Path"], False).hex(),
        kind,
        int(size) if size.isdigit() else None,
        _mode_of(mode) if len(mode) == 10 else None,
        link=_unquoted(fields.get("Symbolic Link") or fields.get("Hard Link") or "", False).hex(),
    )


COMMANDS: Final = (
    Command("GNU tar", _gnu_tar, lambda text: _listing(text, _GNU_LINE, quoted=True)),
    Command("busybox tar", _busybox, lambda text: _listing(text, _BUSYBOX_LINE, quoted=False)),
    Command("7-Zip", _seven_zip, _parse_seven_zip, rewrites_newlines=True),
    Command("cpio", _cpio, _cpio_listing, extended=False),
)
