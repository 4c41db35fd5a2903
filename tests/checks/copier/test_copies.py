"""The SENT-STRIP checks: right copies pass all, each mutant fails what it breaks and no more."""

from collections.abc import Callable

import pytest

from conformance.checks.bound import checks_of, judge_all
from conformance.observed.image import CopySeen
from conformance.requirements import broken_by, find_mutants
from tests.checks.copier import copies
from tests.checks.copier.copies import JOBS, Copied, Job, copy_seen, judge_copied, right_copy

MUTANTS = find_mutants(copies)


def verdicts(defect: Callable[[Job, Copied], None] = lambda *_: None) -> dict[str, str]:
    return {result.id: result.verdict for result in judge_copied(defect)}


def test_right_copies_pass_every_check() -> None:
    assert verdicts() == dict.fromkeys(checks_of(CopySeen), "pass")


@pytest.mark.parametrize("defect", MUTANTS, ids=lambda defect: defect.__name__)
def test_each_mutant_fails_its_requirement_and_no_unrelated_one(defect: Callable[[Job, Copied], None]) -> None:
    failed = {name for name, verdict in verdicts(defect).items() if verdict == "fail"}
    assert failed == set(broken_by(defect))


def test_facts_that_were_not_gathered_are_not_passes() -> None:
    job = JOBS[0]
    seen = copy_seen(job, right_copy(job))
    blind = CopySeen(seen.name, seen.before, seen.after, requested="gzip")
    found = {result.id: result.verdict for result in judge_all(CopySeen, [blind])}
    assert found["SENT-STRIP-006"] == "not-run"
    assert found["SENT-STRIP-013"] == "not-run"
