"""File trees with every type of entry that a TOC can represent, as tar bytes and as layers."""

import msgspec
from hypothesis import strategies as st

from conformance.format.names import OPAQUE_WHITEOUT, WHITEOUT
from conformance.format.writer import WriterOptions, WrittenLayer, layer_from_tar
from conformance.images.trees import Kind, Node, Tree, noise, tar_of

_MAX_OCTAL_ID = 0o7777777
_MAX_TIME = 2**33 - 1


def contents(max_size: int = 300_000) -> st.SearchStrategy[bytes]:
    """File contents: empty, small, random bytes long enough to be split, and holes just below, at and above the
    threshold.
    """
    small = st.binary(max_size=200)
    large = st.builds(noise, st.integers(0, 999), st.integers(1, max_size))
    hole = st.sampled_from((1, 63, 511, 512, 1023, 1024, 1025, 5000, 40_000)).map(bytes)
    mixed = st.lists(st.one_of(small, hole, st.builds(noise, st.integers(0, 9), st.integers(1, 3000))), max_size=6)
    return st.one_of(st.just(b""), small, hole, large, mixed.map(b"".join))


def components() -> st.SearchStrategy[str]:
    """Path components: plain, long, with blanks, quotes, markup, other scripts and whiteout prefixes.

    No line ends, because a PAX record with one is a warning (TAR-041).
    """
    return st.one_of(_ordinary_components(), _plain().map(lambda name: WHITEOUT + name), st.just(OPAQUE_WHITEOUT))


def _plain() -> st.SearchStrategy[str]:
    return st.text("abcdefgh0123456789._-", min_size=1, max_size=8).filter(lambda text: text.strip("."))


def _ordinary_components() -> st.SearchStrategy[str]:
    odd = st.sampled_from(
        (" ", "a b", 'state "hi"', "back\\slash", "<b>&amp;", "…", "naïve", "日本", "\u202egnp.exe", "\x7f")
    )
    text = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="/\x00\n"), min_size=1, max_size=8
    ).filter(lambda name: name not in (".", "..") and not name.startswith(WHITEOUT))
    long = st.integers(90, 180).map(lambda length: "n" * length)
    return st.one_of(_plain(), _plain(), odd, text, long)


def paths() -> st.SearchStrategy[str]:
    """Relative paths of one to four components, of which only the last may be a whiteout (TOC-015).

    An opaque whiteout is not in the root (TAR-058).
    """
    above = st.lists(_ordinary_components(), max_size=3)
    path = st.builds(lambda folders, last: "/".join((*folders, last)), above, components())
    return path.map(lambda name: f"usr/{name}" if name == OPAQUE_WHITEOUT else name)


@st.composite
def trees(draw: st.DrawFn, *, max_nodes: int = 12, max_size: int = 300_000) -> Tree:
    """Trees with unique names; a hard link points to a regular file before it, and has its mode and owner."""
    drawn = draw(st.lists(paths(), max_size=max_nodes, unique=True))
    # Nothing lies below a name that may become a file (TAR-035), and nothing at or below one that is removed (TAR-048).
    gone = [folder + last.removeprefix(WHITEOUT) for folder, last in map(_parts, drawn) if last.startswith(WHITEOUT)]
    kept = [name for name in drawn if not any(f"{name}/".startswith(f"{other}/") for other in gone)]
    names = [name for name in kept if not any(name.startswith(f"{other}/") for other in kept)]
    nodes: list[Node] = []
    for name in names:
        files = [node for node in nodes if node.kind == "reg" and not _parts(node.name)[1].startswith(WHITEOUT)]
        kinds: list[Kind] = ["reg", "reg", "reg", "dir", "symlink", "char", "block", "fifo"]
        kind = draw(st.sampled_from([*kinds, "hardlink"] if files else kinds))
        is_whiteout = _parts(name)[1].startswith(WHITEOUT)  # an empty file (TOC-015)
        nodes.append(draw(_node(name, "reg" if is_whiteout else kind, files, 0 if is_whiteout else max_size)))
    return tuple(nodes)


def _parts(name: str) -> tuple[str, str]:
    """The directory of a name, with the slash at its end, and the last component."""
    folder, slash, last = name.rpartition("/")
    return folder + slash, last


@st.composite
def _node(draw: st.DrawFn, name: str, kind: Kind, files: list[Node], max_size: int) -> Node:
    if kind == "hardlink":
        file = draw(st.sampled_from(files))
        xattrs = draw(st.sampled_from((file.xattrs, {})))  # TAR-049
        return msgspec.structs.replace(file, name=name, kind=kind, content=b"", link_name=file.name, xattrs=xattrs)
    link_name = ""
    if kind == "symlink":
        link_name = draw(st.one_of(paths(), st.sampled_from(("/etc/passwd", "../..", "."))))
    is_device = kind in ("char", "block")
    return Node(
        name=name,
        kind=kind,
        content=draw(contents(max_size)) if kind == "reg" and max_size else b"",
        link_name=link_name,
        mode=draw(st.sampled_from((0, 0o644, 0o755, 0o4755, 0o1777, 0o7777))),
        uid=draw(st.one_of(st.just(0), st.integers(0, 2**31 - 1))),
        gid=draw(st.integers(0, _MAX_OCTAL_ID)),
        mtime=draw(st.one_of(st.just(0), st.integers(0, _MAX_TIME))),
        device=draw(st.tuples(st.integers(1, 255), st.integers(0, 255))) if is_device else (0, 0),  # LAYER-014
        xattrs=draw(_xattrs(("user.a", "user.ключ", *_ANYWHERE) if kind in ("reg", "dir") else _ANYWHERE)),
    )


_ANYWHERE = ("security.selinux", "trusted.example")
"""Attributes that Linux permits on entries of every type; it reads no structure in them (TAR-053, TAR-054)."""


def _xattrs(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    # No "=" in a key: a PAX record could not hold it.
    keys = st.sampled_from(names)
    values = st.one_of(st.just("y"), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
    return st.dictionaries(keys, values, max_size=3)


def tars(*, max_nodes: int = 12, max_size: int = 300_000) -> st.SearchStrategy[bytes]:
    """Tar archives of trees, in both forms and with any padding at the end."""
    form = st.sampled_from(("pax", "gnu"))
    return st.builds(
        lambda tree, form, blocks: tar_of(tree, form, blocks=blocks),
        trees(max_nodes=max_nodes, max_size=max_size),
        form,
        st.sampled_from((1, 2, 20)),
    )


def options() -> st.SearchStrategy[WriterOptions]:
    """Options of the writer."""
    return st.builds(WriterOptions, st.sampled_from((1, 3, 10)), st.booleans(), st.booleans())


def layers(*, max_nodes: int = 12, max_size: int = 300_000) -> st.SearchStrategy[tuple[bytes, WrittenLayer]]:
    """Conforming layers: the blob, and its description."""
    return st.builds(layer_from_tar, tars(max_nodes=max_nodes, max_size=max_size), options())
