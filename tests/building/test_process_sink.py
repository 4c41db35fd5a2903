"""A layer that is written with processes: the same bytes, and errors of each side, and nothing that is left."""

import io
import os
import signal
import threading
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from conformance.building import process_sink
from conformance.building.compress_process import CompressProcess
from conformance.building.digest_process import DigestProcess
from conformance.building.process_sink import ProcessSink, process_sinks
from conformance.building.slots import SLOT_SIZE
from conformance.cli import app
from conformance.format.errors import FormatError
from conformance.format.layer_digests import DigestedLayer
from conformance.format.layer_sink import InlineSink, LayerSink
from conformance.format.writer import WriterOptions, layer_from_tar, write_layer
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.strategies.trees import options, trees

LEVEL = 3


def _with_processes(tar: bytes, chosen: WriterOptions) -> tuple[bytes, object]:
    blob = io.BytesIO()
    with process_sinks() as sink:
        written = write_layer(io.BytesIO(tar), blob, chosen, sink)
    return blob.getvalue(), written


@settings(deadline=None, max_examples=40)
@given(trees(), options())
def test_the_same_bytes_as_in_the_caller(tree: Tree, chosen: WriterOptions) -> None:
    tar = tar_of(tree)
    assert _with_processes(tar, chosen) == layer_from_tar(tar, chosen)


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 5 * 2**20, 40 * 2**20])
def test_the_same_bytes_around_the_sizes_of_frames_and_slots(size: int) -> None:
    content = noise(1, size // 2) + bytes(size // 4) + noise(2, size - size // 2 - size // 4)
    tar = tar_of((Node("a", content=content), Node("b", content=b"b"), Node("c", content=bytes(4096))))
    assert _with_processes(tar, WriterOptions()) == layer_from_tar(tar)


class _Full(io.BytesIO):
    def write(self, _raw: object, /) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("size", [1, 30 * 2**20])
def test_what_the_output_raises_is_raised_and_the_threads_end(size: int) -> None:
    before = threading.active_count()
    tar = tar_of((Node("a", content=noise(1, size)),))
    with pytest.raises(OSError, match="No space left"), process_sinks() as sink:
        write_layer(io.BytesIO(tar), cast("BinaryIO", _Full()), sink=sink)
    assert threading.active_count() == before


def test_what_the_tar_raises_is_raised_and_the_threads_end() -> None:
    before = threading.active_count()
    tar = tar_of((Node("a", content=noise(1, 3 * 2**20)), Node("b")))[: 2**21]
    with pytest.raises(FormatError), process_sinks() as sink:
        write_layer(io.BytesIO(tar), io.BytesIO(), sink=sink)
    assert threading.active_count() == before


# The sink itself


def _write(sink: LayerSink, parts: list[tuple[bytes, bool]]) -> tuple[list[int], DigestedLayer]:
    """The offsets of all frames and the end, and the digests. Every third part is of a header."""
    numbers = [0]
    for number, (content, ends) in enumerate(parts):
        if number % 3 == 2:
            sink.segment(content)
            sink.end_file(b"name %d" % number)
        else:
            sink.content(content, number % 2 == 0)
        if ends:
            numbers.append(sink.close())
    numbers.append(sink.close())
    digested = sink.settle()
    return [sink.start(number) for number in numbers], digested


def _both(parts: list[tuple[bytes, bool]]) -> None:
    expected, blob = io.BytesIO(), io.BytesIO()
    plain = InlineSink(expected, LEVEL, True)
    found = _write(plain, parts)
    made = ProcessSink(blob, LEVEL, True)
    try:
        assert _write(made, parts) == found
    finally:
        made.end()
    assert blob.getvalue() == expected.getvalue()
    assert (made.digest, made.position) == (plain.digest, plain.position)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.integers(1, 9000), st.booleans()), max_size=40), st.integers(1, 20_000))
def test_the_same_layer_whatever_the_size_of_a_slot(parts: list[tuple[int, bool]], slot: int) -> None:
    content = noise(1, 9000)
    with pytest.MonkeyPatch.context() as patch:
        # The processes have slots of the usual size; this side uses a part of each.
        patch.setattr(process_sink, "_USED", slot)
        _both([(content[:size], ends) for size, ends in parts])


@pytest.mark.parametrize("size", [1, SLOT_SIZE - 1, SLOT_SIZE, SLOT_SIZE + 1, 9 * SLOT_SIZE])
def test_the_same_layer_around_the_size_of_a_slot(size: int) -> None:
    content = noise(1, size // 2) + bytes(size - size // 2)
    _both([(content, True), (b"x", True), (content[:1000], False)])


def test_frames_that_do_not_fit_a_slot_go_through_the_pipe() -> None:
    """A frame of 20 random bytes has more than 20 bytes, and what has no pattern becomes longer."""
    content = noise(1, SLOT_SIZE)
    _both([*((content[20 * number : 20 * number + 20], True) for number in range(SLOT_SIZE // 20)), (content, True)])


def _write_slots(sink: ProcessSink, count: int) -> None:
    content = noise(1, SLOT_SIZE)
    for _ in range(count):
        sink.content(content, True)
        sink.close()
    sink.settle()


@pytest.mark.parametrize("which", ["compress", "digest"])
def test_a_process_that_dies_is_an_error_and_not_the_end_of_the_blob(which: str) -> None:
    made = ProcessSink(io.BytesIO(), LEVEL, True)
    try:
        made.content(noise(1, SLOT_SIZE) + b"more", True)
        assert made._processes is not None
        os.kill(getattr(made._processes, which).pid, signal.SIGKILL)
        with pytest.raises(OSError, match="ended before its work was done"):
            _write_slots(made, 20)
    finally:
        made.end()


@pytest.mark.parametrize("slots", [2, 20])
def test_what_the_output_raises_is_raised(slots: int) -> None:
    before = threading.active_count()
    made = ProcessSink(cast("BinaryIO", _Full()), LEVEL, True)
    try:
        with pytest.raises(OSError, match="No space left"):
            _write_slots(made, slots)
    finally:
        made.end()
    assert threading.active_count() == before


def test_a_process_that_dies_ends_a_build_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(DigestProcess):
        def put(self, slot: int, size: int, operations: bytes, names: bytes) -> None:
            os.kill(self.pid, signal.SIGKILL)
            super().put(slot, size, operations, names)

    monkeypatch.setattr(process_sink, "DigestProcess", Killed)
    (tmp_path / "a").write_bytes(noise(1, 3 * SLOT_SIZE))
    (tmp_path / "tree").mkdir()
    (tmp_path / "a").rename(tmp_path / "tree" / "a")
    done = CliRunner().invoke(app, ["build", str(tmp_path / "tree"), "-o", f"oci:{tmp_path / 'layout'}"])
    assert done.exit_code == 2
    assert "the process for digests ended before its work was done" in done.output


def test_a_second_process_that_cannot_be_started_ends_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    started: list[CompressProcess] = []

    class Started(CompressProcess):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            started.append(self)

    before = threading.active_count()
    monkeypatch.setattr(process_sink, "CompressProcess", Started)
    monkeypatch.setattr(process_sink, "DigestProcess", fail)
    made = ProcessSink(io.BytesIO(), LEVEL, True)
    with pytest.raises(OSError, match="temporarily unavailable"):
        made.content(noise(1, SLOT_SIZE + 1), True)
    made.end()
    assert threading.active_count() == before
    with pytest.raises(ProcessLookupError):
        os.kill(started[0].pid, 0)
