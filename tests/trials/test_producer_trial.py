"""The producer's trial: the reference passes every MUST, each mutant fails what it breaks and no more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import checks
from conformance.assurance.matrix.programs import WAYS
from conformance.cases.mutants import producers, producers_contents
from conformance.implementations.adapter import find_adapter
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.requirements import broken_by, find_checks, find_mutants, load_catalogue
from conformance.results import Judgement, conclude
from conformance.trials.in_process import InProcessImplementation
from conformance.trials.producer.interruptions import interrupted_pushes
from conformance.trials.producer.judging import DECIDED, judge_requirement
from conformance.trials.producer.trial import ProducerTrial
from conformance.trials.under_test import ImplementationUnderTest

MUTANTS = find_mutants(producers, producers_contents)


def verdicts(toolkit: Toolkit, directory: Path, *, can_sign: bool = False) -> dict[str, str]:
    directory.mkdir(exist_ok=True)
    with ProducerTrial(InProcessImplementation(toolkit, directory, can_sign=can_sign), WAYS) as trial:
        assert trial.control() == ""
        return {name: conclude(load_catalogue()[name], judge_requirement(trial, name)).verdict for name in DECIDED}


def test_the_reference_passes(tmp_path: Path) -> None:
    found = verdicts(REFERENCE, tmp_path)
    assert found.pop("SENT-PUSH-012") == "unsupported"
    assert found == dict.fromkeys(found, "pass")


def test_a_producer_that_signs_everything_passes(tmp_path: Path) -> None:
    found = verdicts(producers.signs_everything(), tmp_path, can_sign=True)
    assert found["SENT-PUSH-012"] == "pass"
    assert "fail" not in found.values()


@pytest.mark.parametrize("defect", MUTANTS, ids=lambda defect: defect.__name__)
def test_each_mutant_fails_its_requirement_and_no_unrelated_one(defect: Callable[[], Toolkit], tmp_path: Path) -> None:
    found = verdicts(defect(), tmp_path, can_sign="signs" in defect.__name__)
    assert {name for name, verdict in found.items() if verdict == "fail"} == set(broken_by(defect)), found


def test_every_requirement_on_pushing_has_a_mutant() -> None:
    broken = {broken_by(defect)[0] for defect in MUTANTS}
    of_pushing = {name for name in find_checks(checks) if name.startswith("SENT-PUSH")} - {"SENT-PUSH-018"}
    assert broken == of_pushing | {"LAYER-011", "TOC-016"}


def test_a_push_that_sends_no_request_is_not_judged(tmp_path: Path) -> None:
    seen = list(interrupted_pushes(ImplementationUnderTest(find_adapter("null-always-succeed"), "0", tmp_path)))
    assert [(each.outcome, each.message) for each in seen if isinstance(each, Judgement)] == [
        ("not-run", "an undisturbed push sent no request")
    ]
    assert len(seen) == 1
