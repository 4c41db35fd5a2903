"""The threads that read a layer: whatever one of them meets, all end."""

import io
import threading
from collections.abc import Iterator

import pytest

from conformance.format.toc import Toc
from conformance.images.layer_draft import conforming_layer, finish_layer
from conformance.sources import pipeline, unpacking
from tests.whole_layer import Bounds, read_whole

BLOB = finish_layer(conforming_layer()).blob
MANY = BLOB * 40
LARGE = Bounds(2**40, 2**40)


class Broken(io.BytesIO):
    """A blob that cannot be read to its end."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError("the disk is gone")
        return super().read(100 if size is None else min(size, 100))


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("zcc-")]


def test_a_layer_is_read_to_its_end() -> None:
    told: list[int] = []
    seen = read_whole(io.BytesIO(BLOB), None, None, LARGE, told.append)
    assert seen.is_complete
    assert (seen.blob_size, sum(told)) == (len(BLOB), len(BLOB))
    assert threads() == []


def test_what_reading_raises_is_raised_here() -> None:
    with pytest.raises(OSError, match="the disk is gone"):
        read_whole(Broken(BLOB), None, None, LARGE)
    assert threads() == []


def test_what_progress_raises_is_raised_here() -> None:
    def progress(_: int) -> None:
        raise RuntimeError("no terminal")

    with pytest.raises(RuntimeError, match="no terminal"):
        read_whole(io.BytesIO(BLOB), None, None, LARGE, progress)
    assert threads() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_when_the_comparison_ends_early_nothing_more_is_read(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def examine(pieces: Iterator[bytes], _toc: Toc | None, _records: None) -> None:
        next(pieces)
        raise error

    monkeypatch.setattr(pipeline, "examine", examine)
    monkeypatch.setattr(unpacking, "READ", 2**10)
    monkeypatch.setattr("conformance.format.unpack._BATCH", 2**10)
    blob = io.BytesIO(MANY)
    with pytest.raises(error):
        read_whole(blob, None, None, LARGE)
    assert blob.tell() < len(MANY)
    assert threads() == []


def test_a_failing_hash_stops_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hash:
        def update(self, _: bytes) -> None:
            raise MemoryError

        def hexdigest(self) -> str:
            return ""

    monkeypatch.setattr("conformance.sources.unpacking.hashlib.sha256", Hash)
    monkeypatch.setattr(unpacking, "READ", 2**10)
    monkeypatch.setattr("conformance.format.unpack._BATCH", 2**10)
    with pytest.raises(MemoryError):
        read_whole(io.BytesIO(MANY), None, None, LARGE)
    assert threads() == []
