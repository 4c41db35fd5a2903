"""Rules on the names of TOC entries, so that they form one tree below one root. Pure.

Names are compared as they are after lexical cleaning below the root: ``a``, ``./a``, ``/a`` and ``a/`` are equal.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from conformance.format.discrepancy import shown
from conformance.format.toc import Entry
from conformance.format.toc_names import cleaned
from conformance.format.toc_outline import MAX_PROBLEMS, EntryProblem, Outline, Problems, problem


def climbing_names(toc: Outline) -> Problems:
    """Names with a component ``..`` (TOC-018)."""
    entries = toc.entries

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if ".." in entry.name and entry.type != "chunk" and ".." in entry.name.split("/"):
                yield problem(entries, index, "a name without the component ..", shown(entry.name))

    yield from islice(problems(), MAX_PROBLEMS)


def absolute_names(toc: Outline) -> Problems:
    """Names, and targets of hard links, that begin with a slash (TOC-043)."""
    entries = toc.entries
    links = toc.hard_links
    candidates = links if toc.names.plain else range(len(entries))

    def problems() -> Problems:
        for index in candidates:
            entry = entries[index]
            texts = (entry.name, entry.link_name) if entry.type == "hardlink" else (entry.name,)
            yield from (problem(entries, index, "no slash in front", shown(text)) for text in texts if text[:1] == "/")

    yield from islice(problems(), MAX_PROBLEMS)


def names_twice(toc: Outline) -> Problems:
    """Names that are equal after cleaning, and written in two ways (TOC-019; written alike: TOC-005)."""
    entries = toc.entries
    if toc.names.distinct:
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
            if entry.type in ("dir", "chunk"):
                continue
            if (not entry.name.strip("./") or ".." in entry.name) and not cleaned(entry.name):
                yield problem(entries, index, "type dir, for the name is that of the root", f"type {entry.type}")

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_parents(toc: Outline) -> Problems:
    """Entries that are not directories and have entries below them (TAR-035)."""
    entries = toc.entries
    plain, parents = toc.names.plain, toc.names.parents
    if parents is None:
        yield from islice(_wrong_parents_sorted(entries), MAX_PROBLEMS)
        return

    def problems() -> Problems:
        for index, entry in enumerate(entries):
            if entry.type not in ("dir", "chunk") and hash(entry.name if plain else cleaned(entry.name)) in parents:
                yield _wrong_parent(entries, index)

    yield from islice(problems(), MAX_PROBLEMS)


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
