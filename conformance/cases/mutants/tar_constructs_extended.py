"""Entries with irregular extended headers: PAX records, GNU long names, and their combinations."""

import base64
import struct
from typing import Final

from conformance.cases.mutants.tar_parts import CUT, HIDDEN, LINK, LONG, TEXT, odd, with_records
from conformance.images.raw_tar import GNU, extended, file, header, long_name, padded, record

_PAX_PATH: Final = extended([(b"path", b"pax")])
_GNU_NAME: Final = long_name(b"gnu\0")
ORPHANS: Final = {
    "x_before_g": _PAX_PATH + extended([(b"comment", b"c")], b"g") + odd(),
    "long_name_before_g": _GNU_NAME + extended([(b"comment", b"c")], b"g") + odd(magic=GNU),
    "x_at_the_end": _PAX_PATH,
    "long_name_at_the_end": _GNU_NAME,
    "long_link_at_the_end": long_name(b"gnu\0", b"K"),
}
KINDS: Final = {
    "two_x": extended([(b"path", b"one")]) + extended([(b"path", b"two")]) + odd(),
    "two_x_of_other_keys": extended([(b"path", b"one")]) + extended([(b"uid", b"7")]) + odd(),
    "two_long_names": long_name(b"one\0") + long_name(b"two\0") + odd(magic=GNU),
    "two_long_links": long_name(b"one\0", b"K")
    + long_name(b"two\0", b"K")
    + file(b"odd", b"", b"2", magic=GNU, linkname=b"to"),
}
MIXED: Final = {
    "pax_path_then_long_name": _PAX_PATH + _GNU_NAME + odd(),
    "long_name_then_pax_path": _GNU_NAME + _PAX_PATH + odd(),
    "pax_linkpath_then_long_link": extended([(b"linkpath", b"pax")]) + long_name(b"gnu\0", b"K") + LINK,
    "long_link_then_pax_linkpath": long_name(b"gnu\0", b"K") + extended([(b"linkpath", b"pax")]) + LINK,
    "pax_size_before_long_name": extended([(b"size", b"1024")])
    + long_name(b"gnu\0")
    + header(b"odd", 1024)
    + HIDDEN[:1024],
    "pax_size_after_long_name": long_name(b"gnu\0")
    + extended([(b"size", b"1024")])
    + header(b"odd", 1024)
    + HIDDEN[:1024],
}


def _raw(content: bytes) -> bytes:
    return extended(content) + odd()


