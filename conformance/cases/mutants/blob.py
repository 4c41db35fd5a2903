"""Sentinel blobs one edit away from the canonical one, each with exactly the requirements that it violates.

An edited blob does not have the known content, so nearly all imply SENT-BLOB-010.
"""

import gzip
import io
import struct
import zipfile

from conformance.format.sentinel import MESSAGE, MESSAGE_OFFSET, canonical_sentinel
from conformance.format.tarheader import BLOCK, TYPE, write_checksum
from conformance.requirements import mutant


def _edit(offset: int, content: bytes) -> bytes:
    blob = canonical_sentinel()
    return blob[:offset] + content + blob[offset + len(content) :]


def _empty_file_header() -> bytes:
    """A valid ustar header of an empty file named "evil"."""
    block = bytearray(BLOCK)
    fields = ((0, b"evil"), (100, b"0000644\0"), (108, b"0000000\0"), (116, b"0000000\0"), (124, b"00000000000\0"))
    for offset, content in (*fields, (136, b"00000000000\0"), (TYPE, b"0"), (257, b"ustar\x0000")):
        block[offset : offset + len(content)] = content
    return write_checksum(bytes(block))


@mutant("SENT-BLOB-001", implies=("SENT-BLOB-010",))
def typed_as_directory() -> bytes:
    """Archive::Tar verifies no checksum of what is not a regular file."""
    return _edit(TYPE, b"5")


@mutant("SENT-BLOB-001", implies=("SENT-BLOB-010",))
def typed_as_volume_label() -> bytes:
    return _edit(TYPE, b"V")


@mutant("SENT-BLOB-001", implies=("SENT-BLOB-010",))
def named_as_directory() -> bytes:
    """To Archive::Tar a name with a slash at its end is a directory whatever the type."""
    return _edit(0, b"a/\0")


@mutant("SENT-BLOB-001", implies=("SENT-BLOB-010",))
def followed_by_unaligned_header() -> bytes:
    """cpio and 7z search for a header at every byte."""
    return canonical_sentinel() + b"-" + _empty_file_header()


@mutant("SENT-BLOB-002", implies=("SENT-BLOB-003", "SENT-BLOB-010"))
def blanks_for_zeros() -> bytes:
    return canonical_sentinel().replace(b"\0", b" ")


@mutant("SENT-BLOB-003", implies=("SENT-BLOB-010",))
def zero_comes_late() -> bytes:
    return _edit(0, b"-")


@mutant("SENT-BLOB-004", implies=("SENT-BLOB-010",))
def one_byte_short() -> bytes:
    return canonical_sentinel()[:-1]


@mutant("SENT-BLOB-004", implies=("SENT-BLOB-002", "SENT-BLOB-003", "SENT-BLOB-009", "SENT-BLOB-010", "SENT-BLOB-013"))
def first_draft() -> bytes:
    """What the first version of PR 681 wrote."""
    return b"zstd:chunked"


@mutant("SENT-BLOB-005", implies=("SENT-BLOB-001", "SENT-BLOB-010"))
def right_checksum() -> bytes:
    return write_checksum(canonical_sentinel())


@mutant("SENT-BLOB-005", implies=("SENT-BLOB-001", "SENT-BLOB-010"))
def right_checksum_after_nul() -> bytes:
    return write_checksum(canonical_sentinel(), "octal after NUL")


@mutant("SENT-BLOB-005", implies=("SENT-BLOB-001", "SENT-BLOB-010"))
def right_checksum_in_base_256() -> bytes:
    return write_checksum(canonical_sentinel(), "base-256")


@mutant("SENT-BLOB-005", implies=("SENT-BLOB-001", "SENT-BLOB-010"))
def right_signed_checksum() -> bytes:
    return write_checksum(_edit(500, b"\xc3\xa9"), signed=True)


@mutant("SENT-BLOB-006", implies=("SENT-BLOB-010",))
def posix_magic() -> bytes:
    return _edit(257, b"ustar\0")


@mutant("SENT-BLOB-006", implies=("SENT-BLOB-010",))
def gnu_magic() -> bytes:
    return _edit(257, b"ustar ")


@mutant("SENT-BLOB-006", implies=("SENT-BLOB-010",))
def v7_magic() -> bytes:
    return _edit(257, bytes(6))


@mutant("SENT-BLOB-006", implies=("SENT-BLOB-010",))
def star_tail() -> bytes:
    return _edit(508, b"tar\0")


@mutant(
    "SENT-BLOB-007",
    implies=(
        "SENT-BLOB-001",
        "SENT-BLOB-002",
        "SENT-BLOB-003",
        "SENT-BLOB-004",
        "SENT-BLOB-009",
        "SENT-BLOB-010",
        "SENT-BLOB-013",
    ),
)
def empty() -> bytes:
    return b""


@mutant("SENT-BLOB-007", implies=("SENT-BLOB-001", "SENT-BLOB-006", "SENT-BLOB-009", "SENT-BLOB-010", "SENT-BLOB-013"))
def all_zeros() -> bytes:
    return bytes(BLOCK)


@mutant("SENT-BLOB-007", implies=("SENT-BLOB-001", "SENT-BLOB-010"))
def no_name_and_no_prefix() -> bytes:
    return _edit(345, b"\0")


@mutant("SENT-BLOB-007", implies=("SENT-BLOB-010",))
def ended_by_zero_block() -> bytes:
    return canonical_sentinel() + bytes(BLOCK)


@mutant("SENT-BLOB-008", implies=("SENT-BLOB-001", "SENT-BLOB-010"))
def followed_by_header() -> bytes:
    return canonical_sentinel() + _empty_file_header()


