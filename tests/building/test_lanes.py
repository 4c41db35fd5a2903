"""A layer that is written with lanes in threads: the same bytes, and no thread that is left."""

import io
import threading
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.building.lanes import ThreadLane, parallel_lanes
from conformance.format.errors import FormatError
from conformance.format.writer import WriterOptions, layer_from_tar, write_layer
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.strategies.trees import options, trees


def _in_threads(tar: bytes, chosen: WriterOptions) -> tuple[bytes, object]:
    blob = io.BytesIO()
    with parallel_lanes() as lanes:
        written = write_layer(io.BytesIO(tar), blob, chosen, lanes)
    return blob.getvalue(), written


@settings(deadline=None, max_examples=40)
@given(trees(), options())
def test_the_same_bytes_as_in_one_thread(tree: Tree, chosen: WriterOptions) -> None:
    tar = tar_of(tree)
    assert _in_threads(tar, chosen) == layer_from_tar(tar, chosen)


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 5 * 2**20])
def test_the_same_bytes_around_the_sizes_of_frames_and_batches(size: int) -> None:
    content = noise(1, size // 2) + bytes(size // 4) + noise(2, size - size // 2 - size // 4)
    tar = tar_of((Node("a", content=content), Node("b", content=b"b"), Node("c", content=bytes(4096))))
    assert _in_threads(tar, WriterOptions()) == layer_from_tar(tar)


class _Full(io.BytesIO):
    def write(self, _raw: object, /) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("size", [1, 30 * 2**20])
def test_what_the_output_raises_is_raised_and_the_threads_end(size: int) -> None:
    before = threading.active_count()
    tar = tar_of((Node("a", content=noise(1, size)),))
    with pytest.raises(OSError, match="No space left"), parallel_lanes() as lanes:
        write_layer(io.BytesIO(tar), cast("BinaryIO", _Full()), lanes=lanes)
    assert threading.active_count() == before


def test_what_the_tar_raises_is_raised_and_the_threads_end() -> None:
    before = threading.active_count()
    tar = tar_of((Node("a", content=noise(1, 3 * 2**20)), Node("b")))[: 2**21]
    with pytest.raises(FormatError), parallel_lanes() as lanes:
        write_layer(io.BytesIO(tar), io.BytesIO(), lanes=lanes)
    assert threading.active_count() == before


def test_nothing_runs_after_a_failure_and_order_is_kept() -> None:
    done: list[int] = []
    lane = ThreadLane("test")
    for number in range(5000):
        lane.run(lambda number=number: done.append(number), 100)  # type: ignore[misc]
    lane.settle()
    assert done == list(range(5000))

    def fail() -> None:
        raise ValueError("here")

    lane.run(fail, 0)
    lane.run(lambda: done.append(-1), 0)
    with pytest.raises(ValueError, match="here"):
        lane.settle()
    lane.end()
    assert done[-1] == 4999


@given(st.binary(max_size=3000).map(lambda raw: raw * 20))
def test_both_ways_to_find_the_ends_of_chunks_agree(content: bytes) -> None:
    numpy = pytest.importorskip("numpy")
    from conformance.format.chunker import WINDOW, splits_by_integers, splits_by_numpy

    known = bytes(WINDOW - 1) + content + b"x"
    assert splits_by_numpy(known, numpy) == splits_by_integers(known)


@pytest.mark.parametrize("byte", range(256))
def test_both_ways_agree_on_one_byte_repeated(byte: int) -> None:
    """Of some bytes every place has the low byte that is searched for, and of some of those the whole sum."""
    numpy = pytest.importorskip("numpy")
    from conformance.format.chunker import WINDOW, splits_by_integers, splits_by_numpy

    known = bytes(WINDOW - 1) + bytes([byte]) * 300
    assert splits_by_numpy(known, numpy) == splits_by_integers(known)
