"""Judges mutants and variants of producers, copiers and consumers: the reference with one class replaced."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from conformance import checks
from conformance.assurance.matrix.consumers import judge_client
from conformance.cases.mutants import clients_unaware
from conformance.cases.variants import consumers
from conformance.checks.bound import judged
from conformance.reference.toolkit import Toolkit
from conformance.requirements import find_checks, load_catalogue
from conformance.results import Judgement, RequirementResult, conclude
from conformance.trials.copier import JOBS_OF as COPIES_OF
from conformance.trials.copier import CopierTrial
from conformance.trials.in_process import InProcessImplementation
from conformance.trials.producer.interruptions import interrupted_pushes, unrepresentable_pushes
from conformance.trials.producer.other_pushes import broken_pushes, stored_images
from conformance.trials.producer.push_log import Way
from conformance.trials.producer.trial import JOBS_OF, ProducerTrial

Results = tuple[RequirementResult, ...]
Maker = Callable[[], Toolkit]
PUSHES: Final = (*JOBS_OF, "SENT-PUSH-024", "SENT-PUSH-025", "SENT-PUSH-014", "SENT-PUSH-017", "LAYER-011", "TOC-016")
"""The requirements that the trial of a producer decides."""
# Without resets: the reference waits before it sends a request again.
WAYS: tuple[Way, ...] = ("500 once", "500 from then on")


class ControlError(RuntimeError):
    """The ordinary operation of a mutant or variant does not work, so its other results show nothing."""


def judge_producer(maker: Maker) -> Results:
    """Judge all pushes of a tool."""
    catalogue, can_sign = load_catalogue(), "sign" in maker.__name__
    with (
        tempfile.TemporaryDirectory(prefix="zcc-matrix-") as directory,
        ProducerTrial(InProcessImplementation(maker(), Path(directory), can_sign=can_sign)) as trial,
    ):
        _control(trial.control(), maker)
        return tuple(conclude(catalogue[name], push_judgements(trial, name)) for name in PUSHES)


def push_judgements(trial: ProducerTrial, requirement_id: str) -> list[Judgement]:
    """The judgements of the pushes of a tool on one requirement."""
    check = find_checks(checks)[requirement_id]
    if requirement_id == "SENT-PUSH-014":
        return trial.again(check)
    if requirement_id in JOBS_OF:
        return trial.judgements(requirement_id, check)
    interrupted = requirement_id in ("SENT-PUSH-024", "SENT-PUSH-025")
    others = {"SENT-PUSH-017": stored_images, "LAYER-011": broken_pushes, "TOC-016": unrepresentable_pushes}
    seen = interrupted_pushes(trial.subject, WAYS) if interrupted else others[requirement_id](trial.subject)
    return list(judged(check, seen))


def judge_copier(maker: Maker) -> Results:
    """Judge all copies of a tool."""
    bound, catalogue = find_checks(checks), load_catalogue()
    with (
        tempfile.TemporaryDirectory(prefix="zcc-matrix-") as directory,
        CopierTrial(InProcessImplementation(maker(), Path(directory), can_export=True)) as trial,
    ):
        _control(trial.control(), maker)
        copied = [conclude(catalogue[name], trial.judgements(name, bound[name])) for name in COPIES_OF]
        again = conclude(catalogue["SENT-PUSH-014"], trial.again(bound["SENT-PUSH-014"]))
        order = conclude(catalogue["SENT-PUSH-001"], trial.in_order(bound["SENT-PUSH-001"]))
    return (*copied, again, order)


def judge_consumer(maker: Maker, only: Sequence[str] = ()) -> Results:
    """Judge a client in its role, by these requirements, or by all of the role (minutes for one client)."""
    by_toc = maker in consumers.BY_TOC
    from_layout = maker in consumers.FROM_LAYOUT
    aware = maker.__module__ != clients_unaware.__name__ and maker not in consumers.BY_TAR
    with tempfile.TemporaryDirectory(prefix="zcc-matrix-") as directory:
        results = judge_client(
            maker(), directory=Path(directory), aware=aware, by_toc=by_toc, from_layout=from_layout, only=only
        )
        return tuple(results.values())


def _control(problem: str, maker: Maker) -> None:
    if problem:
        raise ControlError(f"{maker.__module__}.{maker.__name__}: {problem}")
