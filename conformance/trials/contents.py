"""The content of the tars of an image: the tree they unpack to, and the files a tool added to it."""

import io
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.checks.trial_verdicts import lost_content
from conformance.format.entries import TYPE_OF_FLAG
from conformance.format.errors import FormatError
from conformance.format.tar import TarHeader, TarReader
from conformance.images.trees import Kind, Node, Tree
from conformance.observed.trials import TreeSeen
from conformance.trials.file_trees import expected_tree

MAX_ENTRIES: Final = 2_000
_GLOBAL_HEADER: Final = "g"
_KINDS: Final[tuple[Kind, ...]] = ("reg", "dir", "symlink", "hardlink", "char", "block", "fifo")


def tree_of_tars(tars: Sequence[bytes]) -> TreeSeen:
    """What layers unpack to, the lowest first; FormatError for a tar that cannot be read."""
    try:
        return expected_tree([tuple(_nodes(tar)) for tar in tars])
    except KeyError as error:
        raise FormatError(f"a hard link to {error}, which is missing") from None


def lost(given: Sequence[bytes], found: Sequence[bytes]) -> str:
    """The first file of the tars given that the tars found do not have with its content; "" when they have all."""
    try:
        return lost_content(tree_of_tars(given), tree_of_tars(found))
    except FormatError as error:
        return f"a layer cannot be read: {error}"


def returned(given: Sequence[bytes], found: Sequence[bytes]) -> str:
    """The first name that the tars given remove by a whiteout, and that the tars found have; "" when there is none."""
    try:
        gone = {name for tar in given for name in tree_of_tars([tar])} - set(tree_of_tars(given))
        back = sorted(gone & set(tree_of_tars(found)))
    except FormatError as error:
        return f"a layer cannot be read: {error}"
    return f"{back[0]!r} is there, which a later layer removes" if back else ""


def added(given: Sequence[bytes], found: Sequence[bytes]) -> tuple[str, ...]:
    """The names that the tars found have in addition."""
    try:
        return tuple(sorted(set(tree_of_tars(found)) - set(tree_of_tars(given))))
    except FormatError:
        return ()


def has_entries(given: bytes, found: bytes) -> bool:
    """Whether every entry of one tar is in another, of whatever kind, with its content."""
    try:
        return set(_entries(given)) <= set(_entries(found))
    except FormatError:
        return False


def _entries(tar: bytes) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    reader = TarReader(io.BytesIO(tar))
    while (header := reader.header()) is not None:
        reader.take_raw()
        content = b"".join(reader.content())
        if header.typeflag != _GLOBAL_HEADER:  # not an entry: it changes the following entries
            yield header.typeflag, header.name, header.link_name, content


def _nodes(tar: bytes) -> Tree:
    reader, nodes = TarReader(io.BytesIO(tar)), []
    while (header := reader.header()) is not None:
        reader.take_raw()
        content = b"".join(reader.content())
        kind = _kind(header)
        if kind is not None:
            nodes.append(Node(_text(header.name), kind, content, _text(header.link_name), header.mode & 0o7777))
        if len(nodes) > MAX_ENTRIES:
            raise FormatError(f"a tar of more than {MAX_ENTRIES} entries")
    return tuple(nodes)


def _kind(header: TarHeader) -> Kind | None:
    named = TYPE_OF_FLAG.get(header.typeflag)
    return next((kind for kind in _KINDS if kind == named), None)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").rstrip("/") or "."
