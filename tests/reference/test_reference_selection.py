"""The reference as aware consumer: the entry that it selects, and registries that serve byte ranges in other ways."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from conformance.format.names import (
    SENTINEL_ANNOTATION,
)
from conformance.format.sentinel import canonical_sentinel
from conformance.images.trees import Node, noise
from conformance.registry.server import defects
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.serving import Call, Reply
from tests.reference.made_layers import a_layer, as_layer
from tests.reference.reference_bench import bench, entry


class Selection(msgspec.Struct, frozen=True):
    """Entries in order (g gzip, z zstd, s sentinel), and which is pulled."""

    entries: tuple[dict[str, object], ...]
    chosen: int
    options: tuple[str, ...] = ()


ARM = {"architecture": "arm64", "os": "linux"}


SELECTIONS = {
    "sentinel over plain": Selection(({}, {"sentinel": True}), 1),
    "sentinel first": Selection(({"sentinel": True}, {}), 0),
    "platform before sentinel": Selection(({}, {"sentinel": True, "platform": ARM}), 0),
    "no platform comes last": Selection(({}, {"sentinel": True, "platform": None}), 0),
    "gzip preferred": Selection(({"zstd": False}, {}, {"sentinel": True}), 0, ("--prefer-gzip",)),
    "gzip preferred, zstd only": Selection(({}, {"sentinel": True}), 1, ("--prefer-gzip",)),
    "no TOC pulls": Selection(({}, {"sentinel": True}), 0, ("--no-partial",)),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_right_entry_is_chosen(name: str, tmp_path: Path) -> None:
    case = SELECTIONS[name]
    with bench(tmp_path / "w") as here:
        entries = []
        for position, fields in enumerate(case.entries):
            layers = [as_layer(*a_layer((Node("number", content=str(position).encode()),)))]
            sentinel = canonical_sentinel() if fields.get("sentinel") else None
            made = entry(here.put_image("a", layers, sentinel=sentinel), **fields)  # type: ignore[arg-type]
            entries.append({key: value for key, value in made.items() if value is not None})
        here.put_index("a", entries)
        ended, output = here.unpack("a:1", *case.options)
    assert ended.status == 0, ended.err
    assert (output / "number").read_text() == str(case.chosen)


@pytest.mark.parametrize("value", ["false", "TRUE", "1", ""])
def test_other_annotation_values_are_ignored(value: str, tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        layers = [as_layer(*a_layer())]
        plain = entry(here.put_image("a", layers))
        sentinel = entry(here.put_image("a", layers, sentinel=canonical_sentinel()))
        sentinel["annotations"][SENTINEL_ANNOTATION] = value
        here.put_index("a", [plain, sentinel])
        assert here.unpack("a:1")[0].report["sentinel"] is False


class RefusesRanges(Defect):
    """Responds with this status to requests for more than so many ranges."""

    def __init__(self, status: int, most: int = 0) -> None:
        self._status, self._most = status, most

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        del core
        ranges = call.header("range")
        return Reply(self._status) if ranges and ranges.count(",") >= self._most else None


@pytest.mark.parametrize("status", [400, 405, 416, 501])
def test_without_ranges_the_plain_variant_is_pulled(status: int, tmp_path: Path) -> None:
    with bench(tmp_path / "w", RefusesRanges(status)) as here:
        here.put_pair("a", [as_layer(*a_layer())])
        ended, output = here.unpack("a:1")
        assert ended.status == 0, ended.err
        assert ended.report["sentinel"] is False
        assert (output / "dir" / "file").is_file()
        sentinel = here.fields("a:1")["manifests"][1]["digest"]
        alone, nothing = here.unpack(f"a@{sentinel}")
        assert alone.status == 3
        assert "no TOC pull is possible" in alone.err
        assert not list(nothing.iterdir())


@pytest.mark.parametrize(
    "defect",
    [
        lambda: RefusesRanges(400, 1),
        lambda: RefusesRanges(400, 7),
        defects.ignores_range,
        defects.ignores_multi_range,
        defects.first_range_only,
        defects.reorders_parts,
    ],
    ids=["one range at a time", "seven ranges", "ignores-range", "ignores-multi-range", "first-only", "reorders-parts"],
)
def test_registries_with_odd_ranges_still_give_the_right_tree(defect: Callable[[], Defect], tmp_path: Path) -> None:
    # Every second file is here already, so that many separate ranges are wanted.
    files = [Node(f"f{number:03}", content=noise(number, 2000)) for number in range(60)]
    with bench(tmp_path / "w", defect()) as here:
        here.put_pair("half", [as_layer(*a_layer(tuple(files[::2])))])
        here.put_pair("a", [as_layer(*a_layer(tuple(files)))])
        store = here.new("store")
        assert here.unpack("half:1", store=store)[0].status == 0
        ended, output = here.unpack("a:1", store=store)
    assert ended.status == 0, ended.err
    assert ended.report["sentinel"]
    assert {path.name: path.read_bytes() for path in output.iterdir()} == {node.name: node.content for node in files}


def test_wrong_content_ranges_are_refused(tmp_path: Path) -> None:
    with bench(tmp_path / "w", defects.wrong_content_range()) as here:
        here.put_pair("a", [as_layer(*a_layer())])
        ended, _ = here.unpack("a:1")
    assert ended.status == 3
    assert ended.err.count("\n") == 1
