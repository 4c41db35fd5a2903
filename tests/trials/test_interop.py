"""The interoperability matrix: what each cell states, with tools whose ends are known."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from conformance.implementations.adapter import find_adapter
from conformance.observed.interop import Cell, ImageName
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.reports.certification import copies, matrix_tables, reasons
from conformance.trials.interop import COMPRESSIONS, AvailableRegistry, interoperate
from conformance.trials.interop_images import facts_of_image, large_trees
from conformance.trials.under_test import ImplementationUnderTest

TOOLS = ("reference", "null-always-succeed", "null-always-fail", "null-crash")
EXPECTED = {
    ("reference", "reference"): "same tree",
    ("reference", "null-always-succeed"): "wrong tree",
    ("reference", "null-always-fail"): "refused",
    ("reference", "null-crash"): "crashed",
    ("null-always-succeed", "reference"): "refused",  # nothing was pushed, and the consumer states this
    ("null-always-fail", "reference"): "not pushed",
    ("null-crash", "null-crash"): "not pushed",
}
COPIES = {
    ("reference", "reference"): "1 of 4 same",
    ("reference", "null-always-succeed"): "0 of 4 same",  # there is no copy
    ("reference", "null-always-fail"): "not copied",
}


def cells(
    directory: Path,
    tools: Sequence[str] = TOOLS,
    images: Sequence[ImageName] = ("small",),
    only_pushes: str = "",
    *,
    with_copies: bool = True,
) -> list[Cell]:
    subjects = []
    for name in tools:
        adapter = find_adapter(name)
        (directory / adapter.name).mkdir()
        if only_pushes == name:
            adapter = msgspec.structs.replace(adapter, operations={"push": adapter.operations["push"]})
        subjects.append(ImplementationUnderTest(adapter, "1.0", directory / adapter.name))
    with EmbeddedRegistry() as registry:
        registries = [AvailableRegistry("embedded registry", registry.url, with_copies)]
        return list(interoperate(subjects, registries, images=images))


def test_each_pair_has_its_outcome_and_its_reason(tmp_path: Path) -> None:
    found = cells(tmp_path)
    direct = [cell for cell in found if not cell.copier]
    assert len(direct) == len(TOOLS) ** 2 * len(COMPRESSIONS)
    for cell in direct:
        pair = (cell.producer.split()[0], cell.consumer.split()[0])
        if pair in EXPECTED:
            assert cell.outcome == EXPECTED[pair], cell
    for cell in found:
        assert bool(cell.reason) == (cell.outcome != "same tree"), cell
    counts = {(by.split()[0], to.split()[0]): text for (by, to), (text, _) in copies(found).items() if to}
    assert COPIES.items() <= counts.items()
    assert len(list(matrix_tables(found))) == len(COMPRESSIONS) + 1
    assert any("wrong tree" in line for line in reasons(found))


def test_a_registry_may_be_without_copies(tmp_path: Path) -> None:
    found = cells(tmp_path, ("reference",), with_copies=False)
    assert [cell.outcome for cell in found] == ["same tree"] * len(COMPRESSIONS)
    assert not any(cell.copier for cell in found)


STOPS = """\
name = "stops"
description = "Stops reading where the tar of a layer ends"
roles = ["consumer-unaware"]
version = ["{python}", "--version"]
[operations]
unpack = ["{python}", "%s", "{reference}", "{output}"]
"""


def test_who_stops_reading_at_the_end_of_the_tar_fails_with_the_large_image_only(tmp_path: Path) -> None:
    adapter = tmp_path / "stops.toml"
    adapter.write_text(STOPS % (Path(__file__).parent / "stops_at_the_end.py"))
    found = cells(tmp_path, ("reference", str(adapter)), ("small", "large"), only_pushes="reference")
    ends = {
        (cell.consumer.split()[0], cell.image): (cell.outcome, cell.reason)
        for cell in found
        if not cell.copier and cell.compression == "zstd:chunked" and cell.producer.startswith("reference")
    }
    assert ends["stops", "small"] == ("same tree", ""), ends
    assert ends["stops", "large"][0] == "refused", ends
    assert "broken pipe" in ends["stops", "large"][1]
    # Nothing of the large image is left behind but what is in the registry.
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 2**20


def test_the_large_image_is_what_its_description_states() -> None:
    trees = large_trees()
    files = [node for tree in trees for node in tree if node.kind == "reg"]
    assert len(files) == 6000
    assert sum(len(node.content) for node in files) > 100 * 10**6
    assert len(facts_of_image("large")) == 6060
