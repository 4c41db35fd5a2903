"""The names of TOC entries after lexical cleaning below the root: ``a``, ``./a``, ``/a`` and ``a/`` are equal.

One pass over all entries finds what the rules on names need. It holds hashes, which are keyed, and not names: a million
names may take more memory than there is. Pure.
"""

import posixpath
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from conformance.format.toc import Entry

_MAX_CLIMBED: Final = 67_108_864
"""Characters of parents that are looked up one by one; names with more are sorted instead."""


class Names(msgspec.Struct, frozen=True):
    """The names of all entries other than chunks.

    ``distinct``: no two are equal after cleaning. ``plain``: cleaning changes no name but those that end with a slash
    after a directory. ``parents`` are the hashes of all parents; None where they are too many to look up. ``implied``
    are those of parents that have no entry of their own.
    """

    distinct: bool
    plain: bool
    parents: set[int] | None
    implied: set[int] = set()


def names_of(entries: Sequence[Entry]) -> Names:
    """The one pass over all names."""
    hashes: set[int] = set()
    parents: set[int] | None = set()
    last, count, climbed, plain = "", 0, 0, True
    add = hashes.add
    for entry in entries:
        if entry.type == "chunk":
            continue
        count += 1
        name = entry.name
        if name[-1:] == "/":
            name = name[:-1]
            plain = plain and entry.type == "dir"
        if "/." in name or "//" in name or name[:1] in "./" or name[-1] == "/":  # not is_clean: a call costs more
            name, plain = cleaned(name), False
        add(hash(name))
        parent = name[: max(name.rfind("/"), 0)]
        if parent == last or parents is None:
            continue  # most entries have the parent of the one before
        last = parent
        while parent and (key := hash(parent)) not in parents:
            parents.add(key)
            climbed += len(parent)
            parent = parent[: max(parent.rfind("/"), 0)]
        if climbed > _MAX_CLIMBED:
            parents = None
    return Names(len(hashes) == count, plain, parents, parents - hashes if parents else set())


def cleaned_names(entries: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """The places and cleaned names of all entries other than chunks."""
    return ((index, cleaned(entry.name)) for index, entry in enumerate(entries) if entry.type != "chunk")


def cleaned(name: str) -> str:
    """A name below the root after lexical cleaning, without slashes around it; "" for the root."""
    bare = name[:-1] if name.endswith("/") else name
    return bare if is_clean(bare) else posixpath.normpath("/" + name).lstrip("/")


def is_clean(name: str) -> bool:
    """Whether cleaning changes nothing; for a few names that it does not change the result is False too."""
    return not (not name or name[0] in "./" or name[-1] == "/" or "//" in name or "/." in name)
