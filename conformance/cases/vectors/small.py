"""Replaces the material of mutants and variants for vectors: stored frames, and a conforming layer of few bytes.

Makers use the conforming layer and the compressors of this project by name. While vectors are built, those
names refer to the replacements here, so that a vector has the defect of the mutant, but neither kilobytes of random
bytes nor bytes that depend on the version of libzstd or zlib.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Final
from unittest.mock import patch

from conformance.cases.vectors import stored
from conformance.images import draft as image_drafts
from conformance.images import layer_draft
from conformance.images.layer_draft import LayerDraft
from conformance.images.trees import Node, tar_of

_SPLITTING: Final = b"b" * 1200 + b"%Q"
"""The chunker splits once after each of these, found by search; tests/cases/vectors fails when it does not."""
TREE: Final = layer_draft.tree_of_all_types(
    _SPLITTING * 2 + b"b" * 1200,
    b"1" * 3000 + bytes(5000) + b"2" * 2000,
)


def _tar(name: str) -> bytes:
    return tar_of(tuple(Node(f"{name}/{number}", content=f"{name} {number}\n".encode()) for number in range(3)))


_pair_of_this_project = image_drafts._draft


@cache
def _layer() -> LayerDraft:
    return layer_draft.draft_layer(TREE)


@cache
def _pair() -> image_drafts.Draft:
    return _pair_of_this_project.__wrapped__()  # without its stored blobs, which are compressed


@contextmanager
def small_material() -> Iterator[None]:
    """In this context all makers use the small material. Not for threads: the names are replaced in the whole
    process.
    """
    with ExitStack() as patches:
        patches.enter_context(patch("zstandard.compress", stored.compress))
        patches.enter_context(patch("zstandard.ZstdCompressor", stored.StoredCompressor))
        patches.enter_context(patch("gzip.compress", stored.gzip_member))
        patches.enter_context(patch.object(layer_draft, "_conforming", _layer))
        patches.enter_context(patch.object(image_drafts, "_draft", _pair))
        patches.enter_context(patch.object(image_drafts, "_tar", _tar))
        yield
