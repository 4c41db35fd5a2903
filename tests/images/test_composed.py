"""The crafted images are what their names state: conforming ones are conforming, bombs are small, lies are one edit
away.
"""

from pathlib import Path

import pytest
import zstandard

from conformance.format.digest import Digest
from conformance.format.frames import map_frames
from conformance.format.positions import ChunkedAnnotations
from conformance.format.toc import read_toc
from conformance.images import tampered
from conformance.images.bombs import all_skippable, empty_frame, raw_frame, zeros_frame
from conformance.images.composed import FEATURES, LOWER, SINGLE, UPPER, Entry, image, index, layer_of, sentinel_image
from conformance.images.trees import Node
from conformance.observed.trials import EntrySeen
from conformance.trials.consumer.trial import positive_control
from conformance.trials.file_trees import expected_tree, read_tree


def decompressed(frame: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(frame)


@pytest.mark.parametrize("size", [0, 1, 128 * 2**10, 128 * 2**10 + 1, 300_000])
def test_frames_by_hand_are_read_by_zstd(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert decompressed(raw_frame(content[:size])) == content[:size]
    assert decompressed(zeros_frame(size)) == bytes(size)
    assert len(raw_frame(content[:size])) == len(raw_frame(bytes(size)))


def test_a_frame_that_lies_is_refused_by_zstd() -> None:
    with pytest.raises(zstandard.ZstdError):
        decompressed(zeros_frame(300_000, stated=100))


@pytest.mark.parametrize("checksum", [False, True])
def test_empty_frames_are_frames(checksum: bool) -> None:
    assert decompressed(empty_frame(checksum=checksum)) == b""
    assert map_frames(empty_frame(checksum=checksum)).data[0].content_size == 0


def test_all_sixteen_magic_numbers_are_there() -> None:
    assert len({frame.magic for frame in map_frames(all_skippable()).skippable}) == 16


@pytest.mark.parametrize(
    "build",
    [
        tampered.toc_bomb,
        tampered.frame_bomb,
        tampered.lying_frame_bomb,
        tampered.tar_frame_bomb,
        tampered.split_bomb,
    ],
)
def test_bombs_are_small(build: object) -> None:
    layer = build()  # type: ignore[operator]
    assert len(layer.blob) < 2**18


def test_an_exchanged_toc_has_the_same_sizes_and_another_digest() -> None:
    right, wrong = tampered.untampered_toc(tampered.DUAL), tampered.tampered_toc()
    assert (len(right.blob), right.named, right.annotations) == (len(wrong.blob), wrong.named, wrong.annotations)
    place = ChunkedAnnotations.of(right.annotations).positions().toc
    old, new = (layer.blob[place.offset : place.end] for layer in (right, wrong))
    digest = ChunkedAnnotations.of(right.annotations).toc_digest()
    assert digest.matches(old)
    assert not digest.matches(new)
    contents = [[entry.digest for entry in read_toc(payload).entries] for payload in (old, new)]
    assert contents[0] == contents[1][::-1]
    assert contents[0] != contents[1]


@pytest.mark.parametrize("number", [0, 1])
def test_tampered_content_decompresses_to_one_other_byte(number: int) -> None:
    name = tampered.LONG
    right, wrong = tampered.unchecked(), tampered.tampered_content(name, number=number)
    assert wrong.digest == str(Digest.of(right.blob))
    assert sum(a != b for a, b in zip(right.blob, wrong.blob, strict=True)) == 1
    old, new = (
        zstandard.ZstdDecompressor().stream_reader(layer.blob, read_across_frames=True).read()
        for layer in (right, wrong)
    )
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1


@pytest.mark.parametrize("first", [False, True])
def test_frames_between_leave_the_tar_alone(first: bool) -> None:
    right = tampered.untampered()
    for extra in (all_skippable(), empty_frame(checksum=True)):
        more = tampered.with_frames_between(extra, first=first)
        reader = zstandard.ZstdDecompressor().stream_reader(more.blob, read_across_frames=True)
        assert str(Digest.of(reader.read())) == right.diff_id
        assert len(map_frames(more.blob).frames) > len(map_frames(right.blob).frames)


@pytest.mark.parametrize(
    "name", ["pair", "plain pair", "single", "plain single", "raw", "unchecked", "holes", "economy"]
)
def test_positive_controls_have_every_blob(name: str) -> None:
    built = positive_control(name).image
    for digest, content in built.blobs.items():
        assert Digest.parse(digest).matches(content)
    for digest, document in built.manifests.items():
        assert Digest.parse(digest).matches(document.raw)


def test_an_index_has_what_its_entries_have() -> None:
    plain, hidden = image([tampered.untampered()]), sentinel_image([tampered.untampered()])
    built = index([Entry(plain), Entry(hidden, sentinel="true")])
    assert set(plain.blobs) | set(hidden.blobs) == set(built.blobs)
    assert {plain.root, hidden.root, built.root} == set(built.manifests)
    assert built.sentinel


def test_expected_trees_apply_whiteouts() -> None:
    found = expected_tree([LOWER, UPPER])
    assert {"etc/removed", "etc/.wh.removed"}.isdisjoint(found)
    assert {"etc/empty", "bin/link"} <= set(found)
    opaque = expected_tree(FEATURES["an opaque directory"])
    assert "d/below" not in opaque
    assert "d/above" in opaque
    assert found["bin/same"] == found["bin/tool"]
    assert found["bin/tool"].links == 2


def test_trees_on_disk_are_read_without_following(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir(mode=0o755)
    (tmp_path / "dir" / "file").write_bytes(b"x")
    (tmp_path / "dir" / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("/etc")
    tree = [Node("dir", "dir", mode=0o755), Node("dir/file", content=b"x", mode=0o640)]
    expected = expected_tree([(*tree, Node("link", "symlink", link_name="/etc"))])
    found = read_tree(tmp_path)

    def shown(entry: EntrySeen) -> tuple[str, int, str, int]:
        return entry.kind, entry.mode, entry.content, entry.links

    assert {name: shown(entry) for name, entry in found.items()} == {n: shown(e) for n, e in expected.items()}


def test_layers_are_the_same_every_time() -> None:
    assert layer_of(LOWER) == layer_of(LOWER)


def test_every_parent_directory_is_in_the_ordinary_images() -> None:
    for tree in (LOWER, UPPER, SINGLE):
        names = {node.name for node in tree}
        assert all(name.rpartition("/")[0] in {"", *names} for name in names)


@pytest.mark.parametrize(
    "name", ["single", "plain single", "raw", "unchecked", "plain two files", "two files", "holes", "two names"]
)
def test_no_positive_control_shares_a_blob_or_a_file_with_a_case(name: str) -> None:
    layers = [tampered.untampered(), tampered.unchecked(), tampered.dual(), tampered.tampered_toc()]
    layers += [layer_of(tree) for tree in (tampered.DUAL, tampered.HOLES, tampered.TWO_NAMES)]
    twin = positive_control(name)
    files = {node.content for tree in twin.trees for node in tree if node.content}
    cases = {node.content for tree in (SINGLE, tampered.DUAL, tampered.HOLES, tampered.TWO_NAMES) for node in tree}
    assert files.isdisjoint(cases)
    assert {layer.named for layer in layers}.isdisjoint(twin.image.blobs)
