"""The catalogue and its bindings: nothing names a requirement that does not exist."""

import pytest

from conformance import checks
from conformance.cases.mutants import all_mutants
from conformance.requirements import (
    DEFINITIONS,
    PROFILES,
    CatalogueError,
    ProfileDefinition,
    broken_by,
    decided_by,
    decides,
    find_checks,
    load_catalogue,
    mutant,
    parse_catalogue,
)

# The groups that this version judges; the later ones have no check yet and are listed as such.
JUDGED = (
    "SENT-BLOB",
    "SENT-DESC",
    "SENT-MANIFEST",
    "SENT-CONFIG",
    "SENT-INDEX",
    "SENT-SELECT",
    "SENT-PULL",
    "SENT-STRIP",
    "REG",
)

ONE = """
revision = "pr681"
[[requirement]]
id = "X-001"
level = "MUST"
roles = ["artifact"]
statement = "It holds."
why = "Because."
source = "here"
check = "Look."
profiles = ["layer"]
class = "project"
"""


def test_the_catalogue_has_all_requirements() -> None:
    catalogue = load_catalogue()
    assert catalogue.revision == "pr681"
    assert len(catalogue.requirements) >= 205
    assert catalogue["SENT-BLOB-001"].level == "MUST"


def test_every_check_names_a_requirement_that_exists() -> None:
    unknown = set(find_checks(checks)) - load_catalogue().ids()
    assert not unknown, f"checks name requirements that are not in the catalogue: {sorted(unknown)}"


def test_every_mutant_names_requirements_that_exist() -> None:
    known = load_catalogue().ids()
    for maker in all_mutants():
        unknown = set(broken_by(maker)) - known
        assert not unknown, f"{maker.__module__}.{maker.__name__} names {sorted(unknown)}, not in the catalogue"


@pytest.mark.parametrize(
    "requirement", [r for r in load_catalogue().requirements if r.group in JUDGED], ids=lambda r: r.id
)
def test_every_judged_requirement_has_a_check_and_a_mutant(requirement: object) -> None:
    requirement_id = getattr(requirement, "id", "")
    assert requirement_id in find_checks(checks), f"{requirement_id} has no check"
    primary = {broken_by(maker)[0] for maker in all_mutants()}
    assert requirement_id in primary, f"no mutant shows that the check of {requirement_id} can fail"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("X-001", "x1"), "not an id"),
        (("MUST", "OUGHT"), "Invalid enum value"),
        (('"artifact"', ""), "roles must be given"),
        (('"artifact"', '"artifact", "artifact"'), "each once"),
        (('"layer"', ""), "profiles must be given"),
        (('"layer"', '"layer", "layer"'), "profiles must be given, each once"),
        (('"layer"', '"layers"'), "Invalid enum value"),
        (('"project"', '"hearsay"'), "Invalid enum value"),
        (("It holds.", "It holds"), "full stop"),
        (("Because.", " "), "why is empty"),
        (('check = "Look."', ""), "missing required field"),
        (('check = "Look."', 'check = "Look."\nextra = 1'), "unknown field"),
        (("[[requirement]]", "[[requirement]"), "requirements.toml"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_the_reason(edit: tuple[str, str], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        parse_catalogue(ONE.replace(*edit))


def test_an_id_twice_is_refused() -> None:
    with pytest.raises(CatalogueError, match="X-001 occurs twice"):
        parse_catalogue(ONE + ONE.split('"pr681"')[1])


def test_the_marks_can_be_read_back() -> None:
    @decides("X-001")
    def check() -> None: ...

    @mutant("X-001", implies=("X-002",))
    def maker() -> None: ...

    assert decided_by(check) == "X-001"
    assert broken_by(maker) == ("X-001", "X-002")
    with pytest.raises(TypeError, match="no @decides"):
        decided_by(maker)
    with pytest.raises(TypeError, match="no @mutant"):
        broken_by(check)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_each_profile_binds_something_and_includes_what_it_says(definition: ProfileDefinition) -> None:
    catalogue = load_catalogue()
    own = {requirement.id for requirement in catalogue.of_profile(definition.name)}
    assert own, f"no requirement binds who claims {definition.name}"
    for included in definition.includes:
        missing = {requirement.id for requirement in catalogue.of_profile(included)} - own
        assert missing <= set(definition.without), f"{definition.name} includes {included} but lacks {sorted(missing)}"


def test_every_profile_is_defined_once() -> None:
    assert tuple(definition.name for definition in DEFINITIONS) == PROFILES


def test_a_client_that_knows_sentinels_need_not_take_the_plain_variant() -> None:
    assert load_catalogue()["SENT-SELECT-002"].binds("toc-consumer")
    assert not load_catalogue()["SENT-SELECT-002"].binds("sentinel-consumer")


@pytest.mark.parametrize(
    ("retired", "message"),
    [
        ('id = "X-001"\nreason = "split"', "X-001 is retired and is still a requirement"),
        ('id = "X-002"\nreason = " "', "X-002 is retired without a reason"),
        ('id = "X-2"\nreason = "split"', "'X-2' is not an id"),
        ('id = "X-002"\nreason = "split"\nsuccessors = ["X-009"]', "its successor X-009 is not in the catalogue"),
    ],
)
def test_a_retired_id_is_no_requirement_and_names_its_successors(retired: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        parse_catalogue(f"{ONE}\n[[retired]]\n{retired}\n")
    catalogue = parse_catalogue(f'{ONE}\n[[retired]]\nid = "X-002"\nreason = "split"\nsuccessors = ["X-001"]\n')
    assert [item.id for item in catalogue.retired] == ["X-002"]
    assert "X-002" not in catalogue.ids()
