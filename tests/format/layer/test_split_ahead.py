"""Chunks of small files that are found for a piece of the tar at once."""

import io
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.format.piece_stream import PieceStream
from conformance.format.split_ahead import SplitAhead
from conformance.format.splits import WINDOW, SplitFinder
from conformance.format.writer import layer_from_tar, write_layer
from conformance.images.trees import Node, noise, tar_of

PIECE = 2**20
END_OF_A_CHUNK = bytes([29, 92]) + bytes(49)
"""With zeros before it, a chunk ends after its last byte (tests/format/layer/test_splits.py)."""


def _in_pieces(tar: bytes, size: int) -> tuple[bytes, object]:
    pieces: Iterator[bytes] = (tar[start : start + size] for start in range(0, len(tar), size))
    blob = io.BytesIO()
    written = write_layer(cast("BinaryIO", PieceStream(pieces)), blob)
    return blob.getvalue(), written


@st.composite
def _contents(draw: st.DrawFn) -> bytes:
    """Content of a small file: noise, in which a chunk ends at one byte of 65536, and known ends in some places."""
    parts = draw(
        st.lists(
            st.one_of(
                st.integers(0, 2**17).map(lambda size: noise(size, size)),
                st.integers(1, 200).map(lambda zeros: bytes(zeros) + END_OF_A_CHUNK),
                st.sampled_from([bytes(63), bytes(1023), bytes(1024), bytes(5000)]),
                st.binary(max_size=130),
            ),
            max_size=4,
        )
    )
    return b"".join(parts)


@settings(deadline=None, max_examples=60)
@given(st.lists(_contents(), min_size=1, max_size=12), st.sampled_from([PIECE, 2**17, 2**17 + 512, 700]))
def test_the_same_layer_whatever_the_pieces_of_the_tar(contents: list[bytes], size: int) -> None:
    nodes = (Node(f"f{number}", content=content) for number, content in enumerate(contents))
    tar = tar_of((*nodes, Node("last", content=noise(7, 2**18))))
    assert _in_pieces(tar, size) == layer_from_tar(tar)


@pytest.mark.parametrize("before", [0, 1, 11, 12, 13, 14, 62, 63, 64, 65, 2**17 - 51, 2**17 - 50])
def test_an_end_near_the_begin_of_a_file_and_of_a_block(before: int) -> None:
    """Bytes of the file before it are in no window, although they are in the piece."""
    content = bytes(min(before, 100)) + END_OF_A_CHUNK + b"x" * 3
    nodes = (Node("filler", content=noise(1, before)), Node("b", content=b"\xff" * 300), Node("c", content=content))
    tar = tar_of((*nodes, Node("d", content=END_OF_A_CHUNK), Node("last", content=noise(7, 2**18))))
    expected = layer_from_tar(tar)
    assert _in_pieces(tar, PIECE) == expected
    assert "c" in {entry.name for entry in expected[1].toc.entries if entry.type == "chunk"}


def test_parts_of_a_small_file_are_its_content() -> None:
    stream = PieceStream([noise(1, 2**18)])
    content = stream.read(2**15)
    ahead = SplitAhead(stream, SplitFinder())
    parts = ahead.parts(content)
    assert parts is not None
    assert b"".join(bytes(part.content) for part in parts) == bytes(content)
    assert all(part.starts for part in parts)


@pytest.mark.parametrize("content", [b"", bytes(1024), noise(1, 2**17 + 1)])
def test_files_that_are_empty_or_large_or_have_a_hole_are_left_to_the_chunker(content: bytes) -> None:
    stream = PieceStream([content + noise(2, 2**19)])
    assert SplitAhead(stream, SplitFinder()).parts(stream.read(len(content))) is None


def test_a_short_piece_is_left_to_the_chunker() -> None:
    stream = PieceStream([noise(1, 2000)])
    assert SplitAhead(stream, SplitFinder()).parts(stream.read(WINDOW)) is None
