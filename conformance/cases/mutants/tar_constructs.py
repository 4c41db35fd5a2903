"""Tar archives with one irregular construct each, by name, with the requirement that each breaks; and conforming ones.

Each construct is between two ordinary files, so that a reader that loses its position shows it; ``tar_headers`` creates
layers from them. How real readers interpret each: docs/soundness.md, "Tar headers".
"""

import base64
from typing import Final

import msgspec

from conformance.cases.mutants import tar_constructs_extended as extended_headers
from conformance.cases.mutants import tar_constructs_header as headers
from conformance.cases.mutants.tar_parts import CUT, LONG, TEXT, base256, odd, with_records
from conformance.images.raw_tar import END, GNU, USTAR, extended, file, long_name


class Construct(msgspec.Struct, frozen=True):
    """A tar whose construct violates ``requirement``."""

    name: str
    requirement: str
    tar: bytes


_FIRST, _LAST = file(b"first", b"1\n"), file(b"last", b"2\n")
_BY_REQUIREMENT: Final = {
    "TAR-001": headers.NUMBERS,
    "TAR-002": headers.CHECKSUMS,
    "TAR-003": headers.MAGICS,
    "TAR-004": headers.TAILS,
    "TAR-005": headers.TYPES,
    "TAR-006": headers.SLASHES,
    "TAR-007": headers.SIZES,
    "TAR-008": extended_headers.ORPHANS,
    "TAR-009": extended_headers.KINDS,
    "TAR-010": extended_headers.MIXED,
    "TAR-011": extended_headers.SYNTAX,
    "TAR-012": extended_headers.DECIMALS,
    "TAR-013": extended_headers.EMPTY,
    "TAR-014": extended_headers.TWICE,
    "TAR-015": extended_headers.SIZE_OF_PAX,
    "TAR-016": extended_headers.NULS,
    "TAR-017": extended_headers.KEYS,
    "TAR-018": extended_headers.XATTRS,
    "TAR-019": headers.FIELDS,
    "TAR-020": extended_headers.PADDING,
    "TAR-021": extended_headers.LONG_NAMES,
    "TAR-022": extended_headers.LINK_NAMES,
    "TAR-023": headers.DEVICES,
    "TAR-024": headers.MODES,
    "TAR-026": extended_headers.TIMES,
    "TAR-027": headers.OWNERS | extended_headers.PAX_OWNERS,
    "TAR-028": extended_headers.ATTRIBUTE_KEYS,
    "TAR-029": extended_headers.NOT_UTF8,
    "TAR-030": headers.V7_FORMS,
    "TAR-031": extended_headers.NO_NAMES,
    "TAR-032": headers.EMPTY_OWNERS,
    "TAR-033": headers.STAR_TIMES,
    "TAR-034": extended_headers.LEADING_ZEROS,
    "TAR-040": extended_headers.BARE_LINKS,
    "TAR-041": extended_headers.NEWLINES,
    "TAR-042": extended_headers.BOTH_FORMS,
    "TAR-043": extended_headers.RECORDS_INSIDE,
    "TAR-044": extended_headers.EXTENDED_LINKS,
    "TAR-045": headers.OWNER_DIGITS,
    "TAR-046": headers.ONLY_PREFIXES,
}
_ENDS: Final = {"one_block_of_zeros": END[:512], "no_block_of_zeros": b""}
_LAWFUL: Final = {
    "ordinary": odd(),
    "ordinary_gnu": odd(magic=GNU),
    "type_nul": odd(typeflag=b"\0"),
    "numbers_after_blanks": odd(
        mode=b"   644 \0", uid=b"     0 \0", gid=b"     0 \0", size=b"         10 ", mtime=b"          0 "
    ),
    "numbers_without_terminator": odd(mode=b"00000644", size=b"000000000010", mtime=b"000000000005"),
    "numbers_blank_ended": odd(mode=b"0000644 ", uid=b"0000000 ", size=b"00000000010 "),
    "numbers_short": odd(mode=b"644\0", uid=b"0\0", size=b"10\0", mtime=b"0"),
    "device_fields_empty": odd(devmajor=b"", devminor=b""),
    "uid_base256_large": odd(uid=base256(2**31 - 2, 8), magic=GNU),
    "mtime_base256_negative": odd(mtime=b"\xff" * 11 + b"\xfb", magic=GNU),
    "mtime_base256_large": odd(mtime=base256(2**34, 12), magic=GNU),
    "prefix": odd(prefix=b"some/directory"),
    "long_name_gnu": long_name(LONG + b"\0") + file(CUT, TEXT, magic=GNU),
    "long_name_ustar": long_name(LONG + b"\0", magic=USTAR) + file(CUT, TEXT),
    "long_name_and_long_link": long_name(LONG + b"\0", b"K")
    + long_name(LONG + b"\0")
    + file(CUT, b"", b"2", magic=GNU, linkname=CUT),
    "long_name_raw_ends_with_slash": long_name(b"n" * 99 + b"/file\0") + file(b"n" * 99 + b"/", TEXT, magic=GNU),
    "pax_raw_ends_with_slash": extended([(b"path", b"n" * 99 + b"/file")]) + file(b"n" * 99 + b"/", TEXT),
    "pax_all": with_records(
        (b"path", b"pax"), (b"uid", b"7"), (b"gid", b"0"), (b"size", b"8"), (b"mtime", b"-5.25"), (b"comment", b"c")
    ),
    "pax_xattr_binary": with_records((b"SCHILY.xattr.security.capability", b"\x01\0\0\x02\0 " + bytes(14))),
    "pax_xattr_empty": with_records((b"SCHILY.xattr.user.a", b"")),
    "pax_xattr_newline": with_records((b"SCHILY.xattr.user.a", b"one\ntwo=2\n9 x=y\n")),
    "pax_vendor": with_records(
        (b"VENDOR.key", b"value"),
        (b"LIBARCHIVE.creationtime", b"5.5"),
        (b"SCHILY.dev", b"1"),
        (b"SCHILY.ino", b"2"),
        (b"SCHILY.nlink", b"1"),
    ),
    "libarchive_xattr_agrees": with_records(
        (b"SCHILY.xattr.user.a", b"one"), (b"LIBARCHIVE.xattr.user.a", base64.b64encode(b"one").rstrip(b"="))
    ),
    "directory_without_slash": file(b"odd", b"", b"5"),
    "directory_with_slash": file(b"odd/", b"", b"5"),
    "leading_dot_slash": file(b"./odd", TEXT),
}
LAWFUL: Final = {name: _FIRST + entry + _LAST + END for name, entry in _LAWFUL.items()}
"""Tars in forms of real writers, or on which no reader was seen to differ: they pass every MUST and SHOULD."""


def constructs() -> tuple[Construct, ...]:
    """All of them."""
    found = [
        Construct(name, requirement, _FIRST + entry + (b"" if requirement == "TAR-008" else _LAST) + END)
        for requirement, entries in _BY_REQUIREMENT.items()
        for name, entry in entries.items()
    ]
    return (*found, *(Construct(name, "TAR-025", _FIRST + end) for name, end in _ENDS.items()))
