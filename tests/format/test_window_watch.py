"""The matches of zstd frames: their distances, the windows that they may not leave, and what is inspected of them."""

import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard

from conformance.format import unpack, window_watch
from conformance.format.errors import FormatError
from conformance.format.frames import map_frames
from conformance.format.unpack import FrameTable, LayerUnpacker
from conformance.format.window_watch import FarMatch
from conformance.format.zstd_matches import Matches
from conformance.images.trees import noise

TEXT = b"".join(b"line %d of a text that repeats itself, %d times\n" % (number, number % 97) for number in range(9000))
CONTENTS = {
    "nothing": b"",
    "one byte": b"a",
    "zeros": bytes(500_000),
    "noise": noise(1, 300_000),
    "text": TEXT,
    "twice": noise(2, 90_000) + b"between" + noise(2, 90_000),
}
REACH = 600_004


def far_frame(window: int) -> bytes:
    """A frame with a match of 600,004 bytes back that declares this window (its exponent of 2)."""
    once = noise(3, 600_000)
    options = zstandard.ZstdCompressionParameters(window_log=21, write_content_size=False)
    encoder = zstandard.ZstdCompressor(compression_params=options).compressobj()
    frame = encoder.compress(once + b"tail" + once[:300_000]) + encoder.flush()
    return frame[:5] + bytes([(window - 10) << 3]) + frame[6:]


def matches_of(frame: bytes) -> Matches:
    (found,) = map_frames(frame).frames
    matches, at = Matches(), found.payload_offset
    while at < found.payload_end:
        header = int.from_bytes(frame[at : at + 3], "little")
        kind, size = header >> 1 & 3, header >> 3
        at += 3
        if kind == 2:
            matches.block(frame[at : at + size])
        else:
            matches.plain(size)
        at += 1 if kind == 1 else size
    return matches


def table_of(pieces: Iterable[bytes]) -> FrameTable:
    unpacker = LayerUnpacker(limit=2**30, watch=True)
    for piece in pieces:
        for _ in unpacker.feed(piece):
            pass
    list(unpacker.finish())
    return unpacker.table


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("level", [-5, 1, 3, 7, 13, 19])
def test_the_sequences_give_the_size_of_the_content(content: bytes, level: int) -> None:
    matches = matches_of(zstandard.ZstdCompressor(level=level, write_checksum=True).compress(content))
    assert matches.size == len(content)
    assert matches.farthest <= len(content)


@pytest.mark.parametrize("window", [10, 12, 15, 17])
def test_an_encoder_stays_within_its_window(window: int) -> None:
    options = zstandard.ZstdCompressionParameters(window_log=window, write_content_size=False)
    encoder = zstandard.ZstdCompressor(compression_params=options).compressobj()
    frame = encoder.compress(TEXT) + encoder.flush()
    assert 0 < matches_of(frame).farthest <= 2**window
    assert table_of([frame]).far == []


def test_the_distance_of_a_far_match_is_found() -> None:
    assert matches_of(far_frame(21)).farthest == REACH


@pytest.mark.parametrize("batch", [4 * 2**20, 1024])
@pytest.mark.parametrize("piece", [2**20, 10_000])
def test_a_match_beyond_the_window_is_found_however_the_frame_is_read(
    batch: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "_BATCH", batch)
    monkeypatch.setattr("conformance.format.frames.CUT_BLOCKS", 2)
    first, frame = zstandard.compress(b"first"), far_frame(19)
    blob = first + frame + zstandard.compress(b"last")
    table = table_of(blob[start : start + piece] for start in range(0, len(blob), piece))
    assert table.far == [FarMatch(len(first), 2**19, REACH)]
    assert not table.unwatched


@pytest.mark.parametrize("held", [0, 2**30])
def test_blocks_wait_until_the_content_is_larger_than_the_window(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_watch, "MAX_HELD", held)
    monkeypatch.setattr("conformance.format.frames.CUT_BLOCKS", 1)
    assert [match.distance for match in table_of([far_frame(19)]).far] == [REACH]
    assert table_of([far_frame(20)]).far == []


def test_no_more_sequences_are_inspected_than_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_watch, "MAX_SEQUENCES", 1)
    options = zstandard.ZstdCompressionParameters(window_log=10, write_content_size=False)
    encoder = zstandard.ZstdCompressor(compression_params=options).compressobj()
    frame = encoder.compress(TEXT) + encoder.flush()
    assert table_of([frame]).unwatched


def test_damaged_sequences_end_the_inspection_without_an_error() -> None:
    options = zstandard.ZstdCompressionParameters(window_log=10, write_content_size=False)
    encoder = zstandard.ZstdCompressor(compression_params=options).compressobj()
    frame = encoder.compress(TEXT[:20_000]) + encoder.flush()
    for place in range(6, len(frame), 7):
        damaged = frame[:place] + bytes([frame[place] ^ 0x55]) + frame[place + 1 :]
        with suppress(FormatError):
            matches_of(damaged)


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not on this machine")
def test_decoders_give_different_contents_of_such_a_frame(tmp_path: Path) -> None:
    frame = far_frame(18)
    once = noise(3, 600_000)
    path = tmp_path / "frame.zst"
    path.write_bytes(frame)
    program = subprocess.run(["zstd", "-dcq", str(path)], capture_output=True, check=True, timeout=60).stdout
    library = zstandard.ZstdDecompressor().decompress(frame, max_output_size=2**21)
    assert program != library or library != once + b"tail" + once[:300_000]
    assert table_of([far_frame(19)]).far
