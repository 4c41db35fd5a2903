"""Layers of any compression as tar streams; frames and where they begin; pieces; decompression at its limits."""

import gzip
import zlib

import pytest
import zstandard

from conformance.format.decompress import MAX_WINDOW, WindowError, decompress, iterate
from conformance.format.errors import ChecksumError, FormatError, LimitError, StructureError
from conformance.format.frames import skippable
from conformance.format.layer_streams import tar_stream
from conformance.format.piece_stream import PieceStream
from conformance.format.spans import united
from conformance.format.unpack import MAX_KEPT, LayerUnpacker
from conformance.images.bombs import zeros_frame

TAR = b"some bytes of a tar" * 50


def gzipped(content: bytes) -> bytes:
    """The same bytes at any time: they are in the names of tests."""
    return gzip.compress(content, mtime=0)


def pieces(blob: bytes, step: int) -> list[bytes]:
    return [blob[start : start + step] for start in range(0, len(blob), step)]


def unpacked(unpacker: LayerUnpacker, blob: list[bytes]) -> bytes:
    tar = b"".join(out for piece in blob for out in unpacker.feed(piece))
    return tar + b"".join(unpacker.finish())


@pytest.mark.parametrize("step", [1, 100, 10**6])
@pytest.mark.parametrize(
    ("compression", "blob"),
    [
        ("uncompressed", TAR),
        ("gzip", gzipped(TAR)),
        ("gzip", gzipped(TAR[:100]) + gzipped(b"") + gzipped(TAR[100:])),
        ("zstd", zstandard.compress(TAR)),
        ("zstd", zstandard.compress(TAR[:100]) + skippable(b"x") + zstandard.compress(TAR[100:])),
    ],
)
def test_a_layer_of_any_compression_is_read(compression: str, blob: bytes, step: int) -> None:
    assert b"".join(tar_stream(compression, pieces(blob, step), len(TAR))) == TAR
    with pytest.raises(LimitError, match="decompresses to more than"):
        list(tar_stream(compression, pieces(blob, step), len(TAR) - 1))


def test_gzip_comes_in_pieces_of_a_mebibyte_at_most() -> None:
    found = list(tar_stream("gzip", [gzipped(bytes(3 * 2**20 + 5))], 2**30))
    assert sum(map(len, found)) == 3 * 2**20 + 5
    assert max(map(len, found)) <= 2**20


def test_nothing_is_a_layer_without_a_tar() -> None:
    for compression in ("gzip", "zstd", "uncompressed"):
        assert list(tar_stream(compression, [], 0)) == []
        assert b"".join(tar_stream(compression, [b""], 0)) == b""


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        (gzipped(TAR)[:-1], "the layer ends in the middle of a gzip stream"),
        (gzipped(TAR) + b"\x1f", "the layer ends in the middle of a gzip stream"),
        (gzipped(TAR) + b"junk", "the layer is not valid gzip: "),
        (zlib.compress(TAR), "the layer is not valid gzip: "),
    ],
)
def test_a_damaged_gzip_layer_is_refused(blob: bytes, words: str) -> None:
    for step in (1, 10**6):
        with pytest.raises(FormatError, match=words):
            list(tar_stream("gzip", pieces(blob, step), 2**20))


