"""The words for each rule of tar headers, and the rules that SEC-001 and SEC-010 are about."""

from typing import Final

import msgspec

from conformance.format.tar_faults import TarRule


class TarWords(msgspec.Struct, frozen=True):
    """The effect of a violated rule, and the remedy for a writer."""

    message: str
    remedy: str


WORDS_OF: Final = {
    TarRule.NUMBER: TarWords(
        "A number field of a tar header is not in its canonical form: readers see different numbers.",
        "write octal digits and a NUL, or base-256 for what octal cannot represent",
    ),
    TarRule.CHECKSUM: TarWords(
        "The checksum of a tar header is not in its canonical form: some readers refuse the header.",
        "write the unsigned sum as six octal digits, NUL, blank",
    ),
    TarRule.MAGIC: TarWords(
        "Magic and version of a tar header have no known form: readers differ on its fields.",
        "write ustar, NUL, 00",
    ),
    TarRule.TAIL: TarWords(
        "A tar header has bytes outside the fields of its form: readers use them as part of the name.",
        "use the form pax for times, and the prefix under ustar only",
    ),
    TarRule.TYPE: TarWords(
        "A tar header has a type that readers interpret differently.",
        "write regular files, links, devices, directories and FIFOs only, without global headers",
    ),
    TarRule.SLASH: TarWords(
        "The name of an entry that is not a directory ends with a slash: readers differ on its type.",
        "write type 5 for a directory, and no slash for other types",
    ),
    TarRule.NO_CONTENT: TarWords(
        "An entry that has no content has a size: readers differ on where the next header is.",
        "write the size 0",
    ),
    TarRule.ORPHAN: TarWords(
        "An extended header has no entry after it: some readers refuse the archive.",
        "remove it",
    ),
    TarRule.REPEATED: TarWords(
        "Two extended headers of one kind precede one entry: readers use different ones.",
        "write one",
    ),
    TarRule.MIXED: TarWords(
        "A PAX record and a GNU header set the same field of one entry: readers use different ones.",
        "write PAX records only",
    ),
    TarRule.SYNTAX: TarWords(
        "A PAX record is malformed: some readers refuse it, others use a part of it.",
        "write the records again",
    ),
    TarRule.DECIMAL: TarWords(
        "A PAX record for a number is not a plain decimal number: readers see different numbers.",
        "write decimal digits",
    ),
    TarRule.EMPTY: TarWords(
        "A PAX record that needs a value is empty: some readers use 0 or the empty text, others the header.",
        "leave the record out",
    ),
    TarRule.KEY_TWICE: TarWords(
        "A PAX extended header has a key twice: readers use different ones.",
        "write each key once",
    ),
    TarRule.SIZES: TarWords(
        "The PAX size differs from that of the header: readers differ on where the content ends.",
        "write the size in the header too",
    ),
    TarRule.NUL: TarWords(
        "A PAX record holds a NUL: readers truncate it, retain it or refuse it.",
        "remove the NUL",
    ),
    TarRule.KEY: TarWords(
        "A PAX key changes the file for some readers and not for others.",
        "write files whole (no sparse form), devices in the header",
    ),
    TarRule.XATTR: TarWords(
        "An extended attribute is present twice and differs: readers set different ones.",
        "write SCHILY.xattr only",
    ),
    TarRule.TEXT: TarWords(
        "A text field of a tar header holds bytes after its text, which no reader sees.",
        "fill text fields with NULs",
    ),
    TarRule.PADDING: TarWords(
        "The padding of an extended header holds bytes that no reader sees.",
        "fill it with NULs",
    ),
    TarRule.LONG_NAME: TarWords(
        "A GNU long name is empty or holds a NUL: readers see different names.",
        "write the name and one NUL",
    ),
    TarRule.LINK_NAME: TarWords(
        "A link name is present on an entry that is not a link, or missing on a link: readers differ on the type.",
        "write a link name for the types 1 and 2 only",
    ),
    TarRule.DEVICE: TarWords(
        "An entry that is not a device has device numbers.",
        "write 0",
    ),
    TarRule.MODE: TarWords(
        "The mode of an entry has bits other than permission bits.",
        "cut the file type off",
    ),
    TarRule.END: TarWords(
        "The archive does not end with two blocks of zeros.",
        "write two blocks of zeros",
    ),
    TarRule.TIME: TarWords(
        "A PAX time is not a decimal number: some readers refuse the archive.",
        "write decimal seconds",
    ),
    TarRule.OWNER: TarWords(
        "The owner root has a number other than 0: readers set different owners.",
        "write no owner names",
    ),
    TarRule.ATTRIBUTE_KEY: TarWords(
        "A PAX key sets an attribute that a TOC cannot represent.",
        "store it as SCHILY.xattr, or leave it out",
    ),
    TarRule.UTF8: TarWords(
        "A PAX name is not UTF-8: readers see different names.",
        "write UTF-8",
    ),
    TarRule.V7: TarWords(
        "A header is of the form v7, which busybox refuses.",
        "use pax or ustar",
    ),
    TarRule.NAME: TarWords(
        "An entry has no name: some readers refuse it.",
        "remove the entry",
    ),
    TarRule.EMPTY_OWNER: TarWords(
        "A field for owner or time is empty.",
        "write 0, or leave the record out",
    ),
    TarRule.STAR_TIMES: TarWords(
        "A ustar header has times after its prefix, which almost no reader sees.",
        "use PAX records for times",
    ),
    TarRule.LEADING_ZERO: TarWords(
        "A PAX number has a leading zero.",
        "write it without",
    ),
    TarRule.BARE_LINK: TarWords(
        "Only a PAX record has the link name: bsdtar reads no link name, and node-tar no entry.",
        "write the beginning of the link name into the header too",
    ),
    TarRule.NEWLINE: TarWords(
        "A PAX name holds a newline: node-tar and Perl do not read the record.",
        "rename the file",
    ),
    TarRule.BOTH_FORMS: TarWords(
        "PAX and GNU extended headers precede one entry: Perl loses the GNU name.",
        "write PAX records only",
    ),
    TarRule.EXTENDED_LINK: TarWords(
        "An extended header has a link name in its own header: node-tar skips it.",
        "leave the link name of extended headers empty",
    ),
    TarRule.OWNER_DIGITS: TarWords(
        "The name of an owner is a number that differs from the owner number: busybox uses the name.",
        "leave out owner names that are numbers",
    ),
    TarRule.ONLY_PREFIX: TarWords(
        "A header has a prefix and an empty name: Perl's Archive::Tar skips the entry.",
        "write a PAX record for the name",
    ),
    TarRule.RECORD_INSIDE: TarWords(
        "The value of a PAX record holds a line that node-tar reads as a record.",
        "remove the attribute, or rename the file",
    ),
}
DIFFERING: Final = (
    TarRule.NUMBER,
    TarRule.CHECKSUM,
    TarRule.MAGIC,
    TarRule.TAIL,
    TarRule.TYPE,
    TarRule.SLASH,
    TarRule.NO_CONTENT,
    TarRule.REPEATED,
    TarRule.MIXED,
    TarRule.SYNTAX,
    TarRule.DECIMAL,
    TarRule.EMPTY,
    TarRule.KEY_TWICE,
    TarRule.SIZES,
    TarRule.NUL,
    TarRule.KEY,
    TarRule.XATTR,
    TarRule.LONG_NAME,
    TarRule.LINK_NAME,
    TarRule.TIME,
    TarRule.OWNER,
    TarRule.UTF8,
    TarRule.NAME,
    TarRule.RECORD_INSIDE,
)
"""The rules without which readers in wide use get different trees (SEC-001)."""
HIDING: Final = (TarRule.ORPHAN, TarRule.TEXT, TarRule.PADDING)
"""The rules without which a header holds bytes that no reader uses (SEC-010)."""
