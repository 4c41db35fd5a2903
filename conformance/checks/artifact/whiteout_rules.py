"""Rules on the whiteouts of a layer (OCI image-spec v1.1.1 layer.md, "Whiteouts"; TAR-050, TAR-048, TAR-058). Pure.

Readers remove the name of a whiteout when they meet it, when they have read the layer, or by a device of overlayfs:
they agree only where no entry of the layer has that name.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from conformance.format.discrepancy import shown
from conformance.format.names import OPAQUE_WHITEOUT, WHITEOUT
from conformance.format.toc_names import cleaned, cleaned_names
from conformance.format.toc_outline import MAX_PROBLEMS, Outline, Problems, problem

_OF_AUFS: Final = ".wh..wh."
_NO_NAMES: Final = frozenset(("", ".", ".."))


def is_whiteout(name: str) -> bool:
    """Whether readers take an entry of this name for a whiteout, the opaque one included."""
    return _last(name).startswith(WHITEOUT)


def lies_below_a_whiteout(name: str) -> bool:
    """Whether a directory on the path of an entry has the name of a whiteout."""
    return any(part.startswith(WHITEOUT) for part in cleaned(name).split("/")[:-1])


def is_opaque(name: str) -> bool:
    """Whether an entry of this name hides what lower layers have in its directory."""
    return _last(name) == OPAQUE_WHITEOUT


def nameless_whiteouts(toc: Outline) -> Problems:
    """Whiteouts of no name, of the directory that they are in, or of its parent (TAR-050)."""
    wrong = (
        problem(toc.entries, index, "a name after .wh. other than . and ..", shown(toc.entries[index].name))
        for index in toc.whiteouts
        if is_whiteout(toc.entries[index].name) and _last(toc.entries[index].name).removeprefix(WHITEOUT) in _NO_NAMES
    )
    yield from islice(wrong, MAX_PROBLEMS)


def opaque_root(toc: Outline) -> Problems:
    """The whiteout that hides all that lower layers have (TAR-058)."""
    wrong = (
        problem(toc.entries, index, "a whiteout of each name of the root", shown(toc.entries[index].name))
        for index in toc.whiteouts
        if cleaned(toc.entries[index].name) == OPAQUE_WHITEOUT
    )
    yield from islice(wrong, MAX_PROBLEMS)


def contradicted_whiteouts(toc: Outline) -> Problems:
    """Entries at, and whiteouts with entries below, a name that a whiteout of the same layer removes (TAR-048)."""
    # By hashes, which are keyed: a million names may take more memory than there is.
    removed = {hash(name): index for index in toc.whiteouts if (name := removed_name(toc.entries[index].name))}
    if removed:
        yield from islice(_at_and_below(toc, removed), MAX_PROBLEMS)


def removed_name(name: str) -> str:
    """The cleaned name that an entry of this name removes; "" for none."""
    name = cleaned(name)
    last = _last(name)
    gone = last.removeprefix(WHITEOUT)
    if gone == last or last.startswith(_OF_AUFS) or gone in _NO_NAMES:
        return ""
    return name[: len(name) - len(last)] + gone


def _at_and_below(toc: Outline, removed: Mapping[int, int]) -> Problems:
    entries = toc.entries
    for index, name in cleaned_names(entries):
        at = removed.get(hash(name))
        if at is not None and removed_name(entries[at].name) == name:
            found = f"the whiteout {shown(entries[at].name)}"
            yield problem(entries, index, "no entry of a name that a whiteout of the layer removes", found)
    has_below = _below(toc)
    for index in removed.values():
        name = removed_name(entries[index].name)
        if has_below(name):
            yield problem(entries, index, "no entry of the layer below the name that it removes", shown(f"{name}/…"))


def _below(toc: Outline) -> Callable[[str], bool]:
    """Whether any entry lies below a name."""
    parents = toc.names.parents
    if parents is not None:
        return lambda name: hash(name) in parents
    names = sorted(name for _, name in cleaned_names(toc.entries))  # so deep that their parents cannot be looked up

    def found(name: str) -> bool:
        at = bisect_left(names, f"{name}/")
        return at < len(names) and names[at].startswith(f"{name}/")

    return found


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]
