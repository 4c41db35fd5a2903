"""Rules on the names of TOC entries, so that they form one tree below one root. Pure.

Names are compared as they are after lexical cleaning below the root: ``a``, ``./a``, ``/a`` and ``a/`` are equal.
"""

import posixpath
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Final

from conformance.format.discrepancy import shown
from conformance.format.toc import Entry
from conformance.format.toc_outline import MAX_PROBLEMS, EntryProblem, Outline, Problems, problem

_MAX_CLIMBED: Final = 67_108_864
"""Characters of parents that are looked up one by one; names with more are sorted instead."""


def climbing_names(toc: Outline) -> Problems:
    """Names with a component ``..`` (TOC-018)."""
    entries = toc.entries

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if ".." in entry.name and entry.type != "chunk" and ".." in entry.name.split("/"):
                yield problem(entries, index, "a name without the component ..", shown(entry.name))

    yield from islice(problems(), MAX_PROBLEMS)


def names_twice(toc: Outline) -> Problems:
    """Names that are equal after cleaning, and written in two ways (TOC-019; written alike: TOC-005)."""
    entries = toc.entries
    # Without a name that cleaning changes TOC-005 reports everything.
    if all(is_clean(entry.name) for entry in entries):
        return
    first: dict[int, int] = {}  # by hashes, which are keyed: a million names may take more memory than there is

    def problems() -> Problems:
        for index, entry in _files(entries):
            name = cleaned(entry.name)
            before = first.setdefault(hash(name), index)
            earlier = entries[before].name
            if earlier != entry.name and cleaned(earlier) == name:
                yield problem(entries, index, "a unique name", f"{shown(earlier)} of entries[{before}], cleaned")

    yield from islice(problems(), MAX_PROBLEMS)


def roots_of_other_types(toc: Outline) -> Problems:
    """Entries that name the root and are no directories (TOC-023)."""
    entries = toc.entries

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if entry.type not in ("dir", "chunk") and not is_clean(entry.name) and not cleaned(entry.name):
                yield problem(entries, index, "type dir, for the name is that of the root", f"type {entry.type}")

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_parents(toc: Outline) -> Problems:
    """Entries that are not directories and have entries below them (TAR-035)."""
    entries = toc.entries
    plain = all(is_clean(entry.name) for entry in entries)
    parents = _parents(entries, plain=plain)
    if parents is None:
        yield from islice(_wrong_parents_sorted(entries), MAX_PROBLEMS)
        return

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if entry.type not in ("dir", "chunk") and hash(entry.name if plain else cleaned(entry.name)) in parents:
                yield _wrong_parent(entries, index)

    yield from islice(problems(), MAX_PROBLEMS)


def _parents(entries: Sequence[Entry], *, plain: bool) -> set[int] | None:
    """The hashes of all parents of all entries; None when there are too many to look up."""
    found: set[int] = set()
    last, climbed = "", 0
    for _, entry in _files(entries):
        name = entry.name if plain else cleaned(entry.name)
        parent = name[: max(name.rfind("/"), 0)]
        if parent == last:
            continue  # most entries have the parent of the one before
        last = parent
        while parent and (key := hash(parent)) not in found:
            found.add(key)
            climbed += len(parent)
            parent = parent[: max(parent.rfind("/"), 0)]
        if climbed > _MAX_CLIMBED:
            return None
    return found


def _wrong_parents_sorted(entries: Sequence[Entry]) -> Problems:
    """The same for names so deep that their parents cannot be looked up: sorted, what lies below follows at once."""
    names = sorted((cleaned(entry.name).replace("/", "\0"), index) for index, entry in _files(entries))
    for (name, index), (after, _) in pairwise(names):
        if entries[index].type != "dir" and after.startswith(name + "\0"):
            yield _wrong_parent(entries, index)


def _wrong_parent(entries: Sequence[Entry], index: int) -> EntryProblem:
    return problem(entries, index, "type dir, for other entries lie below it", f"type {entries[index].type}")


def _files(entries: Sequence[Entry]) -> Iterator[tuple[int, Entry]]:
    return ((index, entry) for index, entry in enumerate(entries) if entry.type != "chunk")


def cleaned(name: str) -> str:
    """A name below the root after lexical cleaning, without slashes around it; "" for the root."""
    bare = name[:-1] if name.endswith("/") else name
    return bare if is_clean(bare) else posixpath.normpath("/" + name).lstrip("/")


def is_clean(name: str) -> bool:
    """Whether cleaning changes nothing; of a few names it does not change either this is not seen."""
    return not (not name or name[0] in "./" or name[-1] == "/" or "//" in name or "/." in name)
