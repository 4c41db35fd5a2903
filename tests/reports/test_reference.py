"""The generated documents are those of the catalogue as it is."""

from pathlib import Path

from conformance.cases import variants
from conformance.cases.mutants import all_mutants
from conformance.cases.mutants.tar_headers import MAKERS
from conformance.reports.catalogue import files_of
from conformance.reports.reference import reference_lines
from conformance.reports.variants import variant_lines
from conformance.requirements import find_variants, load_catalogue, place_of

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
        check, *others = files_of(requirement.id)
        assert f'@decides("{requirement.id}"' in lines_at(check)
        assert others, requirement.id


def test_the_place_of_a_mutant_or_variant_is_where_it_is_defined() -> None:
    for maker in (*all_mutants(), *find_variants(variants)):
        name = "_maker" if maker in MAKERS.values() else maker.__name__
        assert f" {name}(" in lines_at(place_of(maker)), maker


def lines_at(place: str) -> str:
    """The lines from a place on, and one before."""
    name, _, line = place.rpartition(":")
    first = int(line) - 2
    return "\n".join((REFERENCE.parents[1] / name).read_text("utf-8").splitlines()[first : first + 14])
