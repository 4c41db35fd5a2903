"""Frames that a process compresses: the same bytes, errors of both sides, and nothing that is left."""

import io
import os
import signal
import threading
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.building import compress_process
from conformance.building.compress_process import SLOT_SIZE, ProcessFrames
from conformance.format.frame_writer import Frames, FrameWriter
from conformance.images.trees import noise

LEVEL = 3


def _write(frames: FrameWriter, parts: list[tuple[bytes, bool]]) -> list[int]:
    """The offsets of all frames, and the end."""
    numbers = [0]
    for content, ends in parts:
        frames.write(content)
        if ends:
            numbers.append(frames.close())
    numbers.append(frames.close())
    frames.settle()
    return [frames.start(number) for number in numbers]


def _both(parts: list[tuple[bytes, bool]]) -> None:
    expected, blob = io.BytesIO(), io.BytesIO()
    plain = Frames(expected, LEVEL, True)
    offsets = _write(plain, parts)
    made = ProcessFrames(blob, LEVEL, True)
    try:
        assert _write(made, parts) == offsets
    finally:
        made.end()
    assert blob.getvalue() == expected.getvalue()
    assert (made.digest, made.position, made.content_digest) == (plain.digest, plain.position, plain.content_digest)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 9000), st.booleans()), max_size=40), st.integers(1, 20_000))
def test_the_same_frames_whatever_the_size_of_a_slot(parts: list[tuple[int, bool]], slot: int) -> None:
    content = noise(1, 9000)
    with pytest.MonkeyPatch.context() as patch:
        # The process has slots of the usual size; this side uses a part of each.
        patch.setattr(compress_process, "_USED", slot)
        _both([(content[:size], ends) for size, ends in parts])


@pytest.mark.parametrize("size", [0, 1, SLOT_SIZE - 1, SLOT_SIZE, SLOT_SIZE + 1, 9 * SLOT_SIZE])
def test_the_same_frames_around_the_size_of_a_slot(size: int) -> None:
    content = noise(1, size // 2) + bytes(size - size // 2)
    _both([(content, True), (b"", True), (content[:1000], False)])


def _write_slots(made: ProcessFrames, count: int) -> None:
    content = noise(1, SLOT_SIZE)
    for _ in range(count):
        made.write(content)
        made.close()
    made.settle()


def test_a_process_that_dies_is_an_error_and_not_the_end_of_the_blob() -> None:
    made = ProcessFrames(io.BytesIO(), LEVEL, True)
    try:
        made.write(noise(1, SLOT_SIZE) + b"more")
        assert made._process is not None
        os.kill(made._process.pid, signal.SIGKILL)
        with pytest.raises(OSError, match="ended before its work was done"):
            _write_slots(made, 20)
    finally:
        made.end()


@pytest.mark.parametrize("slots", [2, 20])
def test_what_the_output_raises_is_raised(slots: int) -> None:
    class Full(io.BytesIO):
        def write(self, _raw: object, /) -> int:
            raise OSError(28, "No space left on device")

    before = threading.active_count()
    made = ProcessFrames(cast("BinaryIO", Full()), LEVEL, True)
    try:
        with pytest.raises(OSError, match="No space left"):
            _write_slots(made, slots)
    finally:
        made.end()
    assert threading.active_count() == before
