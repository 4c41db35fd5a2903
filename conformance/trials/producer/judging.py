"""The requirements that the pushes of a tool decide, each by the pushes that show it."""

from collections.abc import Iterator
from typing import Final

from conformance.checks.bound import checks_of, judged
from conformance.observed.producer import BrokenInputSeen, InterruptedSeen, StoredSeen, UnrepresentableSeen
from conformance.results import Judgement
from conformance.trials.producer.interruptions import unrepresentable_pushes
from conformance.trials.producer.other_pushes import broken_pushes, stored_images
from conformance.trials.producer.trial import JOBS_OF, ProducerTrial

DECIDED: Final = (
    *JOBS_OF,
    "SENT-PUSH-024",
    "SENT-PUSH-025",
    "SENT-PUSH-014",
    "SENT-PUSH-017",
    "SENT-PUSH-026",
    "LAYER-011",
    "TOC-016",
)


def judge_requirement(trial: ProducerTrial, requirement_id: str) -> list[Judgement]:
    """The judgements on one requirement of DECIDED."""
    if requirement_id in JOBS_OF:
        return trial.judgements(requirement_id)
    if requirement_id == "SENT-PUSH-014":
        return trial.again()
    if requirement_id == "SENT-PUSH-026":
        return trial.contents()
    problem = trial.control()
    return [trial.inconclusive(problem)] if problem else list(_other_pushes(trial, requirement_id))


def _other_pushes(trial: ProducerTrial, requirement_id: str) -> Iterator[Judgement]:
    """Pushes that fail, other destinations, and input that a writer must refuse."""
    if requirement_id == "SENT-PUSH-017":
        return judged(checks_of(StoredSeen)[requirement_id], stored_images(trial.subject))
    if requirement_id == "LAYER-011":
        return judged(checks_of(BrokenInputSeen)[requirement_id], broken_pushes(trial.subject))
    if requirement_id == "TOC-016":
        return judged(checks_of(UnrepresentableSeen)[requirement_id], unrepresentable_pushes(trial.subject))
    return judged(checks_of(InterruptedSeen)[requirement_id], trial.interrupted)
