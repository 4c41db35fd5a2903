"""What a pull in parts costs beside what a client has: counted by hand, and by the command."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from conformance.anatomy.difference.pull import MAX_RANGES, MERGED_GAP, Cost, LayerContent, estimate, pack
from conformance.anatomy.difference.pulling import compare_pulls
from conformance.cli import app
from conformance.format.toc import Entry
from conformance.images.golden import golden_directory
from conformance.images.layer_draft import DraftedLayer, draft_layer, finish_layer
from conformance.images.trees import Node
from conformance.sources.memory import MemorySource
from tests.anatomy.difference.images import in_memory

BIG = 64 * 2**10


def noise(seed: int, size: int = BIG) -> bytes:
    return random.Random(seed).randbytes(size)


def layer_of(**files: bytes) -> DraftedLayer:
    return finish_layer(draft_layer(tuple(Node(name, content=content) for name, content in files.items())))


def image_of(*layers: DraftedLayer) -> MemorySource:
    return in_memory([(layer.descriptor, layer.diff_id) for layer in layers], [layer.blob for layer in layers])


def tables(layer: DraftedLayer) -> int:
    """Bytes of TOC and tar-split by the annotations."""
    names = ("manifest-position", "tarsplit-position")
    found = [value for key, value in layer.descriptor["annotations"].items() if key.endswith(names)]
    return sum(int(value.split(":")[1]) for value in found)


def test_the_same_image_costs_nothing() -> None:
    image = image_of(layer_of(a=noise(1)))
    pull = compare_pulls(image, image, None).pull
    assert [layer.held for layer in pull.layers] == ["present"]
    assert pull.full == pull.by_file == pull.by_chunk == Cost()


def test_one_file_of_three_is_new() -> None:
    """Expected: the tables in one request, the file in another; the others are there."""
    old = layer_of(a=noise(1), b=noise(2), c=noise(3))
    new = layer_of(a=noise(1), b=noise(4), c=noise(3))
    pull = compare_pulls(image_of(old), image_of(new), None).pull
    assert pull.full == Cost(len(new.blob), 1, 0)
    assert pull.by_file.requests == 2
    assert pull.by_file.ranges == 3
    assert BIG <= pull.by_file.bytes - tables(new) <= BIG + 1024
    assert pull.by_chunk == pull.by_file


def test_a_changed_part_of_a_large_file_is_fetched_by_chunk() -> None:
    """Expected: the file whole when files are compared, some chunks of it when chunks are."""
    content = noise(5, 2 * 2**20)
    old, new = layer_of(a=content), layer_of(a=noise(6, 1000) + content[1000:])
    pull = compare_pulls(image_of(old), image_of(new), None).pull
    assert pull.by_file.bytes > 2 * 2**20
    assert tables(new) < pull.by_chunk.bytes < pull.by_file.bytes / 2


def test_layers_without_toc_are_pulled_whole() -> None:
    """Expected: of the golden image in the legacy form nothing is pulled in parts."""
    command = [
        "diff",
        "--pull",
        *(f"oci:{golden_directory(name)}" for name in ("sentinel-single", "skopeo-1.9.3-plain")),
    ]
    run = CliRunner().invoke(app, [*command, "--json"])
    assert run.exit_code == 0, run.stderr
    pull = json.loads(run.stdout)["pull"]
    assert {layer["held"] for layer in pull["layers"]} == {"whole"}
    assert pull["full"] == pull["by_file"] == pull["by_chunk"]
    shown = CliRunner().invoke(app, command).stdout
    assert "without usable TOC, pulled whole" in shown
    assert max(map(len, shown.splitlines())) <= 120


def test_another_platform_is_one_line() -> None:
    golden = f"oci:{golden_directory('sentinel-single')}"
    run = CliRunner().invoke(app, ["diff", "--pull", golden, golden, "--platform", "linux/riscv64"])
    assert run.exit_code == 2
    assert "no platform in common like linux/riscv64" in run.stderr


def test_two_images_are_needed() -> None:
    run = CliRunner().invoke(app, ["diff", "--pull", "oci:x"])
    assert run.exit_code == 2
    assert "--pull is for two images" in run.stderr


Places = list[tuple[int, int]]


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 3000)), max_size=60))
def test_ranges_are_joined_as_by_hand(steps: Places) -> None:
    """Expected: the bytes between first and last of each group of pieces that lie within 1024 bytes of each other."""
    entries, place = [], 0
    for number, (gap, length) in enumerate(steps):
        place += gap
        entries.append(Entry("reg", f"f{number}", size=1, digest=f"d{number}", offset=place, end_offset=place + length))
        place += length
    pull = estimate([], [LayerContent("sha256:new", place, (10, 5), pack(entries))])
    groups = 0 if not steps else 1 + sum(gap > MERGED_GAP for gap, _ in steps[1:])
    joined = sum(gap for gap, _ in steps[1:] if gap <= MERGED_GAP)
    size = 15 + sum(length for _, length in steps) + joined
    assert pull.by_file == pull.by_chunk == Cost(size, 1 + bool(steps), 2 + groups)


def test_there_are_at_most_1024_ranges() -> None:
    """Expected: of 3,000 pieces far from each other the smallest gaps are fetched too."""
    entries = [
        Entry("reg", f"f{n}", size=1, digest=f"d{n}", offset=n * 10_000 + n, end_offset=n * 10_000 + n + 1)
        for n in range(3000)
    ]
    pull = estimate([], [LayerContent("sha256:new", 10**8, (10,), pack(entries))])
    assert pull.by_file.ranges == 1 + MAX_RANGES
    assert pull.by_file.bytes == 10 + 3000 + (3000 - MAX_RANGES) * 10_000


def test_hostile_places_count_nothing() -> None:
    bad = [(-1, 5), (7, 7), (9, 3), (2**62, 2**63 - 1), (-(2**63), -1)]
    entries = [Entry("reg", "a", size=1, digest=str(n), offset=a, end_offset=b) for n, (a, b) in enumerate(bad)]
    assert len(pack([*entries, Entry("chunk", "b", offset=3)])) // 32 <= 2
