"""Compares every header, extended header and end of a tar with the canonical form while it is read.

The tar reader calls it before it parses a header, so that headers which the reader refuses are judged too.
"""

from typing import Final

from conformance.format.discrepancy import shown
from conformance.format.pax_rules import Records, records_of
from conformance.format.tar_faults import Flaw, TarFault, TarFaults, TarRule, raw
from conformance.format.tar_header_rules import (
    EXTENSIONS,
    LINKS,
    MAX_OCTAL_SIZE,
    USTAR_MAGIC,
    WITHOUT_CONTENT,
    HeaderRules,
    header_flaws,
    number_of,
    owner_flaws,
    text_of,
)
from conformance.format.tarheader import TYPE, TYPE_FLAG

_NO_RECORDS: Final[Records] = {}
_OWNER_KEYS: Final = frozenset((b"uid", b"gid", b"uname", b"gname"))
_WORDS: Final = {b"x": "a PAX extended header", b"L": "a GNU long name", b"K": "a GNU long link name"}
_FULL_END: Final = 2
_DIGITS: Final = 20
_OWNERS: Final = (("uname", b"uid", slice(108, 116), 265), ("gname", b"gid", slice(116, 124), 297))


class HeaderWatch:
    """Receives ``header``, ``extension`` and ``end`` in the order of the tar; violations are added to ``faults``."""

    def __init__(self, faults: TarFaults) -> None:
        self._faults = faults
        self._rules = HeaderRules()
        self._pending: list[TarFault] = []
        """Violations in extended headers; the name of the entry is not known yet."""
        self._extended: dict[bytes, bytes] = {}
        """The contents of the extended headers before the next entry, by type."""
        self._records: Records = _NO_RECORDS

    def header(self, block: bytes, offset: int) -> None:
        """Judge a header, which is not a block of zeros, at ``offset`` in the tar."""
        is_plain = self._rules.is_plain(block)
        if is_plain and not self._extended and block[TYPE] not in EXTENSIONS:
            return
        kind = block[TYPE_FLAG]
        flaws = () if is_plain else tuple(header_flaws(block))
        if kind == b"g" and self._extended:
            self._orphans(offset)
        if kind in _WORDS:
            self._note(flaws, offset)
            if kind in self._extended:
                self._note((Flaw(TarRule.REPEATED, _WORDS[kind], "one before an entry", "a second one"),), offset)
            self._extended.setdefault(kind, b"")
            return
        if kind != b"g":
            flaws += tuple(self._entry(block, kind))
        if flaws or self._pending:
            self._note(flaws, offset)
            self._flush("" if kind == b"g" else shown(self._name(block)))
        if kind != b"g":
            self._extended.clear()
            self._records = _NO_RECORDS

    def extension(self, kind: str, content: bytes, padding: bytes, offset: int) -> None:
        """Judge the content of an extended header at ``offset`` in the tar, and the padding after it."""
        if padding.strip(b"\0"):
            self._note(
                (Flaw(TarRule.PADDING, "the padding of an extended header", "NULs", raw(padding)),),
                offset + len(content),
            )
        flag = kind.encode("latin-1")
        if flag == b"x":
            self._records, flaws = records_of(content)
            self._note(flaws, offset)
        elif not text_of(content) or b"\0" in content[:-1]:
            expected = "a name, one NUL at its end at most"
            self._note((Flaw(TarRule.LONG_NAME, _WORDS[flag], expected, raw(content)),), offset)
        self._extended[flag] = content

    def end(self, zero_blocks: int, offset: int) -> None:
        """Judge the end of the archive: the number of blocks of zeros, at most two."""
        if self._extended:
            self._orphans(offset)
        self._flush("")
        if zero_blocks < _FULL_END:
            flaw = Flaw(TarRule.END, "the end of the archive", "two blocks of zeros", f"{zero_blocks}")
            self._note((flaw,), offset)
            self._flush("")

    def close(self) -> None:
        """The reader stopped before the end of the tar."""
        self._flush("")

    def _orphans(self, offset: int) -> None:
        for kind in self._extended:
            what = _WORDS.get(kind, "an extended header")
            self._note((Flaw(TarRule.ORPHAN, what, "an entry after it", "none"),), offset)
        self._extended.clear()
        self._records = _NO_RECORDS

    def _name(self, block: bytes) -> bytes:
        long_name = self._extended.get(b"L")
        if long_name is not None:
            return text_of(long_name)
        path = self._records.get(b"path")
        if path:
            return path
        name, prefix = text_of(block[:100]), text_of(block[345:]) if block[257:265] == USTAR_MAGIC else b""
        return prefix + b"/" + name if prefix else name

    def _entry(self, block: bytes, kind: bytes) -> list[Flaw]:
        """Judge the header of an entry together with its extended headers."""
        records, extended = self._records, self._extended
        flaws = []
        name = self._name(block)
        if not name:
            flaws.append(Flaw(TarRule.NAME, "the name", "a name", "none"))
        if (
            name.endswith(b"/")
            and kind != b"5"
            and not (kind == b"\0" and not extended and text_of(block[:100]) == name)
        ):
            flaws.append(
                Flaw(TarRule.SLASH, "the name", "a slash at the end of directories only", f"the type {raw(kind)}")
            )
        link = extended.get(b"K", records.get(b"linkpath", b"")) or block[157:158].strip(b"\0")
        if bool(link) != (kind in LINKS):
            expected = "a link name" if kind in LINKS else "no link name on what is not a link"
            flaws.append(Flaw(TarRule.LINK_NAME, "the link name", expected, raw(link) if link else "none", 157))
        if kind in LINKS and link and not block[157]:
            # Go writes this for a PAX link target without ASCII characters; no known writer does for a GNU long link.
            rule = TarRule.LINK_NAME if b"K" in extended else TarRule.BARE_LINK
            flaws.append(Flaw(rule, "the link name in the header", "its beginning there too", "none", 157))
        flaws += self._mixed()
        if b"size" in records:
            flaws += self._size(block, kind)
        if not _OWNER_KEYS.isdisjoint(records):
            flaws += self._owner(block)
        return flaws

    def _mixed(self) -> list[Flaw]:
        mixed = [
            Flaw(TarRule.MIXED, f"the PAX record {key.decode()}", f"no {_WORDS[letter]} beside it", "both")
            for letter, keys in ((b"L", (b"path", b"size")), (b"K", (b"linkpath", b"size")))
            for key in keys
            if letter in self._extended and key in self._records
        ]
        if not mixed and {b"x"} < self._extended.keys():
            return [Flaw(TarRule.BOTH_FORMS, "the extended headers", "PAX or GNU tar", "both")]
        return mixed

    def _size(self, block: bytes, kind: bytes) -> list[Flaw]:
        value = self._records.get(b"size", b"")
        if not value.isdigit() or len(value) > _DIGITS:
            return []  # TarRule.DECIMAL, TarRule.EMPTY, or none
        size, said = int(value), number_of(block[124:136])
        if kind in WITHOUT_CONTENT and size:
            return [Flaw(TarRule.NO_CONTENT, "the PAX record size", f"0 for the type {kind.decode()}", str(size))]
        if size != said and size <= MAX_OCTAL_SIZE:
            return [Flaw(TarRule.SIZES, "the PAX record size", f"{said}, the size in the header", str(size), 124)]
        return []

    def _owner(self, block: bytes) -> list[Flaw]:
        """GNU tar, bsdtar and busybox use the name where they can; container tools use the number."""
        flaws: list[Flaw] = []
        for what, key, where, place in _OWNERS:
            if what.encode() not in self._records and key not in self._records:
                continue  # judged with the header
            name = self._records.get(what.encode()) or text_of(block[place : place + 32])
            number = self._records.get(key, b"")
            value = int(number) if number.isdigit() and len(number) <= _DIGITS else number_of(block[where])
            if value is not None:
                flaws += owner_flaws(what, name, value, place)
        return flaws

    def _note(self, flaws: tuple[Flaw, ...], offset: int) -> None:
        self._pending += [
            TarFault(flaw.rule, "", flaw.what, flaw.expected, flaw.found, offset + flaw.at) for flaw in flaws
        ]

    def _flush(self, name: str) -> None:
        for fault in self._pending:
            self._faults.add(TarFault(fault.rule, name, fault.what, fault.expected, fault.found, fault.offset))
        self._pending.clear()
