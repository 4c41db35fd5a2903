"""Tampered layers: each edit violates one requirement, and edits of different parts can be combined.

A ``Tampering`` has a description, the requirement that it violates, and the edit of a draft.
"""

from collections.abc import Callable
from typing import Final, Literal

import msgspec
from hypothesis import strategies as st

from conformance.format import names
from conformance.images.layer_draft import Json, LayerDraft, draft_layer
from conformance.images.trees import Node, Tree, noise
from conformance.strategies.trees import trees

Edit = Callable[[LayerDraft], None]
Place = Literal["annotations", "footer", "toc", "chunks", "tar-split", "frames"]
_LIE: Final = "sha256:" + "cd" * 32
# Entries of every drawn tree, so that each tampering has an object.
BASE: Final[Tree] = (
    Node("base", content=b"base\n", mode=0o4755, uid=7, gid=8, mtime=1_700_000_000, xattrs={"user.k": "v"}),
    Node("other", content=b"other\n"),
    Node("split", content=noise(9, 2000) + bytes(3000) + noise(8, 1000)),
    Node("link", "symlink", link_name="base", mode=0o777),
    Node(".wh.gone"),
)


class Tampering(msgspec.Struct, frozen=True):
    """An edit of one ``place`` that violates ``breaks``; ``what`` describes it."""

    what: str
    breaks: str
    place: Place
    edit: Edit


def drafts(*, max_nodes: int = 6, max_size: int = 20_000) -> st.SearchStrategy[LayerDraft]:
    """Conforming drafts of trees with at least a file, a split file, a link and a whiteout."""
    taken = {node.name for node in BASE}
    own = trees(max_nodes=max_nodes, max_size=max_size).filter(
        lambda tree: not any(node.name.partition("/")[0] in taken for node in tree)
    )
    return own.map(lambda tree: draft_layer((*BASE, *tree)))


@st.composite
def tamperings(draw: st.DrawFn) -> Tampering:
    """One tampering of a draft from ``drafts``."""
    amount = draw(st.integers(1, 1000))
    key = draw(st.sampled_from(("uid", "gid", "mode")))
    name = draw(st.sampled_from(("base", "other")))
    return draw(
        st.sampled_from(
            (
                Tampering("TOC digest", "ANNOT-001", "annotations", _annotation(names.MANIFEST_CHECKSUM, _LIE)),
                Tampering("no TOC position", "ANNOT-008", "annotations", _annotation(names.MANIFEST_POSITION, None)),
                Tampering("eStargz beside", "ANNOT-005", "annotations", _annotation(names.ESTARGZ_TOC, _LIE)),
                Tampering("footer numbers", "FOOTER-002", "footer", lambda draft: _footer_length(draft, amount)),
                Tampering(f"{key} of a file", "TOC-003", "toc", lambda draft: _add(draft.entry(name), key, amount)),
                Tampering("digest of a file", "TOC-004", "toc", lambda draft: draft.entry(name).update(digest=_LIE)),
                Tampering("offset of a file", "TOC-007", "toc", lambda draft: _add(draft.entry(name), "offset", 1)),
                Tampering("chunk digest", "CHUNK-003", "chunks", lambda draft: _chunk(draft, chunkDigest=_LIE)),
                Tampering(
                    "chunk size", "CHUNK-002", "chunks", lambda draft: _add(draft.entry("split"), "chunkSize", amount)
                ),
                Tampering("chunk type", "CHUNK-005", "chunks", lambda draft: _chunk(draft, chunkType=f"odd{amount}")),
                Tampering("CRC of a file", "TARSPLIT-004", "tar-split", lambda draft: _crc(draft, name)),
                Tampering(
                    "length of the tar-split", "TARSPLIT-007", "tar-split", lambda draft: _split_length(draft, amount)
                ),
                Tampering("bytes after the frames", "LAYER-001", "frames", lambda draft: _junk(draft, amount)),
                Tampering("DiffID", "LAYER-002", "frames", lambda draft: setattr(draft, "diff_id", _LIE)),
            )
        )
    )


@st.composite
def tampered_layers(draw: st.DrawFn) -> tuple[LayerDraft, tuple[Tampering, ...]]:
    """A layer with one to three tamperings of different places; none of them prevents the reading of another."""
    draft = draw(drafts())
    found = draw(st.lists(tamperings(), min_size=1, max_size=3, unique_by=lambda tampering: tampering.place))
    stops = [tampering for tampering in found if tampering.breaks in ("ANNOT-001", "ANNOT-008", "LAYER-001")]
    chosen = tuple(stops[:1] or found)
    for tampering in chosen:
        tampering.edit(draft)
    return draft, chosen


def _annotation(key: str, value: str | None) -> Edit:
    def edit(draft: LayerDraft) -> None:
        draft.annotations[key] = value

    return edit


def _footer_length(draft: LayerDraft, amount: int) -> None:
    draft.footer = lambda footer: msgspec.structs.replace(
        footer, toc=msgspec.structs.replace(footer.toc, uncompressed=footer.toc.uncompressed + amount)
    )


def _add(entry: Json, key: str, amount: int) -> None:
    entry[key] = entry.get(key, 0) + amount


def _chunk(draft: LayerDraft, **changes: str) -> None:
    draft.entry("split", chunk=1).update(changes)


def _crc(draft: LayerDraft, name: str) -> None:
    record = next(line for line in draft.split if line.get("name") == name)
    record["payload"] = "AAAAAAAAAAA="


def _split_length(draft: LayerDraft, amount: int) -> None:
    draft.split_uncompressed_off = amount


def _junk(draft: LayerDraft, amount: int) -> None:
    draft.before_tail = bytes([amount % 5 + 1]) * amount
