"""Reading a whole layer: a process or a thread beside the comparison gives the same, and neither is left behind."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
import zstandard

from conformance.cases.mutants.layers import _frames as mutants
from conformance.format.digest import Digest
from conformance.format.errors import FormatError, LimitError, StructureError
from conformance.format.examine import examine
from conformance.images.layer_draft import LayerDraft, conforming_layer, finish_layer
from conformance.observed.layer import WholeLayer
from conformance.sources import pipeline
from conformance.sources.unpack_worker import UnpackWorker
from tests.whole_layer import Bounds, read_whole

LARGE = Bounds(2**40, 2**40)
SMALL = Bounds(2**24, 2**40)
DRAFTS: tuple[Callable[[], LayerDraft], ...] = (
    conforming_layer,
    mutants.bytes_between_frames,
    mutants.frame_with_a_dictionary,
    mutants.frame_checksum_flipped,
    mutants.window_of_256_mib,
    mutants.another_skippable_magic,
)


def told(whole: WholeLayer) -> tuple[object, ...]:
    """All that was found, to be compared."""
    frames, examined = whole.frames, whole.examined
    problems = [(type(problem), str(problem)) for problem in (whole.problem, examined.problem)]
    numbers = (frames.data_count, frames.skippable_count, frames.last_data_end, frames.first)
    lists = (frames.skippable, frames.wide, frames.with_dictionary, list(frames.offsets), list(frames.tar_offsets))
    sizes = (whole.blob_digest, whole.blob_size, whole.diff_id, whole.tar_size, examined.members, examined.size)
    return (*problems, *numbers, *lists, *sizes)


def on_disk(tmp_path: Path, blob: bytes) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(blob)
    return path


def read_by_worker(path: Path, monkeypatch: pytest.MonkeyPatch, bounds: Bounds = LARGE) -> WholeLayer:
    monkeypatch.setattr(pipeline, "LARGE", 0)
    with path.open("rb") as blob:
        return read_whole(blob, None, None, bounds)


@pytest.mark.parametrize("make", DRAFTS, ids=lambda make: make.__name__)
def test_a_process_finds_what_a_thread_finds(
    make: Callable[[], LayerDraft], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = finish_layer(make()).blob
    by_thread = read_whole(io.BytesIO(blob), None, None, LARGE)
    assert told(read_by_worker(on_disk(tmp_path, blob), monkeypatch)) == told(by_thread)


def test_content_of_many_batches_comes_whole_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 2**19
    frames = [zstandard.compress(content[start : start + 2**20]) for start in range(0, len(content), 2**20)]
    path = on_disk(tmp_path, b"".join(frames))
    with path.open("rb") as blob, UnpackWorker(blob, LARGE.of_blob) as worker:
        worker.limit(LARGE.tar)
        read = b"".join(bytes(batch) for batch in worker.batches())
        assert worker.result().tar_size == len(content)
    assert read == content


@pytest.mark.parametrize("by_process", [False, True])
def test_a_bomb_is_stopped_at_the_limit(by_process: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = on_disk(tmp_path, zstandard.ZstdCompressor(level=1).compress(bytes(256 * 2**20)))
    if by_process:
        whole = read_by_worker(path, monkeypatch, SMALL)
    else:
        whole = read_whole(io.BytesIO(path.read_bytes()), None, None, SMALL)
    assert isinstance(whole.problem, LimitError)
    assert whole.blob_size == path.stat().st_size


class Unreadable(io.BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


def test_the_limit_may_follow_after_the_blob_is_unpacked(tmp_path: Path) -> None:
    path = on_disk(tmp_path, zstandard.compress(bytes(2**20)))
    with path.open("rb") as blob, UnpackWorker(blob, LARGE.of_blob) as worker:
        time.sleep(1)  # the whole blob fits into the slots
        worker.limit(2**19)
        assert sum(len(batch) for batch in worker.batches()) == 2**20
        assert isinstance(worker.result().problem, LimitError)


def test_what_reading_the_blob_raises_is_raised_and_no_thread_is_left() -> None:
    before = threading.active_count()
    with pytest.raises(OSError, match="Input/output"):
        read_whole(Unreadable(), None, None, LARGE)
    assert threading.active_count() == before


def test_when_the_comparison_breaks_no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(pieces: Iterator[bytes], *_: object) -> None:
        next(pieces)
        raise RuntimeError("broken")

    before = threading.active_count()
    monkeypatch.setattr(pipeline, "examine", broken)
    blob = zstandard.compress(bytes(64 * 2**20)) + finish_layer(conforming_layer()).blob
    with pytest.raises(RuntimeError, match="broken"):
        read_whole(io.BytesIO(blob), None, None, LARGE)
    assert threading.active_count() == before


def test_a_worker_that_dies_is_an_error_and_not_the_end_of_the_blob(tmp_path: Path) -> None:
    path = on_disk(tmp_path, b"".join(zstandard.compress(os.urandom(2**20)) for _ in range(64)))
    with path.open("rb") as blob, UnpackWorker(blob, LARGE.of_blob) as worker:
        worker.limit(LARGE.tar)
        batches = worker.batches()
        next(batches)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(OSError, match="ended before its work was done"):
            examine(batches, None, None)


def test_a_file_that_cannot_be_read_is_an_error_of_the_worker_too(tmp_path: Path) -> None:
    file = os.open(tmp_path, os.O_RDONLY)

    class Directory(io.BytesIO):
        def fileno(self) -> int:
            return file

    blob: BinaryIO = Directory()
    with UnpackWorker(blob, LARGE.of_blob) as worker:
        worker.limit(LARGE.tar)
        with pytest.raises(OSError, match="directory"):
            list(worker.batches())
    os.close(file)


def test_a_worker_without_a_reader_ends(tmp_path: Path) -> None:
    path = on_disk(tmp_path, b"".join(zstandard.compress(os.urandom(2**20)) for _ in range(64)))
    script = (
        "import os, sys\n"
        "from conformance.sources.unpack_worker import UnpackWorker\n"
        "from conformance.sources.unpacking import BlobBounds\n"
        "worker = UnpackWorker(open(sys.argv[1], 'rb'), BlobBounds(2**40))\n"
        "worker.limit(2**40)\n"
        "print(worker.pid, flush=True)\n"
        "next(worker.batches())\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=60, check=True)
    pid = int(done.stdout)
    while True:  # until it has noticed
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return


def test_a_directory_of_that_name_where_the_user_stands_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conformance").mkdir()
    (tmp_path / "conformance" / "__init__.py").write_text("raise SystemExit('not ours')")
    monkeypatch.chdir(tmp_path)
    whole = read_by_worker(on_disk(tmp_path, finish_layer(conforming_layer()).blob), monkeypatch)
    assert whole.is_complete


def test_kinds_of_errors_survive_the_way_from_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_by_worker(on_disk(tmp_path, b"no frames at all"), monkeypatch)
    assert isinstance(whole.problem, StructureError)
    assert isinstance(whole.problem, FormatError)
    assert whole.problem.where == "byte 0"


@pytest.mark.parametrize("by_process", [False, True])
def test_a_blob_that_grows_while_it_is_read_is_given_up(
    by_process: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = on_disk(tmp_path, zstandard.compress(os.urandom(2**20)) * 4)
    monkeypatch.setattr(pipeline, "LARGE", 0 if by_process else 2**40)
    with path.open("rb") as blob, pytest.raises(OSError, match="more than 1000 bytes"):
        read_whole(blob, None, None, Bounds(2**40, 1000))


def test_a_digest_of_another_algorithm_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = finish_layer(conforming_layer()).blob
    whole = read_by_worker(on_disk(tmp_path, blob), monkeypatch, Bounds(2**40, 2**40, "sha512"))
    assert whole.blob_digest == str(Digest.of(blob, "sha512"))
