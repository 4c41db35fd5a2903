"""The copier's trial: the reference passes every MUST, each mutant fails what it breaks and no more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import checks
from conformance.cases.mutants import copiers
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.requirements import broken_by, find_checks, load_catalogue
from conformance.results import conclude
from conformance.trials.copier import JOBS_OF, CopierTrial
from conformance.trials.in_process import InProcessImplementation

MUTANTS = [value for value in vars(copiers).values() if hasattr(value, "__breaks__")]


def verdicts(toolkit: Toolkit, directory: Path) -> dict[str, str]:
    directory.mkdir(exist_ok=True)
    bound, catalogue = find_checks(checks), load_catalogue()
    with CopierTrial(InProcessImplementation(toolkit, directory, can_export=True)) as trial:
        assert trial.control() == ""
        found = {name: conclude(catalogue[name], trial.judgements(name, bound[name])).verdict for name in JOBS_OF}
        again = conclude(catalogue["SENT-PUSH-014"], trial.again(bound["SENT-PUSH-014"]))
        order = conclude(catalogue["SENT-PUSH-001"], trial.in_order(bound["SENT-PUSH-001"]))
    return {**found, "SENT-PUSH-014": again.verdict, "SENT-PUSH-001": order.verdict}


def test_the_reference_passes(tmp_path: Path) -> None:
    found = verdicts(REFERENCE, tmp_path)
    assert set(found.values()) == {"pass"}, found


@pytest.mark.parametrize("defect", MUTANTS, ids=lambda defect: defect.__name__)
def test_each_mutant_fails_its_requirement_and_no_unrelated_one(defect: Callable[[], Toolkit], tmp_path: Path) -> None:
    found = verdicts(defect(), tmp_path)
    assert {name for name, verdict in found.items() if verdict == "fail"} == set(broken_by(defect)), found