SYNTAX: Final = {
    "pax_length_leading_zero": _raw(b"014 path=other\n"),
    "pax_length_plus": _raw(b"+14 path=other\n"),
    "pax_length_leading_blank": _raw(b" 14 path=other\n"),
    "pax_length_too_short": _raw(b"12 path=other\n"),
    "pax_length_too_long": _raw(b"99 path=other\n"),
    "pax_length_zero": _raw(b"0 path=other\n"),
    "pax_length_hex": _raw(b"0xe path=other\n"),
    "pax_two_blanks": _raw(b"15  path=other\n"),
    "pax_tab_for_blank": _raw(b"14\tpath=other\n"),
    "pax_no_newline": _raw(b"14 path=otherX"),
    "pax_unterminated": _raw(b"13 path=other"),
    "pax_no_equals": _raw(b"8 path\n" + record(b"path", b"other")),
    "pax_no_key": _raw(b"10 =other\n"),
    "pax_nul_behind": _raw(record(b"path", b"other") + bytes(3)),
    "pax_junk_behind": _raw(record(b"path", b"other") + b"junk"),
    "pax_newline_behind": _raw(record(b"path", b"other") + b"\n"),
}
DECIMALS: Final = {
    f"pax_{key.decode()}_{how}": with_records((key, value))
    for key, how, value in (
        (b"uid", "plus", b"+77"),
        (b"uid", "hex", b"0x4d"),
        (b"uid", "leading_blank", b" 77"),
        (b"uid", "blank_behind", b"77 "),
        (b"uid", "negative", b"-1"),
        (b"uid", "fraction", b"77.0"),
        (b"uid", "underscore", b"7_7"),
        (b"uid", "text", b"zz"),
        (b"uid", "huge", b"99999999999999999999"),
        (b"uid", "beyond_32_bits", b"4294967301"),
        (b"gid", "plus", b"+77"),
        (b"gid", "exponent", b"7e1"),
        (b"gid", "negative", b"-77"),
        (b"size", "plus", b"+8"),
        (b"size", "leading_blank", b" 8"),
        (b"size", "hex", b"0x8"),
        (b"size", "fraction", b"8.0"),
        (b"size", "negative", b"-8"),
        (b"size", "text", b"zz"),
        (b"size", "huge", b"99999999999999999999"),
    )
}
EMPTY: Final = {
    "pax_mtime_empty": with_records((b"mtime", b""), mtime=b"00000000005\0"),
    "pax_path_empty": with_records((b"path", b"")),
    "pax_linkpath_empty": extended([(b"linkpath", b"")]) + LINK,
    "pax_uid_empty": with_records((b"uid", b""), uid=b"0001750\0"),
    "pax_gid_empty": with_records((b"gid", b""), gid=b"0001750\0"),
    "pax_size_empty": extended([(b"size", b"")]) + header(b"odd", 1024) + HIDDEN[:1024],
}
TWICE: Final = {
    "pax_path_twice": with_records((b"path", b"one"), (b"path", b"two")),
    "pax_path_twice_the_same": with_records((b"path", b"one"), (b"path", b"one")),
    "pax_linkpath_twice": extended([(b"linkpath", b"one"), (b"linkpath", b"two")]) + LINK,
    "pax_uid_twice": with_records((b"uid", b"7"), (b"uid", b"8")),
    "pax_size_twice": extended([(b"size", b"1024"), (b"size", b"0")]) + header(b"odd", 1024) + HIDDEN[:1024],
    "pax_xattr_twice": with_records((b"SCHILY.xattr.user.a", b"b"), (b"SCHILY.xattr.user.a", b"c")),
    "pax_mtime_twice": with_records((b"mtime", b"5"), (b"mtime", b"6")),
}
SIZE_OF_PAX: Final = {
    "pax_size_larger": extended([(b"size", b"1024")]) + header(b"odd", 0) + HIDDEN[:1024],
    "pax_size_smaller": extended([(b"size", b"0")]) + header(b"odd", 1024) + HIDDEN[:1024],
    "pax_size_one_less": extended([(b"size", b"7")]) + odd(),
}
NULS: Final = {
    "pax_nul_in_path": with_records((b"path", b"one\0two")),
    "pax_nul_in_linkpath": extended([(b"linkpath", b"one\0two")]) + LINK,
    "pax_nul_in_key": with_records((b"pa\0th", b"one")),
    "pax_nul_behind_path": with_records((b"path", b"one\0")),
    "pax_nul_in_uid": with_records((b"uid", b"7\x007")),
    "pax_nul_in_size": with_records((b"size", b"8\0")),
    "pax_nul_in_uname": with_records((b"uname", b"da\0emon")),
    "pax_nul_in_comment": with_records((b"comment", b"one\0two")),
    "pax_nul_in_mtime": with_records((b"mtime", b"5\0")),
}
KEYS: Final = {
    f"pax_{key.decode().replace('.', '_').lower()}": with_records((key, value))
    for key, value in (
        (b"GNU.sparse.name", b"other"),
        (b"GNU.sparse.realsize", b"2"),
        (b"GNU.sparse.size", b"2"),
        (b"GNU.sparse.major", b"1"),
        (b"GNU.sparse.map", b"0,8"),
        (b"GNU.sparse.numblocks", b"1"),
        (b"GNU.dumpdir", b"Yfile\0\0"),
        (b"GNU.volume.label", b"other"),
        (b"GNU.volume.filename", b"other"),
        (b"GNU.volume.size", b"2"),
        (b"SCHILY.realsize", b"2"),
        (b"SCHILY.filetype", b"directory"),
        (b"SUN.holesdata", b" 0 8"),
        (b"SUN.devmajor", b"7"),
        (b"SCHILY.devmajor", b"7"),
        (b"SCHILY.devminor", b"7"),
    )
} | {
    "pax_schily_devmajor_of_a_device": with_records(
        (b"SCHILY.devmajor", b"7"), (b"SCHILY.devminor", b"7"), typeflag=b"3"
    ),
    "pax_sun_devmajor_of_a_device": with_records((b"SUN.devmajor", b"7"), (b"SUN.devminor", b"7"), typeflag=b"3"),
    "pax_gnu_sparse_1_0": with_records(
        (b"GNU.sparse.major", b"1"),
        (b"GNU.sparse.minor", b"0"),
        (b"GNU.sparse.name", b"other"),
        (b"GNU.sparse.realsize", b"8"),
    ),
}
_ACL: Final = b"user::rw-,user:1000:rw-,group::r--,mask::rw-,other::r--"
_BINARY_ACL: Final = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, perm, who)
    for tag, perm, who in (
        (1, 6, 0xFFFFFFFF),
        (2, 6, 1000),
        (4, 4, 0xFFFFFFFF),
        (16, 6, 0xFFFFFFFF),
        (32, 4, 0xFFFFFFFF),
    )
)
_OTHER_ACL: Final = b"user::rwx,user:1000:rwx,group::r--,mask::rwx,other::r--"
XATTRS: Final = {
    "libarchive_xattr_contradicts": with_records(
        (b"SCHILY.xattr.user.a", b"one"), (b"LIBARCHIVE.xattr.user.a", base64.b64encode(b"two").rstrip(b"="))
    ),
    "libarchive_xattr_alone": with_records((b"LIBARCHIVE.xattr.user.a", base64.b64encode(b"two").rstrip(b"="))),
    "libarchive_xattr_no_base64": with_records((b"SCHILY.xattr.user.a", b"one"), (b"LIBARCHIVE.xattr.user.a", b"!!!")),
    "acl_contradicts_xattr": with_records(
        (b"SCHILY.acl.access", _OTHER_ACL), (b"SCHILY.xattr.system.posix_acl_access", _BINARY_ACL)
    ),
}
PADDING: Final = {
    "x_padding": header(b"PaxHeaders.0/x", 13, b"x") + padded(record(b"comment", b"c"), b"hidden") + odd(),
    "long_name_padding": header(b"././@LongLink", 4, b"L", magic=GNU) + padded(b"gnu\0", b"hidden") + odd(magic=GNU),
}
LONG_NAMES: Final = {
    "long_name_inner_nul": long_name(b"gnu\0other\0") + odd(magic=GNU),
    "long_name_two_nuls": long_name(b"gnu\0\0") + odd(magic=GNU),
    "long_name_many_nuls": long_name(b"gnu" + bytes(200)) + odd(magic=GNU),
    "long_name_empty": long_name(b"") + odd(magic=GNU),
    "long_name_only_nul": long_name(b"\0") + odd(magic=GNU),
    "long_link_inner_nul": long_name(b"gnu\0other\0", b"K") + LINK,
    "long_link_empty": long_name(b"", b"K") + LINK,
}
LINK_NAMES: Final = {
    "link_name_on_a_file": odd(linkname=b"first"),
    "link_name_on_a_directory": file(b"odd/", b"", b"5", linkname=b"first"),
    "pax_linkpath_on_a_file": with_records((b"linkpath", b"first")),
    "long_link_on_a_file": long_name(b"first\0", b"K") + odd(magic=GNU),
    "long_link_beside_no_link_name": long_name(b"target\0", b"K") + file(b"odd", b"", b"2", magic=GNU),
    "link_without_link_name": file(b"odd", b"", b"2"),
    "hard_link_without_link_name": file(b"odd", b"", b"1"),
}
TIMES: Final = {
    "pax_mtime_plus": with_records((b"mtime", b"+5")),
    "pax_mtime_exponent": with_records((b"mtime", b"1e3")),
    "pax_mtime_comma": with_records((b"mtime", b"5,5")),
    "pax_mtime_text": with_records((b"mtime", b"zz")),
    "pax_mtime_blank": with_records((b"mtime", b" 5")),
    "pax_atime_text": with_records((b"atime", b"zz")),
    "pax_mtime_only_fraction": with_records((b"mtime", b".5")),
}
ATTRIBUTE_KEYS: Final = {
    "acl_alone": with_records((b"SCHILY.acl.access", _ACL)),
    "selinux_alone": with_records((b"RHT.security.selinux", b"system_u:object_r:bin_t:s0")),
    "fflags": with_records((b"SCHILY.fflags", b"nodump")),
}
NOT_UTF8: Final = {
    "pax_path_not_utf8": with_records((b"path", b"caf\xe9")),
    "pax_uname_not_utf8": with_records((b"uname", b"caf\xe9")),
}
PAX_OWNERS: Final = {
    "pax_owner_root_of_1000": with_records((b"uname", b"root"), uid=b"0001750\0"),
}
NO_NAMES: Final = {
    "empty_name": file(b"", b"content\n"),
    "extended_header_without_name": file(b"", record(b"comment", b"c"), b"x") + odd(),
    "long_name_without_name": file(b"", b"odd-name\0", b"L", magic=GNU) + odd(magic=GNU),
}
LEADING_ZEROS: Final = {
    "pax_uid_leading_zero": with_records((b"uid", b"077")),
    "pax_size_leading_zero": with_records((b"size", b"08")),
}
BARE_LINKS: Final = {
    "pax_linkpath_beside_no_link_name": extended([(b"linkpath", b"target")]) + file(b"odd", b"", b"2"),
    "pax_hard_link_beside_no_link_name": extended([(b"linkpath", b"first")]) + file(b"odd", b"", b"1"),
}
NEWLINES: Final = {
    "pax_path_newline": with_records((b"path", b"odd\nname")),
    "pax_linkpath_newline": extended([(b"linkpath", b"odd\nname")]) + file(b"odd", b"", b"2", linkname=b"odd"),
    "pax_uname_newline": with_records((b"uname", b"odd\nname")),
}
BOTH_FORMS: Final = {
    "pax_comment_and_long_name": extended([(b"comment", b"c")]) + long_name(LONG + b"\0") + file(CUT, TEXT, magic=GNU),
    "long_name_and_pax_mtime": long_name(LONG + b"\0") + extended([(b"mtime", b"5")]) + file(CUT, TEXT, magic=GNU),
}
RECORDS_INSIDE: Final = {
    "pax_record_in_an_xattr": with_records((b"SCHILY.xattr.user.a", b"x\n13 path=evil\n")),
    "pax_record_in_a_comment": with_records((b"comment", b"x\n10 size=0\n")),
    "pax_record_in_a_path": with_records((b"path", b"odd\n13 path=evil\n")),
}
EXTENDED_LINKS: Final = {
    "link_name_on_a_long_name": long_name(b"odd-name\0", linkname=b"first") + odd(magic=GNU),
    "link_name_on_a_pax_header": extended([(b"comment", b"c")], linkname=b"first") + odd(),
}
