"""A TOC as the reference client reads it: the second reading that ambiguous keys hide (docs/format.md 1; TOC-002).

containers-storage (storage/pkg/chunked/cache_linux.go, unmarshalToc) compares keys without case, uses the last of
duplicates, skips unknown ones, and treats an empty key as the end of the object.
"""

import json
from itertools import zip_longest
from typing import Any, Final

import msgspec

from conformance.format.discrepancy import shown
from conformance.format.errors import FormatError
from conformance.format.toc import Entry, Toc

MAX_LENIENT: Final = 8 * 2**20
"""Bytes; larger documents are not read a second time: Python's own JSON needs much more memory."""

_KEYS: Final = {key.casefold(): key for key in (*Entry.__struct_encode_fields__, *Toc.__struct_encode_fields__)}


def read_as_containers_storage(document: bytes) -> Toc:
    """The TOC that the reference client reads; raise FormatError if it refuses the document, or the document is too
    large.
    """
    if len(document) > MAX_LENIENT:
        raise FormatError(f"a TOC of {len(document)} bytes is not read a second time")
    try:
        return msgspec.convert(json.loads(document, object_pairs_hook=_pairs), Toc, strict=False)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"containers-storage cannot read the TOC: {str(error)[:200]}") from None


def first_difference(strict: Toc, lenient: Toc) -> str:
    """The differences of the second reading, as text; "" if there is none."""
    if strict.tar_split_digest != lenient.tar_split_digest:
        return f"tarSplitDigest {lenient.tar_split_digest or 'absent'} instead of {strict.tar_split_digest or 'absent'}"
    for index, (ours, theirs) in enumerate(zip_longest(strict.entries, lenient.entries)):
        if ours == theirs:
            continue
        if ours is None or theirs is None:
            return f"{len(lenient.entries)} entries instead of {len(strict.entries)}"
        for field, key in zip(Entry.__struct_fields__, Entry.__struct_encode_fields__, strict=True):
            mine, other = getattr(ours, field), getattr(theirs, field)
            if mine != other:
                return f"entries[{index}].{key} {shown(str(other))} instead of {shown(str(mine))}"
    return ""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if not key:
            break
        found[_KEYS.get(key.casefold(), key)] = value
    return found
