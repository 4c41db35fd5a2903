"""Where hard links of a TOC lead, and what they state of their file (docs/format.md section 11).

TOC-021, TOC-041, TOC-042, TAR-049.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from conformance.checks.artifact.whiteout_rules import is_whiteout
from conformance.format.discrepancy import shown
from conformance.format.entries import clean_name
from conformance.format.toc import Entry
from conformance.format.toc_outline import MAX_PROBLEMS, Outline, Problems, problem

MAX_LINKS: Final = 40
"""Symlinks on one path; Linux stops there."""
MAX_PARTS: Final = 4096
"""Components of one path that are followed."""
_MAX_SHOWN: Final = 5


def wrong_hard_links(toc: Outline, ranks: Sequence[int], *, has_lower: bool) -> Problems:
    """Hard links out of the root, to a later entry of the tar, to a directory or a whiteout, or (without a lower layer)
    to a missing entry.

    ``ranks`` has for each entry its place in the tar, negative where it has none: the order of entries has no meaning.
    """
    if not toc.hard_links:
        return
    entries, found = toc.entries, _targets(toc, has_lower=has_lower)

    def problems() -> Problems:
        for index in toc.hard_links:
            target = entries[index].link_name
            if _climbs(target):
                yield problem(entries, index, "a target below the root", shown(target))
                continue
            at = found(index)
            if is_whiteout(target):
                yield problem(entries, index, "a target that is a file", f"the whiteout {shown(target)}")
            elif at is not None and entries[at].type == "dir":
                yield problem(entries, index, "a target that is a file", f"the directory {shown(target)}")
            elif at is None and not has_lower:
                yield problem(entries, index, "a target in this layer: there is no lower layer", shown(target))
            elif at == index or (at is not None and 0 <= ranks[index] < ranks[at]):
                yield problem(entries, index, "a target before it in the tar", f"{shown(target)}, a later entry")

    yield from islice(problems(), MAX_PROBLEMS)


def indirect_targets(toc: Outline) -> Problems:
    """Targets with a component "..", or that end like the name of a directory (TOC-041)."""
    wrong = (
        problem(toc.entries, index, "a target that is the name of a file, without ..", shown(target))
        for index in toc.hard_links
        if (target := toc.entries[index].link_name)
        if ".." in (parts := target.split("/")) or parts[-1] in ("", ".")
    )
    yield from islice(wrong, MAX_PROBLEMS)


def targets_below_symlinks(toc: Outline) -> Problems:
    """Targets with a directory on their path that is a symlink of the layer (TOC-042)."""
    entries = toc.entries
    if not toc.hard_links:
        return
    symlinks = {hash(_rooted(entry.name)) for entry in entries if entry.type == "symlink"}
    if not symlinks:
        return

    def problems() -> Problems:
        for index in toc.hard_links:
            parts = _rooted(entries[index].link_name).split(b"/")[:MAX_PARTS]
            for count in range(1, len(parts)):
                if hash(b"/".join(parts[:count])) in symlinks:
                    found = f"{shown(entries[index].link_name)}, below {shown(b'/'.join(parts[:count]))}"
                    yield problem(entries, index, "a target below directories only", found)
                    break

    yield from islice(problems(), MAX_PROBLEMS)


def differing_hard_links(toc: Outline) -> Problems:
    """Hard links to an entry of this layer with another mode or owner, or other extended attributes (TAR-049).

    Writers leave the attributes out of the header of a hard link, and no client then removes those of the file.
    """
    if not toc.hard_links:
        return
    entries, found = toc.entries, _targets(toc, has_lower=True)

    def problems() -> Problems:
        for index in toc.hard_links:
            at = found(index)
            if at is not None and entries[at].type not in ("dir", "chunk"):
                own, of_file = _attributes(entries[index]), _attributes(entries[at])
                if own != of_file:
                    yield problem(entries, index, f"{of_file}, as {shown(entries[at].name)}", own)
                elif entries[index].xattrs and entries[index].xattrs != entries[at].xattrs:
                    found_here = ", ".join(shown(key) for key in islice(entries[index].xattrs or {}, _MAX_SHOWN))
                    expected = f"the extended attributes of {shown(entries[at].name)}, or none"
                    yield problem(entries, index, expected, found_here)

    yield from islice(problems(), MAX_PROBLEMS)


def _attributes(entry: Entry) -> str:
    return f"mode {entry.mode:04o}, owner {entry.uid}:{entry.gid}"


def _targets(toc: Outline, *, has_lower: bool) -> Callable[[int], int | None]:
    """The entry that each hard link names: by its name, else (nothing can be below) through symlinks of the layer."""
    entries = toc.entries
    # By hashes, and of the targets only: names may take more memory than there is.
    wanted = {index: hash(_rooted(entries[index].link_name)) for index in toc.hard_links}
    places = _places(entries, wanted.values())
    lost = [index for index, name in wanted.items() if name not in places]
    if lost and not has_lower:
        symlinks = {hash(_rooted(entry.name)): i for i, entry in enumerate(entries) if entry.type == "symlink"}
        if symlinks:
            wanted |= {index: hash(_followed(entries, entries[index].link_name, symlinks)) for index in lost}
            places |= _places(entries, [wanted[index] for index in lost])
    return lambda index: places.get(wanted[index])


def _places(entries: Sequence[Entry], names: Iterable[int]) -> dict[int, int]:
    """The first entry of each of these names, by their hashes."""
    wanted, places = set(names), dict[int, int]()
    for index, entry in enumerate(entries):
        if entry.type != "chunk" and (name := hash(_rooted(entry.name))) in wanted:
            places.setdefault(name, index)
    return places


def _followed(entries: Sequence[Entry], target: str, symlinks: dict[int, int]) -> bytes:
    """Where a path leads when each directory on it that is a symlink of the layer is followed."""
    left = _rooted(target).split(b"/")[::-1]
    done: list[bytes] = []
    links = 0
    while left and links <= MAX_LINKS and len(left) <= MAX_PARTS:
        part = left.pop()
        if part in (b"", b".", b".."):
            del done[len(done) - (part == b"..") :]
            continue
        done.append(part)
        at = symlinks.get(hash(b"/".join(done))) if left else None
        if at is not None:
            links += 1
            link = entries[at].link_name.encode(errors="surrogatepass")
            left += link.split(b"/")[::-1]
            del done[0 if link.startswith(b"/") else len(done) - 1 :]
    return b"/".join(done)


def _rooted(name: str) -> bytes:
    """A name below the root, lexically cleaned, without the slash in front."""
    return clean_name(b"/" + name.encode(errors="surrogatepass")).lstrip(b"/")


def _climbs(target: str) -> bool:
    depth = 0
    for part in target.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return False
