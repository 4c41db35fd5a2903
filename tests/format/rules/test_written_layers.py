"""A layer as the writer places it: frames, chunks and entries, and what the options change."""

import pytest

from conformance.format.decompress import decompress
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.frames import Frame, map_frames
from conformance.format.names import LAYER_ZSTD_TYPE
from conformance.format.oci import Descriptor
from conformance.format.toc import Entry
from conformance.format.writer import DEFAULTS, WriterOptions, layer_from_tar
from conformance.images.trees import Node, noise, tar_of

HOLE = bytes(2048)
WHOLE = WriterOptions(split=False)


def data_frames(blob: bytes) -> tuple[Frame, ...]:
    return map_frames(blob).data


def tars(blob: bytes) -> list[bytes]:
    """The content of each data frame."""
    return [decompress(blob[frame.offset : frame.end], limit=2**30) for frame in data_frames(blob)]


def sizes(blob: bytes) -> list[int]:
    return [len(each) for each in tars(blob)]


@pytest.mark.parametrize(("size", "stated"), [(1, True), (2**20 - 1, True), (2**20, True), (2**20 + 1, False)])
def test_a_frame_of_a_mebibyte_states_its_size(size: int, stated: bool) -> None:
    content = noise(1, size)
    blob, written = layer_from_tar(tar_of((Node("a", content=content),)), WHOLE)
    frame = data_frames(blob)[1]
    assert (frame.content_size is not None) is stated
    if stated:
        assert frame.content_size == size
    assert tars(blob)[1] == content
    assert [(entry.offset, entry.end_offset) for entry in written.toc.entries] == [(frame.offset, frame.end)]


def test_each_file_has_a_frame_of_its_own() -> None:
    tree = (Node("d", "dir"), Node("a", content=b"abc"), Node("e"), Node("b", content=b"de"))
    blob, written = layer_from_tar(tar_of(tree, blocks=1))
    assert sizes(blob) == [1024, 3, 509 + 1024, 2, 510 + 1024]
    frames = data_frames(blob)
    placed = {entry.name: (entry.offset, entry.end_offset) for entry in written.toc.entries}
    assert placed == {
        "d/": (0, 0),
        "a": (frames[1].offset, frames[1].end),
        "e": (0, 0),
        "b": (frames[3].offset, frames[3].end),
    }
    assert written.data_size == frames[-1].end
    assert [entry.digest for entry in written.toc.entries] == ["", str(Digest.of(b"abc")), "", str(Digest.of(b"de"))]


def test_a_hole_is_a_chunk_of_zeros() -> None:
    content = b"abc" + HOLE + b"de"
    blob, written = layer_from_tar(tar_of((Node("a", content=content), Node("b", content=HOLE)), blocks=1))
    parts = [b"abc", HOLE, b"de"]
    assert sizes(blob)[1:4] == [3, 2048, 2]
    frames = data_frames(blob)
    first, second, third, other = written.toc.entries
    assert [(each.type, each.name) for each in written.toc.entries] == [
        ("reg", "a"),
        ("chunk", "a"),
        ("chunk", "a"),
        ("reg", "b"),
    ]
    assert [each.chunk_offset for each in (first, second, third)] == [0, 3, 2051]
    assert [each.chunk_size for each in (first, second, third)] == [3, 2048, 2]
    assert [each.chunk_digest for each in (first, second, third)] == [str(Digest.of(part)) for part in parts]
    assert [each.chunk_type for each in (first, second, third)] == ["", "zeros", ""]
    assert [each.offset for each in (first, second, third)] == [frame.offset for frame in frames[1:4]]
    assert (first.end_offset, first.size, first.digest) == (frames[3].end, 2053, str(Digest.of(content)))
    assert second == Entry(
        "chunk", "a", offset=frames[2].offset, chunk_size=2048, chunk_offset=3, chunk_digest=str(Digest.of(HOLE)),
        chunk_type="zeros",
    )  # fmt: skip
    assert (other.chunk_size, other.chunk_digest, other.chunk_type) == (0, "", "")


def test_without_splitting_a_file_is_one_chunk() -> None:
    content = b"abc" + HOLE + noise(2, 5 * 2**20)
    blob, written = layer_from_tar(tar_of((Node("a", content=content), Node("b", content=HOLE)), blocks=1), WHOLE)
    assert sizes(blob) == [512, len(content), -len(content) % 512 + 512, 2048, 1024]
    assert [(entry.name, entry.chunk_size) for entry in written.toc.entries] == [("a", 0), ("b", 0)]


@pytest.mark.parametrize("checksums", [True, False])
def test_checksums_of_frames(checksums: bool) -> None:
    blob, _ = layer_from_tar(tar_of((Node("a", content=noise(3, 2**20 + 1)),)), WriterOptions(checksums=checksums))
    assert {frame.checksum is not None for frame in data_frames(blob)} == {checksums}


def test_the_defaults_are_those_of_the_reference() -> None:
    assert WriterOptions(level=3, checksums=True, split=True, tar_split=True, unique_names=True) == DEFAULTS
    tar = tar_of((Node("a", content=b"abc" * 10_000),))
    assert len(layer_from_tar(tar, WriterOptions(level=19))[0]) != len(layer_from_tar(tar)[0])


def test_without_a_tar_split_nothing_names_one() -> None:
    blob, written = layer_from_tar(tar_of((Node("a"),)), WriterOptions(tar_split=False))
    assert (written.tar_split, written.positions.tar_split, written.toc.tar_split_digest) == (None, None, "")
    assert len(map_frames(blob).skippable) == 2
    assert written.size == len(blob)


@pytest.mark.parametrize("again", ["a", "./a", "a/"])
def test_repeated_names_are_written_only_on_request(again: str) -> None:
    tar = tar_of((Node("a"), Node(again)))
    with pytest.raises(FormatError) as caught:
        layer_from_tar(tar)
    assert caught.value.what == f"{again!r} occurs twice in the tar: a tar-split finds contents by name"
    _, written = layer_from_tar(tar, WriterOptions(unique_names=False))
    assert [entry.name for entry in written.toc.entries] == ["a", again]


def test_the_descriptor_of_a_layer() -> None:
    blob, written = layer_from_tar(tar_of((Node("a", content=b"x"),)))
    assert written.descriptor == Descriptor(LAYER_ZSTD_TYPE, str(Digest.of(blob)), len(blob), written.annotations)
    assert written.toc.version == 1
    assert written.tar_split is not None
    assert written.toc.tar_split_digest == str(written.tar_split.digest)


def test_bytes_behind_the_end_are_in_the_last_frame() -> None:
    tar = tar_of((Node("a", content=b"x"),), blocks=1) + b"behind" * 500_000
    blob, written = layer_from_tar(tar)
    assert b"".join(tars(blob)) == tar
    assert len(tars(blob)) == 3
    assert written.diff_id == Digest.of(tar)
