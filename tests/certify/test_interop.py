"""The interoperability matrix: what each cell states, with tools whose ends are known."""

from pathlib import Path

from conformance.implementations.adapter import find_adapter
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.reports.certification import Cell, matrix_tables, reasons
from conformance.trials.interop import COMPRESSIONS, AvailableRegistry, interoperate
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


def cells(directory: Path) -> list[Cell]:
    subjects = []
    for name in TOOLS:
        (directory / name).mkdir()
        subjects.append(ImplementationUnderTest(find_adapter(name), "1.0", directory / name))
    with EmbeddedRegistry() as registry:
        return list(interoperate(subjects, [AvailableRegistry("embedded registry", registry.url)]))


def test_each_pair_has_its_outcome_and_its_reason(tmp_path: Path) -> None:
    found = cells(tmp_path)
    assert len(found) == len(TOOLS) ** 2 * len(COMPRESSIONS)
    for cell in found:
        pair = (cell.producer.split()[0], cell.consumer.split()[0])
        if pair in EXPECTED:
            assert cell.outcome == EXPECTED[pair], cell
        assert bool(cell.reason) == (cell.outcome != "same tree"), cell
    assert len(list(matrix_tables(found))) == len(COMPRESSIONS)
    assert any("wrong tree" in line for line in reasons(found))