def test_pieces_are_read_as_a_file() -> None:
    stream = PieceStream([b"abc", b"", b"de", b""])
    assert [bytes(stream.read(count)) for count in (2, 2, 1, 5, 5)] == [b"ab", b"c", b"d", b"e", b""]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([(3, 5), (0, 2)], [(0, 2), (3, 5)]),
        ([(0, 2), (2, 4)], [(0, 4)]),
        ([(0, 9), (2, 4)], [(0, 9)]),
        ([(0, 3), (1, 4), (6, 7), (7, 8)], [(0, 4), (6, 8)]),
    ],
)
def test_spans_that_touch_are_one(given: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert united(given) == expected


def test_where_frames_begin_in_blob_and_tar() -> None:
    parts = [zstandard.compress(b"abc"), skippable(b"12345"), zstandard.compress(b"defgh"), skippable(b"")]
    starts = [sum(map(len, parts[:count])) for count in range(5)]
    for step in (1, 7, 10**6):
        unpacker = LayerUnpacker(limit=8)
        tar = unpacked(unpacker, pieces(b"".join(parts), step))
        table = unpacker.table
        assert (tar, unpacker.size) == (b"abcdefgh", 8)
        assert (list(table.offsets), list(table.tar_offsets)) == (starts, [0, 3, 3, 8, 8])
        assert [table.index_of(start) for start in starts] == [0, 1, 2, 3, 4]
        assert [table.tar_offset_at(start) for start in starts] == [0, 3, 3, 8, 8]
        assert [table.index_of(start + 1) for start in starts] == [None] * 5
        assert table.tar_offset_at(1) is None
        assert (table.data_count, table.skippable_count, table.last_data_end) == (2, 2, starts[3])
        assert table.first is not None
        assert (table.first.offset, table.first.end) == (0, starts[1])
        assert [frame.offset for frame in table.skippable] == [starts[1], starts[3]]
        assert (table.skippable[0].payload_offset, table.skippable[0].payload_size) == (starts[1] + 8, 5)


def test_the_last_skippable_frames_are_recorded() -> None:
    unpacker = LayerUnpacker(limit=0)
    assert list(unpacker.feed(skippable(b"") * (MAX_KEPT + 6))) == []
    assert list(unpacker.finish()) == []
    table = unpacker.table
    assert (MAX_KEPT, table.skippable_count, len(table.skippable)) == (64, 70, 64)
    assert [table.skippable[place].offset for place in (0, -1)] == [6 * 8, 69 * 8]
    assert (table.last_data_end, table.data_count) == (0, 0)


def test_the_tar_is_bounded() -> None:
    frame = zstandard.compress(b"abc")
    assert list(LayerUnpacker(limit=3).feed(frame)) == []
    unpacker = LayerUnpacker(limit=5)
    with pytest.raises(LimitError, match="decompresses to more than the 5 bytes it can account for"):
        list(unpacker.feed(frame * 2))
    assert (unpacker.table.data_count, list(unpacker.table.offsets)) == (2, [0, len(frame)])


def test_a_batch_is_passed_on_when_it_has_4_mebibytes() -> None:
    half = zeros_frame(2 * 2**20)
    unpacker = LayerUnpacker(limit=2**30)
    assert list(unpacker.feed(half)) == []
    assert [len(each) for each in unpacker.feed(half)] == [4 * 2**20]
    assert [len(each) for each in unpacker.feed(half + half + half)] == [4 * 2**20]
    assert [len(each) for each in unpacker.finish()] == [2 * 2**20]
    more = zeros_frame(3 * 2**20)
    assert [len(each) for each in LayerUnpacker(limit=2**30).feed(more * 5)] == [6 * 2**20] * 2


@pytest.mark.parametrize("blocks", [1, 31, 32, 33, 64, 100])
@pytest.mark.parametrize("step", [1, 700, 10**6])
def test_frames_of_many_blocks_between_others_are_read(blocks: int, step: int) -> None:
    content = bytes(range(1, 201)) * blocks
    stored = [content[start : start + 200] for start in range(0, len(content), 200)]
    body = b"".join(
        (len(part) << 3 | (place == blocks - 1)).to_bytes(3, "little") + part for place, part in enumerate(stored)
    )
    long = b"\x28\xb5\x2f\xfd\0\x40" + body
    parts = [zstandard.compress(b"abc"), long, skippable(b"x" * 300), long, zstandard.compress(b"de")]
    unpacker = LayerUnpacker(limit=10**6)
    assert unpacked(unpacker, pieces(b"".join(parts), step)) == b"abc" + content * 2 + b"de"
    starts = [sum(map(len, parts[:count])) for count in range(6)]
    size = len(content)
    assert list(unpacker.table.offsets) == starts
    assert list(unpacker.table.tar_offsets) == [0, 3, 3 + size, 3 + size, 3 + 2 * size, 5 + 2 * size]
    assert unpacker.table.last_data_end == starts[5]


def test_a_long_frame_is_passed_on_in_batches() -> None:
    wide = zeros_frame(9 * 2**20)
    assert [len(each) for each in LayerUnpacker(limit=2**30).feed(wide)] == [4 * 2**20, 4 * 2**20]


@pytest.mark.parametrize("step", [1, 10**6])
def test_a_damaged_frame_is_refused_with_its_place(step: int) -> None:
    good = zstandard.compress(b"abc")
    sealed = zstandard.ZstdCompressor(write_checksum=True).compress(b"abcdefgh" * 9)
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for blob, kind, words in (
        (good + broken, ChecksumError, "a zstd frame does not decompress: "),
        (good + sealed[:-1], StructureError, "the blob ends in the middle of this frame"),
        (good + b"abcdefgh", StructureError, "no frame begins here"),
    ):
        unpacker = LayerUnpacker(limit=2**20)
        with pytest.raises(FormatError) as caught:
            unpacked(unpacker, pieces(blob, step))
        assert type(caught.value) is kind
        assert caught.value.what.startswith(words)
        assert caught.value.where == f"byte {len(good)}"


def test_a_payload_is_decompressed_within_its_limit() -> None:
    payload = zstandard.compress(b"abc") + skippable(b"x") + zstandard.compress(b"de")
    assert decompress(payload, limit=5) == b"abcde"
    with pytest.raises(LimitError, match=r"^byte [0-9]+: it decompresses to more than 4 bytes$"):
        decompress(payload, limit=4, what="it")
    assert decompress(zstandard.compress(b""), limit=0) == b""


@pytest.mark.parametrize(
    ("payload", "words", "where"),
    [
        (b"", "it is empty: there is no zstd frame in it", ""),
        (zstandard.compress(TAR)[:-3], "it ends in the middle of a zstd frame", "end"),
        (zstandard.compress(TAR) + b"\x28\xb5", "it ends in the middle of a zstd frame", "end"),
        (b"not zstd", "it is not valid zstd: ", "byte 0"),
        (zstandard.compress(TAR) + b"not zstd", "it is not valid zstd: ", f"byte {len(zstandard.compress(TAR))}"),
    ],
)
def test_a_payload_that_is_not_zstd_is_refused(payload: bytes, words: str, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        decompress(payload, limit=2**20, what="it")
    assert caught.value.what.startswith(words)
    assert caught.value.where == (f"byte {len(payload)}" if where == "end" else where)


def test_windows_are_bounded_by_the_format_and_by_the_caller() -> None:
    assert MAX_WINDOW == 128 * 1024 * 1024
    params = zstandard.ZstdCompressionParameters(window_log=20)
    wide = zstandard.ZstdCompressor(compression_params=params).compressobj()
    payload = wide.compress(bytes(3 * 2**20)) + wide.flush()
    assert sum(map(len, iterate(payload, limit=2**30, window=2**20))) == 3 * 2**20
    with pytest.raises(WindowError, match=rf"^it needs a window of more than {2**19} bytes$"):
        list(iterate(payload, limit=2**30, what="it", window=2**19))
    short = zstandard.ZstdCompressor(compression_params=params).compressobj()
    little = short.compress(bytes(2**19)) + short.flush()
    assert sum(map(len, iterate(little * 3, limit=2**30, window=2**19))) == 3 * 2**19
    with pytest.raises(FormatError, match=r"^byte 0: it is not valid zstd: ") as caught:
        list(iterate(b"not zstd", limit=2**30, what="it", window=2**19))
    assert not isinstance(caught.value, WindowError)
    beyond = b"\x28\xb5\x2f\xfd\x00" + bytes([18 << 3]) + b"\x01\x00\x00"
    with pytest.raises(FormatError, match=r"^byte 0: it is not valid zstd: .*too much memory") as caught:
        list(iterate(beyond, limit=2**30, what="it"))
    assert not isinstance(caught.value, WindowError)
