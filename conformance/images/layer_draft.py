"""A zstd:chunked layer in parts for tests to edit, and the layer assembled from them with right positions.

Tamperings and mutants are functions that edit a draft: all other parts stay conforming.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal

import msgspec
import zstandard

from conformance.format import names
from conformance.format.decompress import decompress
from conformance.format.digest import Digest
from conformance.format.footer import Footer, FooterForm
from conformance.format.frames import SKIPPABLE_HEADER, SKIPPABLE_MAGIC, map_frames, skippable
from conformance.format.positions import Position, TocPosition
from conformance.format.seal import CompressedTarSplit
from conformance.format.writer import DEFAULTS, WriterOptions, layer_from_tar
from conformance.images.trees import Node, Tree, noise, tar_of

Json = dict[str, Any]
Part = Literal["toc", "tar-split", "footer"]
ORDER: Final[tuple[Part, ...]] = ("toc", "tar-split", "footer")


def _compress(document: bytes) -> bytes:
    return zstandard.compress(document)


@dataclass
class LayerDraft:
    """The data frames, the two tables as JSON, and edits of the values that are computed from them.

    ``document`` and ``split_document`` replace the encoded tables by other bytes. ``footer`` edits the footer,
    ``annotations`` the finished annotations (None removes a key), ``blob`` the finished bytes.
    """

    frames: list[bytes]
    toc: Json
    split: list[Json]
    diff_id: str
    document: bytes | None = None
    split_document: bytes | None = None
    tar_split: bool = True
    order: tuple[Part, ...] = ORDER
    magic: int = SKIPPABLE_MAGIC
    digest_of_split: bool = True
    before_tail: bytes = b""
    behind_toc: bytes = b""
    toc_uncompressed_off: int = 0
    split_uncompressed_off: int = 0
    footer: Callable[[Footer], Footer] = lambda footer: footer
    annotations: dict[str, str | None] = field(default_factory=dict)
    media_type: str = names.LAYER_ZSTD_TYPE
    described_as: str = ""
    compress_toc: Callable[[bytes], bytes] = _compress
    compress_split: Callable[[bytes], bytes] = _compress

    def entry(self, name: str, *, chunk: int = 0) -> Json:
        """The TOC entry of this name, or its ``chunk``-th chunk entry."""
        entries = [entry for entry in self.toc["entries"] if entry["name"] == name]
        found: Json = entries[chunk]
        return found


class DraftedLayer(msgspec.Struct, frozen=True):
    """A finished layer: its bytes, the descriptor as JSON, and the DiffID for the config."""

    blob: bytes
    descriptor: Json
    diff_id: str


def draft_layer(
    tree: Tree, options: WriterOptions = DEFAULTS, *, trailing: bytes = b"", first: bytes = b""
) -> LayerDraft:
    """A conforming draft of a tree; ``trailing`` bytes follow the end of the tar.

    ``first`` is a frame before all others, for trees without content, which have no offsets.
    """
    return draft_of_tar(tar_of(tree) + trailing, options, first=first)


def draft_of_tar(tar: bytes, options: WriterOptions = DEFAULTS, *, first: bytes = b"") -> LayerDraft:
    """A draft of a given tar; FormatError for a tar that the writer cannot represent."""
    blob, written = layer_from_tar(tar, options)
    places = map_frames(blob[: written.data_size]).frames
    toc: Json = json.loads(decompress(_cut(blob, written.positions.toc), limit=2**30))
    split: list[Json] = []
    if written.positions.tar_split is not None:
        lines = decompress(_cut(blob, written.positions.tar_split), limit=2**30)
        split = [json.loads(line) for line in lines.splitlines()]
    frames = [blob[frame.offset : frame.end] for frame in places]
    return LayerDraft([first] * bool(first) + frames, toc, split, str(written.diff_id), tar_split=options.tar_split)


def conforming_layer() -> LayerDraft:
    """A draft with every kind of entry and chunk; every call returns a new copy."""
    return deepcopy(_conforming())


def finish_layer(draft: LayerDraft) -> DraftedLayer:
    """Encode, compress and place the parts."""
    split = _split(draft)
    document = toc_document(draft)
    payload = draft.compress_toc(document)
    data = b"".join(draft.frames) + draft.before_tail
    tail = b""
    toc_place, split_place = TocPosition(0, 0, 0), None
    for part in draft.order:
        start = len(data) + len(tail) + SKIPPABLE_HEADER
        if part == "toc":
            toc_place = TocPosition(start, len(payload), len(document) + draft.toc_uncompressed_off)
            tail += skippable(payload, magic=draft.magic) + draft.behind_toc
        elif part == "tar-split" and split is not None:
            size = split.uncompressed + draft.split_uncompressed_off
            split_place = Position(start, len(split.payload), size)
            tail += skippable(split.payload, magic=draft.magic)
        elif part == "footer":
            said = Footer(FooterForm.CURRENT, toc_place, split_place)
            tail += skippable(draft.footer(said).build(), magic=draft.magic)
    blob = data + tail
    annotations: dict[str, str | None] = {
        names.MANIFEST_CHECKSUM: str(Digest.of(payload)),
        names.MANIFEST_POSITION: str(toc_place),
        **({names.TARSPLIT_POSITION: str(split_place)} if split_place else {}),
        **draft.annotations,
    }
    descriptor: Json = {
        "mediaType": draft.media_type,
        "digest": draft.described_as or str(Digest.of(blob)),
        "size": len(blob),
        "annotations": {key: value for key, value in annotations.items() if value is not None},
    }
    return DraftedLayer(blob, descriptor, draft.diff_id)


def toc_document(draft: LayerDraft) -> bytes:
    """The TOC as JSON, with the digest of the current tar-split."""
    if draft.document is not None:
        return draft.document
    toc, split = dict(draft.toc), _split(draft)
    if split is not None and draft.digest_of_split:
        toc["tarSplitDigest"] = str(split.digest)
    return json.dumps(toc, separators=(",", ":"), ensure_ascii=False).encode()


def _split(draft: LayerDraft) -> CompressedTarSplit | None:
    if not draft.tar_split:
        return None
    document = draft.split_document
    if document is None:
        document = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in draft.split)
    return CompressedTarSplit(draft.compress_split(document), len(document))


def _cut(blob: bytes, at: Position) -> bytes:
    return blob[at.offset : at.end]


def tree_of_all_types(tool: bytes, holes: bytes) -> Tree:
    """Entries of every type; ``tool`` and ``holes`` are the contents of the two larger files."""
    return (
        Node("usr/", "dir", mode=0o755),
        Node("usr/bin", "dir", mode=0o755),
        Node("usr/bin/tool", content=tool, mode=0o4755, uid=1, gid=2, mtime=1_700_000_000),
        Node("usr/bin/alias", "hardlink", link_name="usr/bin/tool", mode=0o4755, uid=1, gid=2, mtime=1_700_000_000),
        Node("usr/holes", content=holes, xattrs={"user.one": "first", "user.two": "second"}),
        Node("usr/empty"),
        Node("usr/small", content=b"small\n"),
        Node("usr/other", content=b"other\n"),
        Node("usr/link", "symlink", link_name="../small", mode=0o777),
        Node("usr/pipe", "fifo"),
        Node("usr/null", "char", device=(1, 3)),
        Node("usr/größe", content="ä".encode()),
        Node("usr/.wh.gone"),
    )


@cache
def _conforming() -> LayerDraft:
    return draft_layer(tree_of_all_types(noise(3, 200_000), noise(1, 3000) + bytes(5000) + noise(2, 2000)))


def unreadable_layer(tar: bytes) -> LayerDraft:
    """A draft whose only data frame is a tar that the writer refuses, with the tables of an empty tree."""
    draft = draft_layer(())
    draft.frames = [zstandard.compress(tar)]
    draft.diff_id = str(Digest.of(tar))
    return draft


def legacy_toc_keys(annotations: Json) -> dict[str, str]:
    """The annotations of a layer that name its TOC, under their legacy keys."""
    return {names.legacy_key(key): annotations[key] for key in (names.MANIFEST_CHECKSUM, names.MANIFEST_POSITION)}
