"""The headers in a tar-split compared with the entries of a TOC, as a client compares them that pulls by TOC.

Source: docs/format.md section 11.3 (ensureTOCMatchesTarSplit in the reference); TARSPLIT-003, TARSPLIT-004.
"""

from array import array
from collections.abc import Iterable, Iterator

import msgspec

from conformance.format.clean_names import CleanNames
from conformance.format.discrepancy import Discrepancies
from conformance.format.entry_comparison import EntryComparison
from conformance.format.entry_matcher import EntryMatcher
from conformance.format.errors import FormatError
from conformance.format.tarsplit import FileRecord, Record, headers
from conformance.format.toc import Toc


class HeaderAgreement(msgspec.Struct, frozen=True):
    """``problem`` states why the records could not be read to the end; the differences are then those found before.

    ``ranks`` has for each entry of the TOC the number of its header, counted from 0 (EntryMatcher).
    """

    differences: Discrepancies
    file_count: int
    duplicates: tuple[str, ...]
    ranks: "array[int]"
    problem: FormatError | None = None


def compare_headers(toc: Toc, records: Iterable[Record]) -> HeaderAgreement:
    """Compare a whole tar-split with a whole TOC; offsets of differences are -1, because there is no tar."""
    found, names = Discrepancies(), CleanNames()
    matcher, comparison = EntryMatcher(toc.entries, found), EntryComparison(found)
    count = 0
    try:
        for header in headers(_noting(records, names)):
            count += 1
            index = matcher.match(header, -1)
            if index is not None:
                comparison.compare(header, toc.entries[index], -1)
    except FormatError as error:
        return HeaderAgreement(found, count, tuple(names.duplicates), matcher.ranks, error)
    matcher.missing()
    return HeaderAgreement(found, count, tuple(names.duplicates), matcher.ranks)


def _noting(records: Iterable[Record], names: CleanNames) -> Iterator[Record]:
    for record in records:
        if isinstance(record, FileRecord):
            names.add(record.name)
        yield record
