"""The frame map and the footer (docs/format.md sections 9.1 and 9.4)."""

import io
import struct

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from conformance.format.errors import FormatError
from conformance.format.footer import Footer, FooterForm
from conformance.format.frames import FrameKind, FrameScanner, map_frames, skippable
from conformance.format.positions import Position, TocPosition
from tests.format.layer import golden


@pytest.mark.parametrize("image", [golden.CURRENT, golden.LEGACY])
@pytest.mark.parametrize("index", [0, 1])
def test_golden_layers_are_frames_from_end_to_end(image: str, index: int) -> None:
    layer = golden.layers(image)[index]
    found = map_frames(layer.blob)
    assert found == map_frames(io.BytesIO(layer.blob))
    assert [frame.offset for frame in found.frames] == [0, *(frame.end for frame in found.frames[:-1])]
    assert found.frames[-1].end == len(layer.blob)
    assert all(frame.checksum is not None and frame.dictionary_id == 0 for frame in found.data)
    large = 8 * 2**20 if image == golden.CURRENT else 32 * 2**20
    assert {frame.window for frame in found.data if frame.content_size is None} <= {1024, large}
    last = found.frames[-1]
    footer = Footer.parse(layer.blob[last.payload_offset : last.payload_end])
    assert footer.positions == layer.positions, "golden footers state what the annotations state"
    assert footer.form is (FooterForm.CURRENT if image == golden.CURRENT else FooterForm.FIRST)
    assert footer.build() == layer.blob[last.payload_offset :]


def test_a_golden_layer_has_a_frame_without_content() -> None:
    empty = [
        frame
        for layer in golden.layers(golden.CURRENT)
        for frame in map_frames(layer.blob).data
        if frame.known_size == 0
    ]
    assert len(empty) == 1, "docs/format.md section 9.1 names exactly one"


@given(st.lists(st.tuples(st.binary(max_size=300), st.booleans(), st.booleans()), max_size=5), st.integers(1, 50))
def test_frames_of_any_making_are_mapped_whatever_the_pieces(frames: list[tuple[bytes, bool, bool]], step: int) -> None:
    blob, ends, sizes = b"", [], []
    for content, checksum, with_size in frames:
        compressor = zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=with_size)
        blob += compressor.compress(content) + skippable(content)
        ends.append(len(blob))
        sizes.append(len(content))
    found = map_frames(blob[start : start + step] for start in range(0, len(blob), step))
    assert found == map_frames(blob)
    assert [frame.end for frame in found.skippable] == ends
    assert [frame.payload_size for frame in found.skippable] == sizes
    for frame, (content, checksum, _) in zip(found.data, frames, strict=True):
        assert (frame.checksum is not None) == checksum
        assert frame.content_size in (None, len(content))
        assert frame.known_size in (None, len(content))


@given(st.integers(100_000, 2_000_000), st.integers(0, 2**32))
def test_long_frames_of_many_blocks_are_walked(size: int, seed: int) -> None:
    content = seed.to_bytes(8, "big") * (size // 8)
    compressor = zstandard.ZstdCompressor().compressobj()
    blob = compressor.compress(content) + compressor.flush()
    (frame,) = map_frames(blob).frames
    assert (frame.end, frame.content_size) == (len(blob), None)
    assert frame.window == zstandard.get_frame_parameters(blob).window_size


HEADER = b"\x28\xb5\x2f\xfd"
MALFORMED = {
    "no magic": (b"nonsense", "byte 0"),
    "bytes after the last frame": (skippable(b"x") + b"\x00", "byte 9"),
    "other bytes between": (skippable(b"x") + b"\x00\x00\x00\x00" + skippable(b"x"), "byte 9"),
    "reserved bit": (HEADER + b"\x28\x00\x01\x00\x00", "byte 4"),
    "reserved block type": (HEADER + b"\x20\x00\x07\x00\x00", "byte 6"),
    "block over its window": (HEADER + b"\x00\x00" + (2000 << 3 | 1).to_bytes(3, "little") + bytes(2000), "byte 6"),
    "cut in a block": (HEADER + b"\x00\x00" + (20 << 3 | 1).to_bytes(3, "little") + bytes(19), "byte 0"),
    "cut in a checksum": (HEADER + b"\x24\x00\x01\x00\x00\x00", "byte 0"),
    "length of 4 GiB": (struct.pack("<II", 0x184D2A50, 2**32 - 1) + b"x", "byte 0"),
    "cut in the magic": (skippable(b"") + HEADER[:3], "byte 8"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_frames_is_refused_with_the_place(name: str) -> None:
    blob, where = MALFORMED[name]
    with pytest.raises(FormatError) as caught:
        map_frames(blob)
    assert caught.value.where == where, f"{name}: {caught.value}"


@given(st.binary(max_size=100), st.booleans())
def test_no_bytes_crash_the_scanner(blob: bytes, framed: bool) -> None:
    try:
        map_frames(HEADER + blob if framed else blob)
    except FormatError:
        return


def test_the_number_of_frames_is_bounded() -> None:
    with pytest.raises(FormatError, match="more than 10 frames"):
        map_frames(skippable(b"") * 11, max_frames=10)


def test_frames_before_an_error_remain_known() -> None:
    scanner = FrameScanner()
    with pytest.raises(FormatError):
        scanner.feed(skippable(b"abc") + b"garbage")
    assert [frame.kind for frame in scanner.frames] == [FrameKind.SKIPPABLE]


def test_ranges_are_found_only_at_boundaries() -> None:
    blob = zstandard.compress(b"a") + zstandard.compress(b"b") + skippable(b"toc")
    found = map_frames(blob)
    first, second, last = found.frames
    assert found.between(first.offset, second.end) == (first, second)
    assert found.between(last.offset, last.end) == (last,)
    assert found.between(second.offset, second.offset) == ()
    for start, end in ((1, second.end), (0, second.end - 1), (second.offset, 0)):
        with pytest.raises(FormatError):
            found.between(start, end)


@given(st.tuples(*[st.integers(0, 2**64 - 1)] * 7), st.sampled_from(list(FooterForm)))
def test_a_footer_survives_its_bytes(numbers: tuple[int, ...], form: FooterForm) -> None:
    split = Position(*numbers[4:]) if form is FooterForm.CURRENT else None
    footer = Footer(form, TocPosition(*numbers[:4]), split)
    assert Footer.parse(footer.build()) == footer


def test_an_invalid_footer_is_refused() -> None:
    good = Footer(FooterForm.CURRENT, TocPosition(8, 1, 1), None).build()
    transitional = Footer(FooterForm.TRANSITIONAL, TocPosition(8, 1, 1)).build()
    bad = [
        b"",
        good[:-1],
        good + b"\x00",
        good[:-1] + b"X",
        good.replace(b"GNUl", b"GnUl"),
        transitional[:-1] + b"\x01",
    ]
    for payload in bad:
        with pytest.raises(FormatError):
            Footer.parse(payload)
