"""Rules on the whiteouts of a layer (OCI image-spec v1.1.1 layer.md, "Whiteouts"; TAR-050, TAR-048). Pure.

Readers remove the name of a whiteout when they meet it, when they have read the layer, or by a device of overlayfs:
they agree only where no entry of the layer has that name.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from conformance.format.discrepancy import shown
from conformance.format.toc import Entry
from conformance.format.toc_names import cleaned
from conformance.format.toc_outline import MAX_PROBLEMS, Outline, Problems, problem

WHITEOUT: Final = ".wh."
_OF_AUFS: Final = ".wh..wh."
_NO_NAMES: Final = frozenset(("", ".", ".."))


def is_whiteout(name: str) -> bool:
    """Whether readers take an entry of this name for a whiteout, the opaque one included."""
    return _last(name).startswith(WHITEOUT)


def nameless_whiteouts(toc: Outline) -> Problems:
    """Whiteouts of no name, of the directory that they are in, or of its parent (TAR-050)."""
    wrong = (
        problem(toc.entries, index, "a name after .wh. other than . and ..", shown(toc.entries[index].name))
        for index in toc.whiteouts
        if is_whiteout(toc.entries[index].name) and _last(toc.entries[index].name).removeprefix(WHITEOUT) in _NO_NAMES
    )
    yield from islice(wrong, MAX_PROBLEMS)


def contradicted_whiteouts(toc: Outline) -> Problems:
    """Entries at, and whiteouts with entries below, a name that a whiteout of the same layer removes (TAR-048)."""
    removed = _removed(toc)
    if removed:
        yield from islice(_at_and_below(toc, removed), MAX_PROBLEMS)


def _removed(toc: Outline) -> Mapping[str, int]:
    """The cleaned names that whiteouts remove, each with the index of its whiteout."""
    removed: dict[str, int] = {}
    for index in toc.whiteouts:
        name = cleaned(toc.entries[index].name)
        folder, last = name[: name.rfind("/") + 1], _last(name)
        gone = last.removeprefix(WHITEOUT)
        if is_whiteout(name) and not last.startswith(_OF_AUFS) and gone not in _NO_NAMES:
            removed[folder + gone] = index
    return removed


def _at_and_below(toc: Outline, removed: Mapping[str, int]) -> Problems:
    entries = toc.entries
    for index, name in _names(toc):
        at = removed.get(name)
        if at is not None:
            yield problem(entries, index, "no entry of a name that a whiteout of the layer removes", _whiteout(toc, at))
    for name, index in removed.items():
        if _has_below(toc, name):
            yield problem(entries, index, "no entry of the layer below the name that it removes", shown(f"{name}/…"))


def _has_below(toc: Outline, name: str) -> bool:
    parents = toc.names.parents
    if parents is not None:
        return hash(name) in parents
    names = sorted(cleaned for _, cleaned in _names(toc))  # names so deep that their parents cannot be looked up
    at = bisect_left(names, name + "/")
    return at < len(names) and names[at].startswith(name + "/")


def _names(toc: Outline) -> Iterator[tuple[int, str]]:
    return ((index, cleaned(entry.name)) for index, entry in enumerate(toc.entries) if _is_own(entry))


def _is_own(entry: Entry) -> bool:
    return entry.type != "chunk"


def _whiteout(toc: Outline, index: int) -> str:
    return f"the whiteout {shown(toc.entries[index].name)}"


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]
