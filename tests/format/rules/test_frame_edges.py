"""Frames that are built by hand, field by field (RFC 8878 section 3.1.1), mapped whole and byte by byte."""

import io

import pytest

from conformance.format.decompress import MAX_WINDOW
from conformance.format.errors import FormatError, StructureError
from conformance.format.frames import (
    CUT_BLOCKS,
    MAX_BLOCK,
    Frame,
    FrameKind,
    FrameMap,
    FrameScanner,
    map_frames,
    skippable,
)

MAGIC = b"\x28\xb5\x2f\xfd"
RAW, RLE, COMPRESSED, RESERVED = range(4)
Block = tuple[int, int]


def blocks(*of: Block) -> bytes:
    """Blocks of a kind and a size each; the last one is marked as such. Their content is zeros."""
    made = b""
    for number, (kind, size) in enumerate(of, 1):
        header = size << 3 | kind << 1 | (number == len(of))
        made += header.to_bytes(3, "little") + bytes(1 if kind == RLE else size)
    return made


def frame(descriptor: int, fields: bytes, *of: Block, checksum: bytes = b"") -> bytes:
    return MAGIC + bytes([descriptor]) + fields + blocks(*of) + checksum


def both_ways(blob: bytes) -> FrameMap:
    """The map, which is the same for the whole blob, for single bytes, and for pieces that end anywhere."""
    found = map_frames(blob)
    assert map_frames([blob[at : at + 1] for at in range(len(blob))]) == found
    for step in (3, 7):
        assert map_frames([blob[at : at + step] for at in range(0, len(blob), step)]) == found
    for at in range(len(blob)):
        assert map_frames([blob[:at], blob[at:]]) == found
    return found


