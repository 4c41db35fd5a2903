"""The generated documents are those of the catalogue as it is."""

from pathlib import Path

from conformance.reports.catalogue import files_of
from conformance.reports.reference import reference_lines
from conformance.reports.variants import variant_lines
from conformance.requirements import load_catalogue

REFERENCE = Path(__file__).parents[2] / "docs" / "requirements.md"


def test_the_requirement_reference_is_current() -> None:
    assert REFERENCE.read_text("utf-8") == "\n".join(reference_lines()) + "\n", (
        "docs/requirements.md has drifted: run python -m conformance.reports.reference docs/requirements.md"
    )


def test_every_requirement_has_advice_in_one_sentence() -> None:
    for requirement in load_catalogue().requirements:
        assert requirement.advice.endswith("."), f"{requirement.id} has no advice, or it is not a sentence"
        assert len(requirement.advice) < 160, requirement.id


def test_the_table_of_variants_is_current() -> None:
    table = REFERENCE.parent / "variants.md"
    assert table.read_text("utf-8") == "\n".join(variant_lines()) + "\n", (
        "docs/variants.md has drifted: run python -m conformance.reports.variants docs/variants.md"
    )


def test_each_requirement_states_where_its_check_and_mutants_are() -> None:
    for requirement in load_catalogue().requirements:
        places = files_of(requirement.id)
        check = (REFERENCE.parents[1] / places[0].partition(":")[0]).read_text("utf-8")
        assert f'@decides("{requirement.id}"' in check
        for place in places:
            name, _, line = place.rpartition(":")
            assert int(line) <= len((REFERENCE.parents[1] / name).read_bytes().splitlines()), place
