"""The copier's trial: the reference passes every MUST, each mutant fails what it breaks and no more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.cases.mutants import copiers
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.requirements import broken_by, find_mutants, load_catalogue
from conformance.results import conclude
from conformance.trials.copier.jobs import JOBS_OF
from conformance.trials.copier.trial import CopierTrial
from conformance.trials.in_process import InProcessImplementation

MUTANTS = find_mutants(copiers)


def verdicts(toolkit: Toolkit, directory: Path) -> dict[str, str]:
    directory.mkdir(exist_ok=True)
    with CopierTrial(InProcessImplementation(toolkit, directory, can_export=True)) as trial:
        assert trial.control() == ""
        return {name: conclude(load_catalogue()[name], trial.judgements(name)).verdict for name in JOBS_OF}


def test_the_reference_passes(tmp_path: Path) -> None:
    found = verdicts(REFERENCE, tmp_path)
    assert set(found.values()) == {"pass"}, found


@pytest.mark.parametrize("defect", MUTANTS, ids=lambda defect: defect.__name__)
def test_each_mutant_fails_its_requirement_and_no_unrelated_one(defect: Callable[[], Toolkit], tmp_path: Path) -> None:
    found = verdicts(defect(), tmp_path)
    assert {name for name, verdict in found.items() if verdict == "fail"} == set(broken_by(defect)), found