# Descriptor, fields behind it, window, content size, dictionary.
HEADERS = {
    "window of 1 KiB": (0x00, b"\x00", 1024, None, 0),
    "window of an eighth more": (0x00, b"\x01", 1152, None, 0),
    "window of 1.75 KiB and more": (0x00, b"\x0f", 2048 + 7 * 256, None, 0),
    "window of 8 MiB": (0x00, b"\x68", 8 * 2**20, None, 0),
    "largest window": (0x00, b"\xff", (1 << 41) + 7 * (1 << 38), None, 0),
    "unused bit": (0x10, b"\x00", 1024, None, 0),
    "size in one byte": (0x20, b"\x09", 9, 9, 0),
    "size in two bytes, from 256": (0x60, b"\x00\x00", 256, 256, 0),
    "size in two bytes": (0x60, b"\x01\x02", 256 + 0x201, 256 + 0x201, 0),
    "size in four bytes": (0xA0, b"\x01\x02\x00\x00", 0x201, 0x201, 0),
    "size in eight bytes": (0xE0, b"\x01\x02\x00\x00\x00\x00\x00\x00", 0x201, 0x201, 0),
    "window and size in two bytes": (0x40, b"\x00\x05\x00", 1024, 261, 0),
    "window and size in four bytes": (0x80, b"\x08\x05\x00\x00\x00", 2048, 5, 0),
    "dictionary in one byte": (0x01, b"\x00\x07", 1024, None, 7),
    "dictionary in two bytes": (0x02, b"\x00\x07\x01", 1024, None, 0x107),
    "dictionary in four bytes": (0x03, b"\x00\x07\x01\x00\x02", 1024, None, 0x2000107),
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("checksum", [b"", b"\x01\x02\x03\x84"], ids=["no checksum", "checksum"])
@pytest.mark.parametrize("before", [b"", skippable(b"x" * 30)], ids=["first", "second"])
def test_the_header_of_a_frame(name: str, checksum: bytes, before: bytes) -> None:
    descriptor, fields, window, size, dictionary = HEADERS[name]
    made = frame(descriptor | 4 * bool(checksum), fields, (RAW, 9), (RLE, 5), checksum=checksum)
    start = len(before) + 5 + len(fields)
    found = both_ways(before + made + skippable(b"behind"))
    expected = Frame(
        FrameKind.DATA,
        0xFD2FB528,
        len(before),
        len(before) + len(made),
        start,
        start + 3 + 9 + 3 + 1,
        window=window,
        content_size=size,
        known_size=14,
        dictionary_id=dictionary,
        checksum=0x84030201 if checksum else None,
        blocks=2,
    )
    assert found.data == (expected,)
    assert found.size == len(before) + len(made) + 14


@pytest.mark.parametrize("name", [name for name in HEADERS if not name.startswith("dictionary")])
@pytest.mark.parametrize("checksum", [b"", b"\x01\x02\x03\x84"], ids=["no checksum", "checksum"])
@pytest.mark.parametrize("blocks", [1, 2, CUT_BLOCKS - 1])
def test_whole_frames_of_few_blocks_cost_no_walk(
    name: str, checksum: bytes, blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer may have a million frames; a walk takes a step for each field."""
    descriptor, fields, _, size, _ = HEADERS[name]
    many = [(RLE, min(1, 1024 if size is None else size))] * blocks
    made = frame(descriptor | 4 * bool(checksum), fields, *many, checksum=checksum)
    behind = bytes(14)  # the longest header has to be in the piece
    scanner = FrameScanner()
    monkeypatch.setattr(FrameScanner, "_data_frame", None)
    with pytest.raises(StructureError, match="no frame begins here"):
        scanner.feed(made * 3 + behind)
    assert [each.offset for each in scanner.frames] == [0, len(made), 2 * len(made)]
    assert {(each.blocks, each.known_size) for each in scanner.frames} == {(blocks, blocks)}


@pytest.mark.parametrize(
    ("of", "known"),
    [
        (((RAW, 0),), 0),
        (((RAW, 3), (RAW, 4)), 7),
        (((RLE, 1024),), 1024),
        (((COMPRESSED, 3),), None),
        (((RAW, 3), (COMPRESSED, 3), (RAW, 3)), None),
    ],
)
def test_the_size_is_known_without_compressed_blocks(of: tuple[Block, ...], known: int | None) -> None:
    (found,) = both_ways(frame(0, b"\x00", *of)).frames
    assert (found.known_size, found.blocks) == (known, len(of))
    assert found.bound == len(of) * 1024


def test_a_block_is_bounded_by_window_and_format() -> None:
    assert both_ways(frame(0, b"\x00", (RLE, 1024))).frames[0].known_size == 1024
    with pytest.raises(StructureError, match=r"a block of 1025 bytes is larger than the 1024 allowed"):
        map_frames(frame(0, b"\x00", (RLE, 1025)))
    large = map_frames(frame(0, b"\x68", (RLE, MAX_BLOCK))).frames[0]
    assert (large.known_size, large.bound) == (MAX_BLOCK, MAX_BLOCK)
    with pytest.raises(StructureError, match=f"larger than the {MAX_BLOCK} allowed"):
        map_frames(frame(0, b"\x68", (RLE, MAX_BLOCK + 1)))


@pytest.mark.parametrize("step", [1, 10**6])
@pytest.mark.parametrize(
    ("blob", "words", "place"),
    [
        (frame(0x08, b"\x00", (RAW, 0)), "the reserved bit of the frame header is set", 4),
        (frame(0, b"\x00", (RAW, 2), (RESERVED, 0)), "a block has the reserved type 3", 11),
        (b"\x27" + frame(0, b"\x00", (RAW, 0)), "no frame begins here: the magic number is 0x2FB52827", 0),
        (b"\x29\xb5\x2f\xfd" + frame(0, b"\x00", (RAW, 9))[4:], "the magic number is 0xFD2FB529", 0),
        (b"\x27\xb5\x2f\xfd" + frame(0, b"\x00", (RAW, 9))[4:], "the magic number is 0xFD2FB527", 0),
        (b"\x4f\x2a\x4d\x18\0\0\0\0", "no frame begins here: the magic number is 0x184D2A4F", 0),
        (b"\x60\x2a\x4d\x18\0\0\0\0", "no frame begins here: the magic number is 0x184D2A60", 0),
        (frame(0, b"\x00", (RAW, 5))[:-1], "the blob ends in the middle of this frame", 0),
        (skippable(b"") + skippable(b"ab")[:-1], "the blob ends in the middle of this frame", 8),
        (skippable(b"") + b"\x28", "the blob ends in the middle of this frame", 8),
    ],
)
def test_an_invalid_frame_is_refused_at_its_place(blob: bytes, words: str, place: int, step: int) -> None:
    behind = b"" if "ends" in words else bytes(20)
    for before in (b"", skippable(bytes(20)) + frame(0, b"\x00", (RAW, 20))):
        whole = before + blob + behind
        with pytest.raises(FormatError) as raised:
            map_frames([whole[at : at + step] for at in range(0, len(whole), step)])
        assert words in str(raised.value)
        assert raised.value.where == f"byte {len(before) + place}"


@pytest.mark.parametrize("magic", [0x184D2A50, 0x184D2A51, 0x184D2A5F])
def test_all_skippable_magic_numbers_are_known(magic: int) -> None:
    found = both_ways(frame(0, b"\x00", (RAW, 1)) + skippable(b"abc", magic=magic)).frames[1]
    assert found == Frame(FrameKind.SKIPPABLE, magic, 10, 21, 18, 21)
    assert (found.payload_size, found.is_skippable) == (3, True)


def cuts_of(count: int) -> tuple[list[int], list[Frame]]:
    scanner = FrameScanner()
    scanner.feed(frame(0, b"\x00", *((RAW, 1) for _ in range(count))))
    scanner.finish()
    frames, cuts = scanner.take()
    assert scanner.take() == ([], [])
    return cuts, frames


def test_a_frame_of_many_blocks_has_cuts() -> None:
    assert cuts_of(CUT_BLOCKS)[0] == []
    assert cuts_of(CUT_BLOCKS + 1)[0] == [6 + 4 * CUT_BLOCKS]
    assert cuts_of(2 * CUT_BLOCKS)[0] == [6 + 4 * CUT_BLOCKS]
    assert cuts_of(2 * CUT_BLOCKS + 1)[0] == [6 + 4 * CUT_BLOCKS, 6 + 8 * CUT_BLOCKS]
    assert cuts_of(100)[1][0].blocks == 100


@pytest.mark.parametrize("made", [skippable(b""), frame(0, b"\x00", (RAW, 20))], ids=["skippable", "data"])
def test_the_number_of_frames_has_a_limit(made: bytes) -> None:
    assert len(map_frames(made * 3, max_frames=3).frames) == 3
    with pytest.raises(StructureError, match="there are more than 3 frames") as raised:
        map_frames(made * 4 + bytes(20), max_frames=3)
    assert raised.value.where == f"byte {3 * len(made)}"


def test_what_was_scanned_is_known_while_a_frame_is_open() -> None:
    scanner = FrameScanner()
    scanner.feed(skippable(b"abc") + frame(0x20, b"\x09", (RAW, 9))[:-1])
    assert scanner.open_offset == 11
    opened = scanner.open_frame
    assert opened is not None
    assert (opened.offset, opened.payload_offset, opened.end, opened.window, opened.content_size) == (11, 17, 17, 9, 9)
    assert [each.end for each in scanner.frames] == [11]


def test_frames_are_found_by_their_boundaries() -> None:
    found = map_frames(skippable(b"abc") + frame(0, b"\x00", (RAW, 1)) + skippable(b""))
    assert [found.index_of(at) for at in (0, 1, 11, 20, 21, 28, 29, 30)] == [0, None, 1, None, 2, None, 3, None]
    assert found.between(0, 29) == found.frames
    assert found.between(11, 21) == found.frames[1:2]
    assert found.between(11, 11) == ()
    assert [each.payload_offset for each in found.frames if each.is_skippable] == [8, 29]
    for start, end, words in (
        (1, 11, "no frame begins here"),
        (11, 12, "no frame ends here"),
        (21, 11, r"the range \[21, 11\) ends before it begins"),
    ):
        with pytest.raises(FormatError, match=words):
            found.between(start, end)


def test_the_limit_of_a_window_is_that_of_the_format() -> None:
    assert MAX_WINDOW == 2**27


class Asked(io.BytesIO):
    """A file that notes how many bytes are asked for at a time."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.sizes: list[int | None] = []

    def read(self, size: int | None = -1) -> bytes:
        self.sizes.append(size)
        return super().read(size)


def test_a_file_is_read_a_mebibyte_at_a_time() -> None:
    blob = Asked(skippable(bytes(2**20)) + frame(0, b"\x00", (RAW, 1)))
    assert len(map_frames(blob).frames) == 2
    assert blob.sizes == [1_048_576] * 3
