"""Unpacking a blob in one pass: memory that no header decides, and headers that count even if the content does not."""

import struct
import tracemalloc
from itertools import chain

import pytest

from conformance.format.errors import FormatError
from conformance.format.frames import MAX_BLOCK, SKIPPABLE_MAGIC, ZSTD_MAGIC
from conformance.format.unpack import LayerUnpacker


def raw_frame(blocks: int, *, descriptor: int, rest: bytes, size: int = 1) -> bytes:
    """A frame of so many raw blocks of ``size`` bytes; ``rest`` is what follows the frame header descriptor."""
    block = (size << 3).to_bytes(3, "little") + bytes(size)
    last = (size << 3 | 1).to_bytes(3, "little") + bytes(size)
    return struct.pack("<IB", ZSTD_MAGIC, descriptor) + rest + block * (blocks - 1) + last


def test_of_a_skippable_frame_nothing_is_kept() -> None:
    piece = bytes([7]) * 2**20
    unpacker = LayerUnpacker(limit=2**20)
    tracemalloc.start()
    assert list(unpacker.feed(struct.pack("<II", SKIPPABLE_MAGIC, 40 * len(piece)))) == []
    for _ in range(40):
        assert list(unpacker.feed(piece)) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert list(unpacker.feed(raw_frame(1, descriptor=0x20, rest=b"\1"))) == []
    assert list(unpacker.finish()) == [b"\0"]
    assert unpacker.table.skippable_count == 1
    assert peak < 8 * len(piece)


@pytest.mark.parametrize("size", [0, 2**40, 2**63, 2**64 - 2, 2 * MAX_BLOCK])
def test_a_content_size_that_no_block_can_hold_is_refused_and_never_allocated(size: int) -> None:
    frame = raw_frame(1, descriptor=0xC0, rest=bytes([10 << 3]) + struct.pack("<Q", size))
    with pytest.raises(FormatError, match="does not decompress"):
        list(LayerUnpacker(limit=2**63).feed(frame))


def test_the_first_64_frames_of_a_wide_window_are_recorded() -> None:
    """zstd decompresses such a frame at once where its header states its size."""
    frame = raw_frame(1, descriptor=0x40, rest=bytes([18 << 3, 44, 0]), size=300)
    unpacker = LayerUnpacker(limit=2**20)
    assert list(unpacker.feed(frame * 70)) == []
    assert [len(batch) for batch in unpacker.finish()] == [70 * 300]
    assert unpacker.table.data_count == 70
    assert [seen.offset for seen in unpacker.table.wide] == [number * len(frame) for number in range(64)]


@pytest.mark.parametrize(("window", "wide"), [(17 << 3, 0), (17 << 3 | 1, 1), (18 << 3, 1)])
def test_a_window_of_128_mebibytes_is_not_wide(window: int, wide: int) -> None:
    unpacker = LayerUnpacker(limit=2**20)
    assert list(unpacker.feed(raw_frame(1, descriptor=0x40, rest=bytes([window, 44, 0]), size=300))) == []
    assert len(unpacker.table.wide) == wide


@pytest.mark.parametrize("blocks", [1, 31, 33, 100])
@pytest.mark.parametrize("step", [50, 2**20])
def test_headers_that_no_reader_takes_are_noted_however_long_the_frame(blocks: int, step: int) -> None:
    wide = raw_frame(blocks, descriptor=0, rest=bytes([18 << 3]))
    foreign = raw_frame(blocks, descriptor=1, rest=bytes([0, 77]))
    for frame, window, dictionary in ((wide, 2**28, 0), (foreign, 2**10, 77)):
        unpacker = LayerUnpacker(limit=2**20)
        pieces = [frame[start : start + step] for start in range(0, len(frame), step)]
        with pytest.raises(FormatError):
            list(chain.from_iterable(map(unpacker.feed, pieces)))
        assert unpacker.table.first is not None
        noted = [*unpacker.table.wide, *unpacker.table.with_dictionary]
        assert [(seen.offset, seen.window, seen.dictionary_id) for seen in noted] == [(0, window, dictionary)]
