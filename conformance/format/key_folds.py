"""Which known key a reader that compares JSON keys without case finds for a key.

Go's encoding/json folds by Unicode simple case folding (U+212A KELVIN SIGN is k, U+017F LONG S is s); json-iterator,
which containers-storage reads a TOC with, compares strings.ToLower (U+0130 is i besides); Python's casefold and the
upper-casing of Java's equalsIgnoreCase fold some more (U+FB06 is st, U+0131 is I).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

_DOTTED: Final = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"


def foldings(key: str) -> Iterator[str]:
    """The lower-case forms that readers compute for this key."""
    if key.isascii():
        yield key.lower()
        return
    dotless = key.replace(_DOTTED, "I")  # Go's lower case of it is one character, Python's two
    yield dotless.lower()
    yield dotless.casefold()
    yield dotless.upper().lower()
    yield dotless.casefold().upper().casefold()


def folded(keys: Iterable[str]) -> Mapping[str, str]:
    """The keys, each under all of its foldings."""
    return {folding: key for key in keys for folding in foldings(key)}


def folded_match(key: str, known: Mapping[str, str]) -> str | None:
    """The known key, other than ``key`` itself, that a reader treats it as; ``known`` is the result of ``folded``."""
    return next((known[folding] for folding in foldings(key) if known.get(folding, key) != key), None)
