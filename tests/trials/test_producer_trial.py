"""The producer's trial: the reference passes every MUST, each mutant fails what it breaks and no more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import checks
from conformance.mutants import producers
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.requirements import broken_by, find_checks, load_catalogue
from conformance.results import Judgement, conclude
from conformance.trials.producer.interruptions import interrupted_pushes, unrepresentable_pushes
from conformance.trials.producer.other_pushes import broken_pushes, stored_images
from conformance.trials.producer.push_log import Way
from conformance.trials.producer.trial import JOBS_OF, ProducerTrial
from tests.trials.in_process import InProcessSubject

MUTANTS = [value for value in vars(producers).values() if hasattr(value, "__breaks__")]
IDS = (*JOBS_OF, "SENT-PUSH-024", "SENT-PUSH-025", "SENT-PUSH-014", "SENT-PUSH-017", "LAYER-011", "TOC-016")


# Without resets: the reference waits before it sends a request again.
WAYS: tuple[Way, ...] = ("500 once", "500 from then on")


def judgements(trial: ProducerTrial, requirement_id: str) -> list[Judgement]:
    check = find_checks(checks)[requirement_id]
    if requirement_id == "SENT-PUSH-014":
        return trial.again(check)
    if requirement_id in JOBS_OF:
        return trial.judgements(requirement_id, check)
    interrupted = requirement_id in ("SENT-PUSH-024", "SENT-PUSH-025")
    others = {"SENT-PUSH-017": stored_images, "LAYER-011": broken_pushes, "TOC-016": unrepresentable_pushes}
    seen = interrupted_pushes(trial.subject, WAYS) if interrupted else others[requirement_id](trial.subject)
    found: list[Judgement] = []
    for item in seen:
        found += [item] if isinstance(item, Judgement) else check(item)
    return found


def verdicts(toolkit: Toolkit, directory: Path, *, can_sign: bool = False) -> dict[str, str]:
    directory.mkdir(exist_ok=True)
    with ProducerTrial(InProcessSubject(toolkit, directory, can_sign=can_sign)) as trial:
        assert trial.control() == ""
        return {name: conclude(load_catalogue()[name], judgements(trial, name)).verdict for name in IDS}


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
