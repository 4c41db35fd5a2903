"""Judges mutants and variants of producers, copiers and consumers: the reference with one class replaced."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.assurance.matrix.consumers import judge_client
from conformance.cases.mutants import clients_unaware, producers
from conformance.cases.variants import consumers
from conformance.cases.variants import copiers as lawful_copiers
from conformance.cases.variants import producers as lawful_producers
from conformance.reference.toolkit import Toolkit
from conformance.requirements import Profile, ids_of, load_catalogue
from conformance.results import RequirementResult, conclude
from conformance.trials.copier.jobs import JOBS_OF
from conformance.trials.copier.trial import CopierTrial
from conformance.trials.in_process import InProcessImplementation
from conformance.trials.producer.judging import DECIDED, judge_requirement
from conformance.trials.producer.push_log import Way
from conformance.trials.producer.trial import ProducerTrial

Results = tuple[RequirementResult, ...]
Maker = Callable[[], Toolkit]
# Without resets: the reference waits before it sends a request again.
WAYS: tuple[Way, ...] = ("500 once", "500 from then on")


class ControlError(RuntimeError):
    """The ordinary operation of a mutant or variant does not work, so its other results show nothing."""


def judge_producer(maker: Maker) -> Results:
    """Judge all pushes of a tool; one that makes no sentinels by the requirements of its profile only."""
    can_sign = maker in (*producers.SIGNERS, *lawful_producers.SIGNERS)
    with (
        tempfile.TemporaryDirectory(prefix="zcc-matrix-") as directory,
        ProducerTrial(InProcessImplementation(maker(), Path(directory), can_sign=can_sign), WAYS) as trial,
    ):
        _control(trial.control(), maker)
        results = push_results(trial)
    return _of_profile(results, "layer-producer") if maker in lawful_producers.KNOW_NO_SENTINELS else results


def push_results(trial: ProducerTrial) -> Results:
    """The results of every requirement that a producer's trial decides."""
    return tuple(conclude(load_catalogue()[name], judge_requirement(trial, name)) for name in DECIDED)


def judge_copier(maker: Maker) -> Results:
    """Judge all copies of a tool; one that knows no sentinels by the requirements of its profile only."""
    with (
        tempfile.TemporaryDirectory(prefix="zcc-matrix-") as directory,
        CopierTrial(InProcessImplementation(maker(), Path(directory), can_export=True)) as trial,
    ):
        _control(trial.control(), maker)
        results = copy_results(trial)
    return _of_profile(results, "recompressing-copier") if maker in lawful_copiers.KNOW_NO_SENTINELS else results


def _of_profile(results: Results, profile: Profile) -> Results:
    return tuple(result for result in results if result.id in ids_of(profile))


def copy_results(trial: CopierTrial) -> Results:
    """The results of every requirement that a copier's trial decides."""
    return tuple(conclude(load_catalogue()[name], trial.judgements(name)) for name in JOBS_OF)


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
