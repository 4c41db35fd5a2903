"""Headers with one irregular field each."""

from typing import Final

from conformance.cases.mutants.tar_parts import CUT, HIDDEN, LONG, TEXT, base256, odd, with_records
from conformance.format.tarheader import write_checksum
from conformance.images.raw_tar import GNU, V7, extended, file, header, long_name, padded, record

NUMBERS: Final = {
    "device_number_no_number_on_a_file": odd(devmajor=b"zzzzzzz\0"),
    "device_number_beyond_32_bits": file(b"odd", b"", b"3", devmajor=base256(2**54, 8)),
    "mode_leading_nul": odd(mode=b"\x00004755\0"),
    "mode_two_leading_nuls": odd(mode=b"\0\x0004755\0"),
    "mode_blank_in_the_middle": odd(mode=b"0000 55\0"),
    "mode_nul_in_the_middle": odd(mode=b"0644\x0055\0"),
    "mode_signed": odd(mode=b"+000644\0"),
    "mode_negative": odd(mode=b"-000644\0"),
    "mode_not_octal": odd(mode=b"0000689\0"),
    "mode_empty": odd(mode=b""),
    "mode_blank": odd(mode=b" " * 7 + b"\0"),
    "mode_with_junk": odd(mode=b"0644abc\0"),
    "mode_base256": odd(mode=base256(0o4755, 8)),
    "mode_hex": odd(mode=b"0x001ed\0"),
    "mode_tab": odd(mode=b"\t000755\0"),
    "uid_leading_nul": odd(uid=b"\x00001750\0"),
    "uid_base256_small": odd(uid=base256(1000, 8)),
    "uid_base256_negative": odd(uid=b"\xff" * 7 + b"\xfe"),
    "uid_base256_odd_first": odd(uid=b"\x81" + bytes(5) + b"\x03\xe8"),
    "uid_base256_sign_only": odd(uid=b"\xc0" + bytes(5) + b"\x03\xe8"),
    "uid_beyond_32_bits": odd(uid=base256(2**32 + 5, 8)),
    "uid_leading_blank_nul": odd(uid=b" \x0001750\0"),
    "gid_not_octal": odd(gid=b"0000999\0"),
    "gid_blank_in_the_middle": odd(gid=b"00 1750\0"),
    "size_leading_nul": header(b"odd", size=b"\x000000002000\0") + HIDDEN[:1024],
    "size_two_leading_nuls": header(b"odd", size=b"\0\x00000002000\0") + HIDDEN[:1024],
    "size_empty": header(b"odd", size=b""),
    "size_blank": header(b"odd", size=b" " * 11 + b"\0"),
    "size_negative": header(b"odd", size=b"-0000001000\0") + HIDDEN[:1024],
    "size_base256_small": header(b"odd", size=base256(1024, 12)) + HIDDEN[:1024],
    "size_base256_odd_first": header(b"odd", size=b"\x81" + bytes(9) + b"\x04\0") + HIDDEN[:1024],
    "size_base256_overflow": header(b"odd", size=b"\x80\x01" + bytes(8) + b"\x04\0") + HIDDEN[:1024],
    "size_base256_negative": header(b"odd", size=b"\xff" * 12),
    "size_junk_behind": header(b"odd", size=b"2000 777777\0") + HIDDEN[:1024],
    "size_nul_then_digits": header(b"odd", size=b"2000\x00777777\0") + HIDDEN[:1024],
    "size_hex": header(b"odd", size=b"0x000000400\0") + HIDDEN[:1024],
    "mtime_not_octal": odd(mtime=b"0000000009x\0"),
    "mtime_leading_nul": odd(mtime=b"\x004000000000\0"),
    "x_uid_no_number": extended([(b"comment", b"c")], uid=b"zzzzzzz\0") + odd(),
    "x_mode_leading_nuls": extended([(b"comment", b"c")], mode=b"\0\x0000644\0") + odd(),
    "x_mtime_no_number": extended([(b"comment", b"c")], mtime=b"99999999999\0") + odd(),
    "x_size_two_leading_nuls": extended(record(b"path", b"other"), size=b"\0\x00000000016\0") + odd(),
    "l_uid_no_number": long_name(LONG + b"\0", uid=b"zzzzzzz\0") + file(CUT, TEXT, magic=GNU),
    "l_size_leading_nul": long_name(LONG + b"\0", size=b"\x000000000231\0") + file(CUT, TEXT, magic=GNU),
    "device_number_no_number": file(b"odd", b"", b"3", devmajor=b"zzzzzzz\0"),
    "device_number_leading_nul": file(b"odd", b"", b"3", devmajor=b"\x00000001\0", devminor=b"\x00000003\0"),
}
_HIGH: Final = "größe".encode()


def _signed(name: bytes) -> bytes:
    return write_checksum(header(name, len(TEXT)), signed=True) + padded(TEXT)


