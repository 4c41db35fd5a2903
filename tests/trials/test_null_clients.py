"""Null clients, driven as any tool is: nothing that they do may count as passed."""

from pathlib import Path

import pytest

from conformance.implementations.adapter import builtin_adapters, find_adapter
from conformance.requirements import load_catalogue
from conformance.results import conclude
from conformance.suite.pushed_artifacts import judged_artifacts
from conformance.trials.copier.jobs import JOBS_OF
from conformance.trials.copier.trial import CopierTrial
from conformance.trials.producer.judging import DECIDED, judge_requirement
from conformance.trials.producer.trial import ProducerTrial
from conformance.trials.under_test import ImplementationUnderTest

NULL = [name for name in builtin_adapters() if name.startswith("null-")]


@pytest.mark.parametrize("name", NULL)
def test_as_copier_it_passes_nothing(name: str, tmp_path: Path) -> None:
    catalogue = load_catalogue()
    with CopierTrial(ImplementationUnderTest(find_adapter(name), "0", tmp_path)) as trial:
        results = [conclude(catalogue[one], trial.judgements(one)) for one in JOBS_OF]
    assert {result.verdict for result in results} == {"not-run"}
    assert all(finding.message.startswith("inconclusive: ") for result in results for finding in result.findings)


@pytest.mark.parametrize("name", NULL)
def test_as_producer_it_passes_nothing(name: str, tmp_path: Path) -> None:
    catalogue = load_catalogue()
    with ProducerTrial(ImplementationUnderTest(find_adapter(name), "0", tmp_path)) as trial:
        results = [conclude(catalogue[one], judge_requirement(trial, one)) for one in DECIDED]
        assert trial.control()
        results += judged_artifacts(trial, "single", replay="")
    assert {result.verdict for result in results} == {"not-run"}
