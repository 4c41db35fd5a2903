"""Frames that are written: their numbers, their offsets, and what a frame of each size states."""

import hashlib
import io

import pytest
import zstandard

from conformance.format.frame_writer import Compressor, FrameNumbers, Frames, Output
from conformance.format.frames import map_frames


def test_a_frame_without_content_has_no_number() -> None:
    numbers = FrameNumbers()
    assert numbers.close() == (False, 0)
    numbers.write(b"")
    assert numbers.close() == (False, 0)
    numbers.write(b"a")
    numbers.write(b"")
    assert numbers.close() == (True, 1)
    assert numbers.close() == (False, 1)
    numbers.write(b"b")
    assert numbers.close() == (True, 2)


def test_where_frames_begin() -> None:
    """Frames that were compressed elsewhere come together, with their sizes."""
    blob = io.BytesIO()
    output = Output(blob)
    assert output.start(0) == 0
    output.append(b"abc")
    output.end()
    output.frames(b"defghi", [2, 3, 1])
    output.frames(b"", [])
    output.append(b"jk")
    output.end()
    assert [output.start(number) for number in range(6)] == [0, 3, 5, 8, 9, 11]
    assert (blob.getvalue(), output.position) == (b"abcdefghijk", 11)
    assert str(output.digest) == f"sha256:{hashlib.sha256(b'abcdefghijk').hexdigest()}"


def test_the_first_frames_may_come_together() -> None:
    output = Output(io.BytesIO())
    output.frames(b"abcde", [2, 3])
    assert [output.start(number) for number in range(3)] == [0, 2, 5]


@pytest.mark.parametrize("checksums", [True, False])
def test_frames_in_the_caller(checksums: bool) -> None:
    blob = io.BytesIO()
    frames = Frames(blob, 3, checksums)
    for part in (b"ab", b"", b"c"):
        frames.write(part)
    assert (frames.close(), frames.close()) == (1, 1)
    frames.write(b"d")
    assert frames.close() == 2
    first, second = map_frames(blob.getvalue()).frames
    assert [frames.start(number) for number in range(3)] == [0, second.offset, second.end]
    assert (first.content_size, second.content_size) == (3, 1)
    assert [each.checksum is not None for each in (first, second)] == [checksums] * 2


def test_a_frame_begins_again_after_a_long_one() -> None:
    parts: list[bytes] = []
    compressor = Compressor(3, False, parts.append)
    large = bytes(2**20 + 1)
    for content in (large, b"a", b"b"):
        compressor.write(content)
        if content != large:
            compressor.end()
    long, short = map_frames(b"".join(parts)).frames
    assert (long.content_size, short.content_size) == (None, 1)
    whole = zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(parts)[long.offset : long.end])
    assert whole == large + b"a"


@pytest.mark.parametrize(("size", "stated"), [(2**20 - 1, True), (2**20, True), (2**20 + 1, False)])
@pytest.mark.parametrize("before", [0, 1], ids=["first", "second"])
def test_a_frame_of_a_mebibyte_states_its_size(size: int, stated: bool, before: int) -> None:
    for write in (False, True):
        parts: list[bytes] = []
        compressor = Compressor(3, False, parts.append)
        for _ in range(before):
            compressor.write(b"a")
            compressor.end()
        if write:
            compressor.write(bytes(size))
            compressor.end()
        else:
            compressor.last(memoryview(bytes(size)))
        frame = map_frames(b"".join(parts)).frames[-1]
        assert frame.content_size == (size if stated else None)
