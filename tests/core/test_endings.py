"""Verdicts become an ending for each claimed profile: nothing conforms without a decision, and an outage fails
nothing.
"""

import pytest

from conformance.requirements import ids_of, load_catalogue
from conformance.results import (
    EXIT_STATUS,
    Claim,
    Judgement,
    RequirementResult,
    conclude,
    ending_of,
    failed,
    gravest,
    judge_claim,
    not_run,
    passed,
    undecided,
    unsupported,
)

CATALOGUE = load_catalogue()
MUSTS = tuple(requirement.id for requirement in CATALOGUE.of_profile("registry") if requirement.level == "MUST")
PASSED, NOT_RUN, UNSUPPORTED = passed("x"), not_run("It is away."), unsupported("It cannot.")
FAILED = failed("Wrong.", where="x", expected="a", found="b")


def results(*judgements: Judgement) -> list[RequirementResult]:
    """The first MUST of the profile registry with these verdicts, the others passed."""
    listed = [*judgements, *[PASSED] * len(MUSTS)][: len(MUSTS)]
    return [conclude(CATALOGUE[name], [judgement]) for name, judgement in zip(MUSTS, listed, strict=True)]


def claim(*judgements: Judgement, implied: bool = False) -> Claim:
    return judge_claim("registry", results(*judgements), implied=implied)


@pytest.mark.parametrize(
    ("judgements", "ending"),
    [
        ((), "conforms"),
        ((FAILED,), "does-not-conform"),
        ((NOT_RUN,), "incomplete"),
        ((UNSUPPORTED,), "incomplete"),
        ((NOT_RUN, FAILED), "does-not-conform"),
    ],
)
def test_a_failure_outweighs_what_is_incomplete(judgements: tuple[Judgement, ...], ending: str) -> None:
    assert claim(*judgements).ending == ending


def test_the_counts_are_of_the_must_of_the_profile() -> None:
    shown = claim(FAILED, NOT_RUN)
    assert (shown.passed, shown.decided, shown.applicable) == (len(MUSTS) - 2, len(MUSTS) - 1, len(MUSTS))
    assert shown.failed == MUSTS[:1]
    assert shown.undecided == MUSTS[1:2]


def test_where_nothing_was_decided_nothing_conforms() -> None:
    assert judge_claim("registry", []).ending == "incomplete"
    assert judge_claim("registry", [conclude(CATALOGUE[MUSTS[0]], [])]).ending == "incomplete"


def test_a_profile_that_was_only_implied_is_withdrawn_where_a_feature_is_lacking() -> None:
    assert claim(UNSUPPORTED, implied=True).is_withdrawn
    assert not claim(UNSUPPORTED).is_withdrawn
    assert not claim(FAILED, UNSUPPORTED, implied=True).is_withdrawn


def test_results_of_other_profiles_do_not_count() -> None:
    other = conclude(CATALOGUE["SENT-BLOB-002"], [FAILED])
    assert "SENT-BLOB-002" not in ids_of("registry")
    assert judge_claim("registry", [*results(), other]).ending == "conforms"


def test_a_must_that_only_a_deep_check_decides_is_open_and_not_incomplete() -> None:
    shallow = judge_claim("registry", results()[1:], needs_deep=MUSTS[:1])
    assert (shallow.ending, shallow.needs_deep, shallow.applicable) == ("conforms", MUSTS[:1], len(MUSTS))


def test_a_must_without_a_check_is_not_decided() -> None:
    assert judge_claim("registry", results()[1:], unchecked=MUSTS[:1]).ending == "incomplete"


def test_without_a_claim_failures_and_outages_count_alone() -> None:
    assert ending_of([]) == "conforms"
    assert ending_of(results(UNSUPPORTED)) == "conforms"
    assert ending_of([undecided(CATALOGUE[MUSTS[0]], "away")]) == "incomplete"
    assert ending_of(results(NOT_RUN, FAILED)) == "does-not-conform"


def test_the_gravest_of_several_and_its_exit_status() -> None:
    assert gravest(["conforms", "incomplete", "does-not-conform"]) == "does-not-conform"
    assert gravest(["conforms", "incomplete"]) == "incomplete"
    assert gravest([]) == "conforms"
    used_by_pytest = set(range(1, 6))
    assert EXIT_STATUS["incomplete"] not in used_by_pytest
