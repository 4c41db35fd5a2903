"""What a layer states of names that only layers below it have (TAR-056, TAR-057, TAR-059). Pure.

Names are compared as they are after lexical cleaning below the root, by hashes, which are keyed: a million names may
take more memory than there is. A layer of which no outline is known ends a search: nothing is decided then.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, islice
from typing import Final

import msgspec

from conformance.checks.artifact.whiteout_rules import is_opaque, removed_name
from conformance.format.discrepancy import shown
from conformance.format.toc_names import cleaned, cleaned_names
from conformance.format.toc_outline import MAX_PROBLEMS, EntryProblem, Outline, Problems, problem

MAX_CHARACTERS: Final = 2_000_000
"""Characters of the names of one layer, and of all directories above them, that are looked up in the layers below."""
MAX_COMPARED: Final = 10_000_000
"""Entries of lower layers that are compared for one image, a few seconds."""

_PASSABLE: Final = ("dir", "symlink")

Wanted = dict[int, str]


class StackProblem(msgspec.Struct, frozen=True):
    """A problem of an entry of the layer ``upper`` of a stack."""

    upper: int
    problem: EntryProblem


Stack = Sequence[Outline | None]
"""The data layers of an image from the lowest on."""


class Budget:
    """What may still be looked up of one image; ``is_spent``: something was left out."""

    def __init__(self) -> None:
        self._entries = MAX_COMPARED
        self.is_spent = False

    def compare(self, toc: Outline) -> bool:
        """Whether the entries of a layer may be compared again."""
        self._entries -= len(toc.entries)
        self.is_spent = self.is_spent or self._entries < 0
        return self._entries >= 0

    def kept(self, wanted: Wanted) -> Wanted:
        """The first names within MAX_CHARACTERS."""
        costs = accumulate(len(name) * (name.count("/") + 1) for name in wanted.values())
        kept = {key: name for (key, name), cost in zip(wanted.items(), costs, strict=True) if cost <= MAX_CHARACTERS}
        self.is_spent = self.is_spent or len(kept) < len(wanted)
        return kept


def stands_alone(toc: Outline) -> bool:
    """Whether nothing in a layer depends on the layers below it."""
    return not toc.names.implied and not _outer_targets(toc)


def entries_below_others(stack: Stack, budget: Budget) -> Iterator[StackProblem]:
    """Entries below a name that the layer does not have, and that is no directory in a lower layer (TAR-056)."""
    for upper, toc in enumerate(stack):
        if not upper or toc is None or not (wanted := _implied(toc)):
            continue
        hits, _ = _looked_up(stack, upper, budget.kept(wanted), budget)
        wrong = {key: at for key, at in hits.items() if _type(stack, at) != "dir"}
        for key, at in islice(wrong.items(), MAX_PROBLEMS):
            index = next(i for i, name in cleaned_names(toc.entries) if name.startswith(f"{wanted[key]}/"))
            found = f"the {_type(stack, at)} {shown(wanted[key])} of a lower layer"
            yield StackProblem(upper, problem(toc.entries, index, "directories only on its path", found))


def links_to_nothing(stack: Stack, budget: Budget) -> Iterator[StackProblem]:
    """Hard links whose target is in no layer, is a directory of a lower one, or is hidden by their own (TAR-057)."""
    for upper, toc in enumerate(stack):
        if not upper or toc is None or not (targets := _outer_targets(toc)):
            continue
        names = budget.kept({key: name for key, (name, _) in targets.items()})
        wrong = _out_of_reach(toc, names)
        hits, missing = _looked_up(stack, upper, names, budget)
        wrong |= {
            key: f"the directory {shown(targets[key][0])}" for key, at in hits.items() if _type(stack, at) == "dir"
        }
        wrong |= {key: f"{shown(targets[key][0])}, which no layer has" for key in missing}
        for key, found in islice(wrong.items(), MAX_PROBLEMS):
            yield StackProblem(upper, problem(toc.entries, targets[key][1], "a file of a lower layer", found))


def outer_links(toc: Outline) -> Problems:
    """Hard links whose target is no entry of their own layer, and is not reached through a link of it (TAR-059)."""
    targets = _outer_targets(toc)
    if not targets:
        return
    links = {hash(name) for index, name in cleaned_names(toc.entries) if toc.entries[index].type == "symlink"}
    names = {key: name for key, (name, _) in targets.items()}
    if links:
        kept = Budget().kept(names)
        names = {key: name for key, name in kept.items() if links.isdisjoint(map(hash, _parents(name)))}
    outer = (targets[key][1] for key in names)
    for index in islice(outer, MAX_PROBLEMS):
        yield problem(toc.entries, index, "a target in the layer of the link", shown(toc.entries[index].link_name))


def _out_of_reach(toc: Outline, wanted: Wanted) -> dict[int, str]:
    """The names that a whiteout of the layer removes, and those below an entry of it that is no directory or link."""
    removed, opaque = _hidden(toc)
    hidden = removed | opaque
    files = {hash(name) for index, name in cleaned_names(toc.entries) if toc.entries[index].type not in _PASSABLE}
    found: dict[int, str] = {}
    for key, name in wanted.items():
        above = {hash(parent) for parent in _parents(name)}
        if key in removed or hash("") in opaque or not above.isdisjoint(hidden):
            found[key] = f"{shown(name)}, which a whiteout of the same layer removes"
        elif not above.isdisjoint(files):
            found[key] = f"{shown(name)}, below an entry of the same layer that is no directory"
    return found


def _implied(toc: Outline) -> Wanted:
    """The parents of entries of a layer that are no entries of it."""
    implied = toc.names.implied
    if not implied:
        return {}
    above = (parent for _, name in cleaned_names(toc.entries) for parent in _parents(name))
    return {key: parent for parent in above if (key := hash(parent)) in implied}


def _outer_targets(toc: Outline) -> dict[int, tuple[str, int]]:
    """The targets of hard links that are no entries of the layer, and one link to each."""
    if not toc.hard_links:
        return {}
    targets = {hash(name): (name, index) for index in toc.hard_links if (name := cleaned(toc.entries[index].link_name))}
    for _, name in cleaned_names(toc.entries):
        if not targets:
            break
        targets.pop(hash(name), None)
    return targets


def _looked_up(stack: Stack, upper: int, wanted: Wanted, budget: Budget) -> tuple[dict[int, tuple[int, int]], set[int]]:
    """The first entry of each name in the layers below, and the names that no layer has.

    A name that a whiteout hides, or a link on the way, is in neither.
    """
    hits: dict[int, tuple[int, int]] = {}
    top = stack[upper]
    assert top is not None
    removed, opaque = _hidden(top)
    _drop(wanted, removed, opaque)
    links = {hash(name) for index, name in cleaned_names(top.entries) if top.entries[index].type != "dir"}
    _drop(wanted, links)
    for place in range(upper - 1, -1, -1):
        toc = stack[place]
        if not wanted:
            break
        if toc is None or not budget.compare(toc):
            return hits, set()
        on_the_way = {hash(parent) for name in wanted.values() for parent in _parents(name)}
        replaced = set[int]()
        for index, name in cleaned_names(toc.entries):
            key = hash(name)
            if key in wanted:
                hits.setdefault(key, (place, index))
            if key in on_the_way and toc.entries[index].type != "dir":
                replaced.add(key)
        for key in hits:
            wanted.pop(key, None)
        removed, opaque = _hidden(toc)
        _drop(wanted, removed | opaque | replaced)
    return hits, set(wanted)


def _hidden(toc: Outline) -> tuple[set[int], set[int]]:
    """The names that whiteouts of a layer remove, and the directories whose content they hide."""
    removed, opaque = set[int](), set[int]()
    for index in toc.whiteouts:
        name = toc.entries[index].name
        if is_opaque(name):
            opaque.add(hash(cleaned(name).rpartition("/")[0]))
        elif gone := removed_name(name):
            removed.add(hash(gone))
    return removed, opaque


def _drop(wanted: Wanted, hidden: set[int], opaque: Collection[int] = ()) -> None:
    """Leave out the names that are hidden, below a hidden one, or below an opaque directory.

    An opaque directory of the layer itself has to be a directory below, too.
    """
    below = hidden.union(opaque)
    if below:
        for key, name in tuple(wanted.items()):
            if key in hidden or hash("") in below or any(hash(parent) in below for parent in _parents(name)):
                del wanted[key]


def _parents(name: str) -> Iterator[str]:
    """The directories above a cleaned name, the root left out."""
    parts = name.split("/")[:-1]
    return accumulate(parts, lambda folder, part: f"{folder}/{part}")


def _type(stack: Stack, at: tuple[int, int]) -> str:
    toc = stack[at[0]]
    assert toc is not None
    return toc.entries[at[1]].type
