"""Published results and the shipped adapters: what a tool is judged as, and by which requirements."""

from pathlib import Path
from typing import Final

import msgspec
import pytest

from conformance.implementations.adapter import Adapter, find_adapter
from conformance.reports.certification import CertificationReport
from conformance.reports.model import Report, SubjectReport, read_report
from conformance.requirements import load_catalogue

ROOT: Final = Path(__file__).parents[2]
PUBLISHED: Final = ROOT / "reports" / "published"
TOOLS: Final = sorted(path.parent for path in PUBLISHED.glob("*/results.json"))
REGISTRIES: Final = sorted(path.parent for path in PUBLISHED.glob("registries/*/results.json"))
CERTIFICATES: Final = sorted(PUBLISHED.glob("certificate-*.json"))
FIRST_EDITION: Final = "urn:zstd-chunked-conformance:results:1"


def _read(directory: Path) -> Report:
    return read_report((directory / "results.json").read_bytes())


def _adapter(subject: str) -> Adapter:
    return find_adapter(subject.removesuffix(")").rpartition("(adapter ")[2])


@pytest.mark.parametrize("directory", TOOLS, ids=lambda directory: directory.name)
def test_a_tool_is_judged_as_its_adapter_states(directory: Path) -> None:
    report = _read(directory)
    adapters = {_adapter(subject.subject).name: _adapter(subject.subject) for subject in report.subjects}
    ((name, adapter),) = adapters.items()
    assert directory.name.startswith(f"{name}-")
    assert {role for subject in report.subjects for role in subject.roles} == set(adapter.roles)
    if report.schema != FIRST_EDITION:  # its results have no profiles
        claimed = {claim.profile for subject in report.subjects for claim in subject.claims}
        assert claimed == set(adapter.profiles)


@pytest.mark.parametrize("directory", [*TOOLS, *REGISTRIES], ids=lambda directory: directory.name)
def test_results_have_the_requirements_of_the_catalogue_or_are_marked(directory: Path) -> None:
    report = _read(directory)
    differing = sorted({text for subject in report.subjects for text in _differing(subject)})
    if report.schema != FIRST_EDITION:
        assert differing == []
        return
    row = next(row for row in _rows("reports/published/index.md") if f"({directory.name}/results.json)" in row)
    assert row.split(" | ")[5] == "1"  # the edition
    name = directory.name.rpartition("-")[0]
    marked = [row for row in _rows("reports/published/README.md") if "first edition of the catalogue" in row]
    assert [row for row in marked if name in row.split(" | ")[0]], f"{name}: {differing}"


def _differing(subject: SubjectReport) -> list[str]:
    levels = {requirement.id: requirement.level for requirement in load_catalogue().requirements}
    return [
        f"{result.id}: {result.level}, in the catalogue {levels.get(result.id, 'none')}"
        for result in subject.verdicts
        if result.level != levels.get(result.id)
    ]


def _rows(page: str) -> list[str]:
    return [line for line in (ROOT / page).read_text("utf-8").splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("path", CERTIFICATES, ids=lambda path: path.stem)
def test_a_certification_report_has_no_claim_that_an_adapter_does_not_make(path: Path) -> None:
    certification = msgspec.json.decode(path.read_bytes(), type=CertificationReport)
    for tool in certification.tools:
        adapter = find_adapter(tool.name)
        assert {role.role for role in tool.roles} <= set(adapter.roles), tool.name
        assert {profile for role in tool.roles for profile in role.profiles} <= set(adapter.profiles), tool.name
    for cell in certification.matrix:
        assert "push" in _adapter(cell.producer).operations, cell
        assert "unpack" in _adapter(cell.consumer).operations, cell
        assert not cell.copier or "copy" in _adapter(cell.copier).operations, cell