@mutant("SENT-BLOB-008", implies=("SENT-BLOB-001", "SENT-BLOB-010"))
def header_two_blocks_later() -> bytes:
    return 2 * canonical_sentinel() + _empty_file_header()


@mutant("SENT-BLOB-009", implies=("SENT-BLOB-010", "SENT-BLOB-013"))
def says_nothing() -> bytes:
    return _edit(MESSAGE_OFFSET, b"." * len(MESSAGE))


@mutant("SENT-BLOB-010")
def other_address() -> bytes:
    return canonical_sentinel().replace(b"github.com", b"github.org")


@mutant("SENT-BLOB-011", implies=("SENT-BLOB-006", "SENT-BLOB-010"))
def in_a_gzip_stream() -> bytes:
    """Stored without compression, so the text stays; moved by 15 bytes, so that NULs are at the position of the
    magic.
    """
    packed = gzip.compress(canonical_sentinel(), compresslevel=0, mtime=0)
    # Python 3.13 states another operating system (RFC 1952 section 2.3.1) than Python 3.11: here it is unknown.
    return packed[:9] + b"\xff" + packed[10:]


@mutant("SENT-BLOB-011", implies=("SENT-BLOB-010",))
def begins_as_zstd() -> bytes:
    return _edit(0, b"\x28\xb5\x2f\xfd\0")


@mutant("SENT-BLOB-011", implies=("SENT-BLOB-010",))
def begins_as_zstd_skippable_frame() -> bytes:
    return _edit(0, b"\x50\x2a\x4d\x18\0")


@mutant("SENT-BLOB-011", implies=("SENT-BLOB-010",))
def begins_as_xz() -> bytes:
    return _edit(0, b"\xfd7zXZ\0")


@mutant("SENT-BLOB-011", implies=("SENT-BLOB-010",))
def begins_as_bzip2() -> bytes:
    return _edit(0, b"BZh9\0")


@mutant("SENT-BLOB-012", implies=("SENT-BLOB-010",))
def too_large() -> bytes:
    return canonical_sentinel() + b"-" * 4096


@mutant("SENT-BLOB-013", implies=("SENT-BLOB-010",))
def links_to_nothing() -> bytes:
    return canonical_sentinel().replace(b"https://", b"nowhere.")


@mutant("SENT-BLOB-011", implies=("SENT-BLOB-010",))
def lz4_magic() -> bytes:
    return _edit(0, b"\x04\x22\x4d\x18\0")


@mutant("SENT-BLOB-014", implies=("SENT-BLOB-010",))
def zip_behind() -> bytes:
    """bsdtar and 7-Zip list etc/evil."""
    whole = io.BytesIO(canonical_sentinel())
    whole.seek(0, io.SEEK_END)
    with zipfile.ZipFile(whole, "a") as archive:
        archive.writestr(zipfile.ZipInfo("etc/evil"), "evil")
    return whole.getvalue()


@mutant("SENT-BLOB-014", implies=("SENT-BLOB-003", "SENT-BLOB-010"))
def member_of_an_ar_archive() -> bytes:
    """bsdtar lists one file, whose content is the message."""
    content = MESSAGE + b"\0" + b"." * 400
    return b"!<arch>\n" + b"evil/".ljust(48) + str(len(content)).encode().ljust(10) + b"`\n" + content


@mutant("SENT-BLOB-014", implies=("SENT-BLOB-003", "SENT-BLOB-010"))
def list_of_files_by_mtree() -> bytes:
    """bsdtar lists etc/evil; the panel of readers finds it only where bsdtar is installed."""
    return b"#mtree\n./etc/evil type=file mode=4755\n#\0".ljust(512, b".") + canonical_sentinel()


@mutant("SENT-BLOB-014", implies=("SENT-BLOB-010",))
def member_of_an_lha_archive() -> bytes:
    """bsdtar and 7-Zip list one file, whose content is the message."""
    content = MESSAGE + b"\0" + b"." * 400
    length = len(content).to_bytes(4, "little")
    header = b"-lh0-" + length * 2 + bytes(4) + b"\x20\0" + b"\4evil" + bytes(2)
    return bytes((len(header), sum(header) % 256)) + header + content


@mutant("SENT-BLOB-014", implies=("SENT-BLOB-003", "SENT-BLOB-010"))
def list_of_files_without_a_signature() -> bytes:
    """bsdtar recognises an mtree by three entries, and lists three files with the set-user-ID bit."""
    entries = b"/set type=file mode=4755\n./bin/a\n./bin/b\n./bin/c\n"
    return entries + (b"#" + MESSAGE.replace(b"\n", b" ") + b"\0").ljust(512, b".")


@mutant("SENT-BLOB-014", implies=("SENT-BLOB-010",))
def program_with_a_cabinet_behind() -> bytes:
    """A cabinet that unpacks itself: bsdtar and 7-Zip list one file, whose content is the message."""
    content, name = MESSAGE + b"\0" + b"." * 300, b"evil\0"
    file = struct.pack("<IIHHHH", len(content), 0, 0, 0x5000, 0, 0x20) + name
    data = struct.pack("<IHH", 0, len(content), len(content)) + content
    first_file = 44
    size = first_file + len(file) + len(data)
    header = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, size, 0, first_file, 0, 3, 1, 1, 1, 0, 0, 0)
    folder = struct.pack("<IHH", first_file + len(file), 1, 0)
    return b"MZ\0" + b"." * 125 + header + folder + file + data


@mutant("SENT-BLOB-014", implies=("SENT-BLOB-010",))
def cpio_magic() -> bytes:
    return _edit(0, b"070701\0")
