"""Canonical tar headers: each construct breaks its rule and what follows from that, and conforming ones break none."""

from collections.abc import Callable

import pytest

from conformance import checks
from conformance.cases.mutants.tar_constructs import LAWFUL
from conformance.cases.mutants.tar_headers import MAKERS
from conformance.checks.artifact.judge import needs_deep
from conformance.images.layer_draft import LayerDraft, conforming_layer, draft_of_tar
from conformance.images.raw_tar import END, file
from conformance.requirements import broken_by, find_checks, load_catalogue
from conformance.results import RequirementResult
from tests.checks.artifact.test_layer_checks import results

OF_NAMES = {
    "TAR-035",
    "TAR-048",
    "TAR-049",
    "TAR-050",
    "TAR-051",
    "TAR-052",
    "TAR-053",
    "TAR-054",
    "TAR-055",
    "TAR-056",
    "TAR-057",
    "TAR-058",
    "TAR-059",
}  # conformance.cases.mutants.layer_names
TAR_RULES = {each.id for each in load_catalogue().requirements if each.group == "TAR"} - OF_NAMES


def failed(draft: LayerDraft) -> dict[str, RequirementResult]:
    return {result.id: result for result in results(draft) if result.verdict == "fail"}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_each_construct_breaks_its_rule_and_what_follows(maker: Callable[[], LayerDraft]) -> None:
    assert set(failed(maker())) == set(broken_by(maker))


@pytest.mark.parametrize("name", LAWFUL)
def test_what_real_writers_write_breaks_no_rule(name: str) -> None:
    assert not failed(draft_of_tar(LAWFUL[name]))


def test_every_rule_has_a_check_and_a_construct() -> None:
    assert {name for name in find_checks(checks) if name.startswith("TAR-")} == TAR_RULES | OF_NAMES
    assert {broken_by(maker)[0] for maker in MAKERS.values()} == TAR_RULES


def test_a_rule_is_passed_by_a_whole_reading_only() -> None:
    shallow = [result for result in results(conforming_layer(), deep=False) if result.id in TAR_RULES]
    assert all(needs_deep(result) for result in shallow)
    deep = {result.id: result.verdict for result in results(conforming_layer()) if result.id in TAR_RULES}
    assert set(deep.values()) == {"pass"}


def test_a_finding_names_the_entry_the_byte_and_what_to_do() -> None:
    tar = file(b"first", b"1") + file(b"etc/tool", b"x", mode=b"\0\0" + b"04755\0") + END
    (finding,) = [each for each in failed(draft_of_tar(tar))["TAR-001"].findings if "etc/tool" in each.where]
    assert "the field mode, tar byte 1124" in finding.where
    assert "octal digits" in finding.expected
    assert "to do: " in finding.expected
    assert finding.found == "'\\x00\\x0004755\\x00'"


def test_many_faults_are_counted_and_the_first_ones_shown() -> None:
    tar = b"".join(file(b"f%d" % number, b"", mode=b"") for number in range(1000)) + END
    findings = failed(draft_of_tar(tar))["TAR-001"].findings
    assert len(findings) < 20
    assert any("1000 in all" in each.message for each in findings)