def _checksum(text: str) -> bytes:
    """A header whose checksum field is written so: ``%`` stands for six octal digits."""
    plain = header(b"odd", len(TEXT))
    digits = plain[148:154].decode()
    field = text.replace("%", digits).replace("&", digits.lstrip("0")).encode()
    return plain[:148] + field.ljust(8, b"\0") + plain[156:] + padded(TEXT)


CHECKSUMS: Final = {
    "checksum_signed": _signed(_HIGH),
    "checksum_leading_nul": _checksum("\0%\0"),
    "checksum_two_leading_nuls": _checksum("\0\0&\0"),
    "checksum_junk_behind": _checksum("%\x007"),
    "checksum_junk_letter": _checksum("%z "),
    "checksum_plus": _checksum("+%\0"),
    "checksum_base256": write_checksum(header(b"odd", len(TEXT)), "base-256") + padded(TEXT),
}
MAGICS: Final = {
    "magic_version_nul": odd(magic=b"ustar\0\0\0", prefix=b"p"),
    "magic_version_blank": odd(magic=b"ustar\0  ", prefix=b"p"),
    "magic_version_junk": odd(magic=b"ustar\0zz", prefix=b"p"),
    "magic_ustar_blank_version": odd(magic=b"ustar 00", prefix=b"p"),
    "magic_gnu_version_zero": odd(magic=b"ustar  0", prefix=b"p"),
    "magic_upper_case": odd(magic=b"USTAR\x0000", prefix=b"p"),
    "magic_none_text": odd(magic=b"abcdefgh", prefix=b"p"),
    "magic_none_on_long_name": long_name(b"odd-name\0", magic=V7) + odd(magic=GNU),
    "magic_xustar": odd(magic=b"xustar\x000", prefix=b"p"),
}
TAILS: Final = {
    "prefix_under_gnu": odd(magic=GNU, prefix=b"p"),
    "prefix_under_v7": odd(magic=V7, prefix=b"p"),
    "owner_names_under_v7": odd(magic=V7, uname=b"root", gname=b"root"),
    "device_under_v7": file(b"odd", b"", b"3", magic=V7, devmajor=b"0000001\0", devminor=b"0000003\0"),
    "gnu_atime_ctime": odd(magic=GNU, prefix=b"14524770132\x0014524770132\0"),
    "gnu_offset": odd(magic=GNU, prefix=bytes(24) + b"00000001000\0"),
    "gnu_sparse_tail": odd(magic=GNU, prefix=bytes(41) + b"00000000000\x0000000000010\0"),
    "gnu_realsize_tail": odd(magic=GNU, prefix=bytes(138) + b"00000001000\0"),
    "star_tail": odd(prefix=b"p".ljust(131, b"\0") + b"14524770132\x0014524770132\0", tail=b"\0" * 8 + b"tar\0"),
    "star_tail_and_long_prefix": odd(prefix=b"p" * 131 + b"14524770132 14524770132 ", tail=b"\0" * 8 + b"tar\0"),
    "bytes_behind_the_prefix": odd(tail=b"hidden"),
}
TYPES: Final = {
    "type_contiguous": file(b"odd", TEXT, b"7"),
    "type_gnu_volume": file(b"odd", b"", b"V", magic=GNU),
    "type_gnu_dumpdir": file(b"odd/", b"Yfile\0\0", b"D", magic=GNU),
    "type_gnu_multivolume": file(b"odd", TEXT, b"M", magic=GNU),
    "type_gnu_long_names": file(b"odd", TEXT, b"N", magic=GNU),
    "type_gnu_sparse": file(b"odd", TEXT, b"S", magic=GNU),
    "type_solaris_x": extended([(b"path", b"other")], b"X") + odd(),
    "type_solaris_acl": file(b"odd", TEXT, b"A"),
    "type_inode": file(b"odd", TEXT, b"I"),
    "type_unknown_letter": file(b"odd", TEXT, b"Z"),
    "type_unknown_digit": file(b"odd", TEXT, b"8"),
    "type_blank": file(b"odd", TEXT, b" "),
    "type_high": file(b"odd", TEXT, b"\xb0"),
    "global_header_comment": extended([(b"comment", b"c")], b"g") + odd(),
    "global_header_path": extended([(b"path", b"other")], b"g") + odd(),
    "global_header_linkpath": extended([(b"linkpath", b"other")], b"g") + file(b"odd", b"", b"2", linkname=b"to"),
    "global_header_size": extended([(b"size", b"0")], b"g") + header(b"odd", 1024) + HIDDEN[:1024],
    "global_header_uid": extended([(b"uid", b"77")], b"g") + odd(),
}
SLASHES: Final = {
    "long_name_header_with_slash": file(b"dir/", b"odd-name\0", b"L", magic=GNU) + odd(magic=GNU),
    "pax_header_with_slash": file(b"dir/", record(b"comment", b"c"), b"x") + odd(),
    "file_with_slash": file(b"odd/", TEXT),
    "file_with_slash_nul_type": file(b"odd/", TEXT, b"\0"),
    "file_with_slash_v7": file(b"odd/", TEXT, b"\0", magic=V7),
    "empty_file_with_slash": file(b"odd/"),
    "file_with_slash_in_pax": with_records((b"path", b"odd/")),
    "file_with_slash_in_long_name": long_name(b"odd/\0") + odd(magic=GNU),
    "raw_slash_and_pax_path": extended([(b"path", b"odd")]) + header(b"odd/", 1024, b"\0") + HIDDEN[:1024],
    "link_with_slash": file(b"odd/", b"", b"2", linkname=b"to"),
    "hard_link_with_slash": file(b"odd/", b"", b"1", linkname=b"first"),
    "device_with_slash": file(b"odd/", b"", b"3"),
    "fifo_with_slash": file(b"odd/", b"", b"6"),
}
SIZES: Final = {
    "symlink_with_size": header(b"odd", 1024, b"2", linkname=b"to") + HIDDEN[:1024],
    "hard_link_with_size": header(b"odd", 1024, b"1", linkname=b"first") + HIDDEN[:1024],
    "directory_with_size": header(b"odd/", 1024, b"5") + HIDDEN[:1024],
    "device_with_size": header(b"odd", 1024, b"3") + HIDDEN[:1024],
    "block_device_with_size": header(b"odd", 1024, b"4") + HIDDEN[:1024],
    "fifo_with_size": header(b"odd", 1024, b"6") + HIDDEN[:1024],
    "directory_with_size_and_no_content": header(b"odd/", 4096, b"5"),
    "hard_link_with_size_and_no_content": header(b"odd", 2, b"1", linkname=b"first"),
    "symlink_with_pax_size": extended([(b"size", b"1024")]) + header(b"odd", 0, b"2", linkname=b"to") + HIDDEN[:1024],
    "directory_with_pax_size": extended([(b"size", b"1024")]) + header(b"odd/", 0, b"5") + HIDDEN[:1024],
    "fifo_with_pax_size_0": extended([(b"size", b"0")]) + header(b"odd", 1024, b"6") + HIDDEN[:1024],
}
FIELDS: Final = {
    "junk_behind_a_prefix_of_130_bytes": odd(prefix=b"p".ljust(130, b"\0") + b"\0" + b"junk"),
    "junk_behind_the_name": file(b"odd\0junk", TEXT),
    "junk_behind_the_link": file(b"odd", b"", b"2", linkname=b"to\0junk"),
    "junk_behind_the_prefix": odd(prefix=b"p\0junk"),
    "junk_behind_the_owner": odd(uname=b"root\0junk"),
    "junk_behind_the_group": odd(gname=b"root\0junk"),
    "junk_behind_the_name_of_x": header(b"PaxHeaders.0/x\0junk", 13, b"x") + padded(record(b"comment", b"c")) + odd(),
}
OWNERS: Final = {
    "owner_root_of_1000": odd(uname=b"root", uid=b"0001750\0"),
    "group_root_of_1000_behind_one_of_0": odd(gname=b"root") + file(b"other", TEXT, gname=b"root", gid=b"0001750\0"),
}
DEVICES: Final = {
    "device_number_on_a_file": odd(devmajor=b"0000010\0", devminor=b"0000001\0"),
}
MODES: Final = {
    "mode_with_file_type": odd(mode=b"0100644\0"),
}
OWNER_DIGITS: Final = {
    "group_name_of_digits": odd(gname=b"0", gid=b"0001750\0"),
    "pax_user_name_of_digits": with_records((b"uname", b"1000")),
}
ONLY_PREFIXES: Final = {
    "name_in_the_prefix_alone": file(b"", b"", b"5", prefix=b"d" * 120),
}
EMPTY_OWNERS: Final = {
    "owner_ids_empty": odd(uid=b"", gid=b""),
    "mtime_empty": odd(mtime=b""),
    "device_number_of_blanks": odd(devmajor=b" " * 8),
    "device_number_of_blanks_and_nul": file(b"odd", b"", b"3", devmajor=b"0000001\0", devminor=b" " * 7 + b"\0"),
    "x_ids_empty": extended([(b"comment", b"c")], uid=b"", gid=b"", mtime=b"") + odd(),
    "pax_uname_empty": extended([(b"uname", b"")]) + odd(uname=b"daemon"),
}
STAR_TIMES: Final = {"times_behind_the_prefix": odd(prefix=b"p".ljust(131, b"\0") + b"14524770132\0" * 2)}
V7_FORMS: Final = {"form_v7": file(b"odd", TEXT, b"\0", magic=V7)}
