"""Archives, other than a tar, that bsdtar detects and lists as it does a tar (libarchive).

Source: libarchive archive_read_support_format_*.c; APPNOTE.TXT 4.3.16 (zip); measured with bsdtar 3.6.2.
"""

import re
from typing import Final

_SEVEN_ZIP: Final = re.compile(rb"7z\xbc\xaf\x27\x1c")
_CAB: Final = re.compile(rb"MSCF\0\0\0\0")
_RAR: Final = re.compile(rb"Rar!\x1a\x07")
_LHA: Final = re.compile(rb"..-(?:lh.|lz[s45]|pm.)-.{13}[\0-\3]", re.DOTALL)
_BY_FIRST_BYTES: Final = (
    ("cpio", re.compile(rb"07070[127]|\xc7\x71|\x71\xc7")),
    ("ar", re.compile(rb"!<arch>\n")),
    ("zip", re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)")),
    ("7z", _SEVEN_ZIP),
    ("xar", re.compile(rb"xar!")),
    ("cab", _CAB),
    ("rar", _RAR),
    ("rpm", re.compile(rb"\xed\xab\xee\xdb")),
    ("mtree", re.compile(rb"#mtree")),
    ("lha", _LHA),
    ("WARC", re.compile(rb"WARC/")),
)
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_TAIL: Final = 22 + 65535
"""Bytes at the end of a file in which the end of a zip's directory is (APPNOTE 4.3.16: 22 bytes and a comment)."""
_ISO: Final = (32769, b"CD001")


# libarchive searches a program for an archive behind it, the more of it the newer it is.
_SELF_EXTRACTING: Final = {
    b"MZ": (("7z", _SEVEN_ZIP), ("cab", _CAB), ("rar", _RAR), ("lha", _LHA)),
    b"\x7fELF": (("7z", _SEVEN_ZIP), ("rar", _RAR)),
}
_MTREE_ENTRIES: Final = 3
"""Entries by which libarchive recognises an mtree without a signature (archive_read_support_format_mtree.c)."""
_MTREE_COMMANDS: Final = (b"/set", b"/unset")
_MTREE_KEYS: Final = frozenset(
    b"cksum content contents device flags gid gname ignore inode link md5 md5digest mode nlink nochange optional"
    b" resdevice rmd160 rmd160digest ripemd160digest sha1 sha1digest sha256 sha256digest sha384 sha384digest sha512"
    b" sha512digest size tags time type uid uname".split()
)


def archive(content: bytes) -> str | None:
    """The archive, by its first bytes, behind a program, as a list of files, or the end of a zip, or an ISO 9660."""
    for name, pattern in _BY_FIRST_BYTES:
        if pattern.match(content):
            return name
    for program, archives in _SELF_EXTRACTING.items():
        if content.startswith(program):
            for name, pattern in archives:
                if pattern.search(content):
                    return f"self-extracting {name}"
    if _ZIP_END in content[-_ZIP_TAIL:]:
        return "zip"
    if _lists_files(content):
        return "mtree"
    offset, magic = _ISO
    return "ISO 9660" if content[offset : offset + len(magic)] == magic else None


def _lists_files(content: bytes) -> bool:
    """Whether the first lines are those of an mtree without a signature: three entries, and the type of some entry."""
    entries, typed = 0, False
    for line in content.partition(b"\0")[0].split(b"\n")[:-1]:
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        keys = [word.partition(b"=")[0] for word in words[1:] if word != b"\\"]
        if not _MTREE_KEYS.issuperset(keys):
            return False
        typed = typed or b"type" in keys
        entries += words[0] not in _MTREE_COMMANDS
        if entries >= _MTREE_ENTRIES and typed:
            return True
    return False
