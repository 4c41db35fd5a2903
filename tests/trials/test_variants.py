"""Permitted choices of producers, copiers and consumers: no MUST fails on them, and none is left out."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from conformance.assurance.matrix.consumers import judge_client
from conformance.assurance.matrix.programs import WAYS
from conformance.cases import variants
from conformance.cases.variants import consumers, copiers, producers
from conformance.reference.toolkit import Toolkit
from conformance.requirements import find_variants, freedom_of, load_catalogue
from conformance.results import RequirementResult, conclude
from conformance.trials.copier.jobs import JOBS_OF
from conformance.trials.copier.trial import CopierTrial
from conformance.trials.in_process import InProcessImplementation
from conformance.trials.producer.judging import DECIDED, judge_requirement
from conformance.trials.producer.trial import ProducerTrial

Maker = Callable[[], Toolkit]


def _of(module: object) -> list[Maker]:
    return [maker for maker in find_variants(variants) if maker in vars(module).values()]


def assert_lawful(maker: Maker, results: Mapping[str, RequirementResult]) -> None:
    freedom = freedom_of(maker)
    wrong = {name: result.findings[:2] for name, result in results.items() if result.breaks_conformance}
    assert not wrong
    failed = {name for name, result in results.items() if result.verdict == "fail"}
    assert {name for name in failed if load_catalogue()[name].level == "SHOULD"} == {
        name for name in freedom.warns if load_catalogue()[name].level == "SHOULD"
    }, {name: results[name].findings[:2] for name in failed}
    assert set(freedom.ids) <= set(results)


@pytest.mark.parametrize("maker", _of(consumers), ids=lambda maker: maker.__name__)
def test_a_conforming_consumer_fails_no_must(maker: Maker, tmp_path: Path) -> None:
    by_toc, by_tar, from_layout = (
        maker in group for group in (consumers.BY_TOC, consumers.BY_TAR, consumers.FROM_LAYOUT)
    )
    results = judge_client(maker(), directory=tmp_path, aware=not by_tar, by_toc=by_toc, from_layout=from_layout)
    assert_lawful(maker, results)


@pytest.mark.parametrize("maker", _of(copiers), ids=lambda maker: maker.__name__)
def test_a_conforming_copier_fails_no_must(maker: Maker, tmp_path: Path) -> None:
    catalogue = load_catalogue()
    with CopierTrial(InProcessImplementation(maker(), tmp_path)) as trial:
        assert trial.control() == ""
        results = {name: conclude(catalogue[name], trial.judgements(name)) for name in JOBS_OF}
    assert_lawful(maker, results)


@pytest.mark.parametrize("maker", _of(producers), ids=lambda maker: maker.__name__)
def test_a_conforming_producer_fails_no_must(maker: Maker, tmp_path: Path) -> None:
    catalogue = load_catalogue()
    subject = InProcessImplementation(maker(), tmp_path, can_sign="sign" in maker.__name__)
    with ProducerTrial(subject, WAYS) as trial:
        assert trial.control() == ""
        results = {name: conclude(catalogue[name], judge_requirement(trial, name)) for name in DECIDED}
    assert_lawful(maker, results)


def test_a_tool_that_adds_a_file_of_its_own_is_reported_which(tmp_path: Path) -> None:
    with ProducerTrial(InProcessImplementation(producers.writes_a_tar_of_its_own(), tmp_path)) as trial:
        assert trial.control() == ""
        assert trial.own_files == ("built-by-variant",)
