"""TAR: the headers of a data layer's tar in canonical form, so that all readers see one tree (docs/soundness.md)."""

from collections.abc import Iterator
from typing import Final

import msgspec

from conformance.checks.artifact.layers import broken_off, by_whole
from conformance.format.tar_faults import TarFault, TarRule
from conformance.observed.layer import LayerSeen, LayersSeen, WholeLayer
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, passed


class _Words(msgspec.Struct, frozen=True):
    """The effect of a violated rule, and the remedy for a writer."""

    message: str
    remedy: str


_WORDS: Final = {
    TarRule.NUMBER: _Words(
        "A number field of a tar header is not in its canonical form: readers see different numbers.",
        "write octal digits and a NUL, or base-256 for what octal cannot represent",
    ),
    TarRule.CHECKSUM: _Words(
        "The checksum of a tar header is not in its canonical form: some readers refuse the header.",
        "write the unsigned sum as six octal digits, NUL, blank",
    ),
    TarRule.MAGIC: _Words(
        "Magic and version of a tar header have no known form: readers differ on its fields.",
        "write ustar, NUL, 00",
    ),
    TarRule.TAIL: _Words(
        "A tar header has bytes outside the fields of its form: readers use them as part of the name.",
        "use the form pax for times, and the prefix under ustar only",
    ),
    TarRule.TYPE: _Words(
        "A tar header has a type that readers interpret differently.",
        "write regular files, links, devices, directories and FIFOs only, without global headers",
    ),
    TarRule.SLASH: _Words(
        "The name of an entry that is not a directory ends with a slash: readers differ on its type.",
        "write type 5 for a directory, and no slash for other types",
    ),
    TarRule.NO_CONTENT: _Words(
        "An entry that has no content has a size: readers differ on where the next header is.",
        "write the size 0",
    ),
    TarRule.ORPHAN: _Words(
        "An extended header has no entry after it: some readers refuse the archive.",
        "remove it",
    ),
    TarRule.REPEATED: _Words(
        "Two extended headers of one kind precede one entry: readers use different ones.",
        "write one",
    ),
    TarRule.MIXED: _Words(
        "A PAX record and a GNU header set the same field of one entry: readers use different ones.",
        "write PAX records only",
    ),
    TarRule.SYNTAX: _Words(
        "A PAX record is malformed: some readers refuse it, others use a part of it.",
        "write the records again",
    ),
    TarRule.DECIMAL: _Words(
        "A PAX record for a number is not a plain decimal number: readers see different numbers.",
        "write decimal digits",
    ),
    TarRule.EMPTY: _Words(
        "A PAX record that needs a value is empty: some readers use 0 or the empty text, others the header.",
        "leave the record out",
    ),
    TarRule.KEY_TWICE: _Words(
        "A PAX extended header has a key twice: readers use different ones.",
        "write each key once",
    ),
    TarRule.SIZES: _Words(
        "The PAX size differs from that of the header: readers differ on where the content ends.",
        "write the size in the header too",
    ),
    TarRule.NUL: _Words(
        "A PAX record holds a NUL: readers truncate it, retain it or refuse it.",
        "remove the NUL",
    ),
    TarRule.KEY: _Words(
        "A PAX key changes the file for some readers and not for others.",
        "write files whole (no sparse form), devices in the header",
    ),
    TarRule.XATTR: _Words(
        "An extended attribute is present twice and differs: readers set different ones.",
        "write SCHILY.xattr only",
    ),
    TarRule.TEXT: _Words(
        "A text field of a tar header holds bytes after its text, which no reader sees.",
        "fill text fields with NULs",
    ),
    TarRule.PADDING: _Words(
        "The padding of an extended header holds bytes that no reader sees.",
        "fill it with NULs",
    ),
    TarRule.LONG_NAME: _Words(
        "A GNU long name is empty or holds a NUL: readers see different names.",
        "write the name and one NUL",
    ),
    TarRule.LINK_NAME: _Words(
        "A link name is present on an entry that is not a link, or missing on a link: readers differ on the type.",
        "write a link name for the types 1 and 2 only",
    ),
    TarRule.DEVICE: _Words(
        "An entry that is not a device has device numbers.",
        "write 0",
    ),
    TarRule.MODE: _Words(
        "The mode of an entry has bits other than permission bits.",
        "cut the file type off",
    ),
    TarRule.END: _Words(
        "The archive does not end with two blocks of zeros.",
        "write two blocks of zeros",
    ),
    TarRule.TIME: _Words(
        "A PAX time is not a decimal number: some readers refuse the archive.",
        "write decimal seconds",
    ),
    TarRule.OWNER: _Words(
        "The owner root has a number other than 0: readers set different owners.",
        "write no owner names",
    ),
    TarRule.ATTRIBUTE_KEY: _Words(
        "A PAX key sets an attribute that a TOC cannot represent.",
        "store it as SCHILY.xattr, or leave it out",
    ),
    TarRule.UTF8: _Words(
        "A PAX name is not UTF-8: readers see different names.",
        "write UTF-8",
    ),
    TarRule.V7: _Words(
        "A header is of the form v7, which busybox refuses.",
        "use pax or ustar",
    ),
    TarRule.NAME: _Words(
        "An entry has no name: some readers refuse it.",
        "remove the entry",
    ),
    TarRule.EMPTY_OWNER: _Words(
        "A field for owner or time is empty.",
        "write 0, or leave the record out",
    ),
    TarRule.STAR_TIMES: _Words(
        "A ustar header has times after its prefix, which almost no reader sees.",
        "use PAX records for times",
    ),
    TarRule.LEADING_ZERO: _Words(
        "A PAX number has a leading zero.",
        "write it without",
    ),
    TarRule.BARE_LINK: _Words(
        "Only a PAX record has the link name: bsdtar reads no link name, and node-tar no entry.",
        "write the beginning of the link name into the header too",
    ),
    TarRule.NEWLINE: _Words(
        "A PAX name holds a newline: node-tar and Perl do not read the record.",
        "rename the file",
    ),
    TarRule.BOTH_FORMS: _Words(
        "PAX and GNU extended headers precede one entry: Perl loses the GNU name.",
        "write PAX records only",
    ),
    TarRule.EXTENDED_LINK: _Words(
        "An extended header has a link name in its own header: node-tar skips it.",
        "leave the link name of extended headers empty",
    ),
    TarRule.OWNER_DIGITS: _Words(
        "The name of an owner is a number that differs from the owner number: busybox uses the name.",
        "leave out owner names that are numbers",
    ),
    TarRule.ONLY_PREFIX: _Words(
        "A header has a prefix and an empty name: Perl's Archive::Tar skips the entry.",
        "write a PAX record for the name",
    ),
    TarRule.RECORD_INSIDE: _Words(
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


_AT_THE_END: Final = (TarRule.ORPHAN, TarRule.END)


def faults_of(whole: WholeLayer, rule: TarRule) -> tuple[int, tuple[TarFault, ...]]:
    """How many faults of a rule there are, and those that were kept.

    Where the frames end early the tar has no end, and no verdict on it.
    """
    if whole.problem is not None and rule in _AT_THE_END:
        return 0, ()
    faults = whole.examined.tar_faults
    return faults.count(rule), tuple(faults.of((rule,)))


def where(layer: LayerSeen, fault: TarFault) -> str:
    """The position of a fault as text."""
    name = f", {fault.name}" if fault.name else ""
    return f"{layer.name}{name}: {fault.what}, tar byte {fault.offset}"


def _by_rule(seen: LayersSeen, rule: TarRule) -> Iterator[Judgement]:
    """A finding for each retained fault; a tar that could not be read to its end does not pass."""

    def one(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
        words = _WORDS[rule]
        count, kept = faults_of(whole, rule)
        for fault in kept:
            yield failed(
                words.message,
                where=where(layer, fault),
                expected=f"{fault.expected} (to do: {words.remedy})",
                found=fault.found,
            )
        if count > len(kept):
            yield informed(f"{count} in all; the first {len(kept)} are shown", where=layer.name)
        if not whole.is_complete:
            yield broken_off(layer)
        elif not count:
            yield passed(layer.name, found=f"{whole.examined.members} entries")

    return by_whole(seen, one)


@decides("TAR-001")
def number_fields(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.NUMBER)


@decides("TAR-002")
def checksum(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.CHECKSUM)


@decides("TAR-003")
def magic(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.MAGIC)


@decides("TAR-004")
def tail(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.TAIL)


@decides("TAR-005")
def type_flag(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.TYPE)


@decides("TAR-006")
def slash(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.SLASH)


@decides("TAR-007")
def no_content(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.NO_CONTENT)


@decides("TAR-008")
def orphan(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.ORPHAN)


@decides("TAR-009")
def repeated(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.REPEATED)


@decides("TAR-010")
def mixed(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.MIXED)


@decides("TAR-011")
def record_syntax(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.SYNTAX)


@decides("TAR-012")
def record_numbers(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.DECIMAL)


@decides("TAR-013")
def empty_records(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.EMPTY)


@decides("TAR-014")
def keys_twice(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.KEY_TWICE)


@decides("TAR-015")
def sizes(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.SIZES)


@decides("TAR-016")
def nul(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.NUL)


@decides("TAR-017")
def keys(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.KEY)


@decides("TAR-018")
def xattrs(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.XATTR)


@decides("TAR-019")
def text_fields(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.TEXT)


@decides("TAR-020")
def padding(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.PADDING)


@decides("TAR-021")
def long_names(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.LONG_NAME)


@decides("TAR-022")
def link_names(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.LINK_NAME)


@decides("TAR-023")
def device_numbers(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.DEVICE)


@decides("TAR-024")
def mode(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.MODE)


@decides("TAR-025")
def end(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.END)


@decides("TAR-026")
def times(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.TIME)


@decides("TAR-027")
def owners(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.OWNER)


@decides("TAR-028")
def attribute_keys(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.ATTRIBUTE_KEY)


@decides("TAR-029")
def utf8(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.UTF8)


@decides("TAR-030")
def v7(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.V7)


@decides("TAR-031")
def names(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.NAME)


@decides("TAR-032")
def empty_owners(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.EMPTY_OWNER)


@decides("TAR-033")
def star_times(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.STAR_TIMES)


@decides("TAR-034")
def leading_zeros(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.LEADING_ZERO)


@decides("TAR-040")
def link_names_in_headers(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.BARE_LINK)


@decides("TAR-041")
def newlines(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.NEWLINE)


@decides("TAR-042")
def one_form(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.BOTH_FORMS)


@decides("TAR-043")
def records_inside(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.RECORD_INSIDE)


@decides("TAR-044")
def links_of_extended_headers(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.EXTENDED_LINK)


@decides("TAR-045")
def owners_of_digits(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.OWNER_DIGITS)


@decides("TAR-046")
def names_behind_prefixes(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, TarRule.ONLY_PREFIX)
