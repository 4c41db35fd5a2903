"""TAR: the headers of a data layer's tar in canonical form, so that all readers see one tree (docs/soundness.md)."""

from collections.abc import Iterator
from typing import Final

from conformance.checks.artifact.layers import broken_off, by_whole
from conformance.checks.artifact.tar_words import WORDS_OF
from conformance.format.tar_faults import TarFault, TarRule
from conformance.observed.layer import LayerSeen, LayersSeen, WholeLayer
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, passed

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
        words = WORDS_OF[rule]
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
