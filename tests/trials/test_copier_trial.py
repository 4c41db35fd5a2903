"""The copier's trial: the reference passes every MUST, each mutant fails what it breaks and no more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.cases.mutants import copiers, copiers_whole
from conformance.implementations.adapter import parse_adapter
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.requirements import broken_by, find_mutants, load_catalogue
from conformance.results import conclude
from conformance.trials.copier.jobs import JOBS_OF
from conformance.trials.copier.trial import CopierTrial
from conformance.trials.in_process import InProcessImplementation
from conformance.trials.under_test import ImplementationUnderTest

MUTANTS = find_mutants(copiers, copiers_whole)


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


TO_LAYOUTS = """
name = "layouts"
description = "writes uncompressed layers to layouts only"
profiles = ["sentinel-copier"]
version = ["{python}", "-V"]
compressions = ["gzip", "zstd", "zstd:chunked"]

[operations]
copy = [
  "{python}", "-m", "conformance.reference", "copy", "--reference", "{reference}", "--destination", "{destination}",
]
recompress = [
  "{python}", "-m", "conformance.reference", "recompress", "--reference", "{reference}", "--destination",
  "{destination}", "--compression", "{compression}",
]

[operations_with.uncompressed]
recompress = [
  [
    "{python}", "-m", "conformance.reference", "recompress", "--reference", "{reference}", "--destination",
    "{host}/uncompressed:1", "--compression", "{compression}",
  ],
  ["{python}", "-m", "conformance.reference", "pull", "--reference", "{host}/uncompressed:1", "--layout", "{layout}"],
]
"""


def test_a_copy_to_a_layout_is_judged_as_one_to_a_registry(tmp_path: Path) -> None:
    subject = ImplementationUnderTest(parse_adapter(TO_LAYOUTS, source="layouts.toml"), "0", tmp_path)
    with CopierTrial(subject) as trial:
        copied = trial.copied("to tar")
        assert copied.run.succeeded, copied.run.described
        assert copied.seen.after is not None
        assert copied.seen.data_diff_ids
        results = {name: conclude(load_catalogue()[name], trial.judgements(name)) for name in ("SENT-STRIP-002",)}
    assert {name: result.verdict for name, result in results.items()} == {"SENT-STRIP-002": "pass"}


NO_ZSTD = """
name = "gzip-only"
description = "refuses images with zstd layers"
profiles = ["recompressing-copier"]
version = ["{python}", "-V"]
compressions = ["gzip"]

[operations]
recompress = [
  ["{python}", "-c", '''
import sys, urllib.request
accept = {"Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"}
with urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=accept)) as response:
    sys.exit("error: no zstd here" if b"gzip" not in response.read() else 0)
''', "http://{host}/v2/{repository}/manifests/{tag}{digest}"],
  [
    "{python}", "-m", "conformance.reference", "recompress", "--reference", "{reference}", "--destination",
    "{destination}", "--compression", "{compression}",
  ],
]
"""


def test_who_reads_no_zstd_has_nothing_to_copy(tmp_path: Path) -> None:
    subject = ImplementationUnderTest(parse_adapter(NO_ZSTD, source="gzip-only.toml"), "0", tmp_path)
    with CopierTrial(subject) as trial:
        assert "could not be copied" in trial.control()
        (judgement,) = trial.judgements("SENT-STRIP-005")
    assert (judgement.outcome, judgement.message) == ("unsupported", "it reads gzip layers and no zstd layers")
