"""The SENT-STRIP checks: right copies pass all, each mutant fails what it breaks and no more."""

from collections.abc import Callable

import pytest

from conformance.checks.bound import checks_of, judge_all
from conformance.images.draft import Drafted
from conformance.mutants import copies
from conformance.mutants.copies import JOBS, SIGNATURE, Copied, Job, plain_twin, right_copy, source_of
from conformance.observed.image import CopySeen, ImageSeen
from conformance.requirements import broken_by
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.memory import MemorySource

MUTANTS = [value for value in vars(copies).values() if hasattr(value, "__breaks__")]


def observed(image: Drafted | None) -> ImageSeen | None:
    return observe_image(MemorySource(image.blobs, image.root)) if image else None


def seen_of(job: Job, copied: Copied) -> CopySeen:
    before = observed(source_of(job))
    assert before is not None
    return CopySeen(
        job.name,
        before,
        observed(copied.finish()),
        requested=job.requested,
        preserve_digests=job.preserve_digests,
        to_docker=job.to_docker,
        refused=copied.refused,
        wrote=copied.wrote,
        plain_twin=observed(plain_twin(job)),
        data_diff_ids=copied.diff_ids,
        from_storage=job.from_storage,
        damaged=job.damaged,
        partial=job.partial,
        referrers_before=(SIGNATURE,),
        referrers_after=copied.referrers,
    )


def results(defect: Callable[[Job, Copied], None] = lambda *_: None) -> tuple[RequirementResult, ...]:
    seen = []
    for job in JOBS:
        copied = right_copy(job)
        defect(job, copied)
        seen.append(seen_of(job, copied))
    return judge_all(CopySeen, seen)


def verdicts(defect: Callable[[Job, Copied], None] = lambda *_: None) -> dict[str, str]:
    return {result.id: result.verdict for result in results(defect)}


def test_right_copies_pass_every_check() -> None:
    assert verdicts() == dict.fromkeys(checks_of(CopySeen), "pass")


@pytest.mark.parametrize("defect", MUTANTS, ids=lambda defect: defect.__name__)
def test_each_mutant_fails_its_requirement_and_no_unrelated_one(defect: Callable[[Job, Copied], None]) -> None:
    failed = {name for name, verdict in verdicts(defect).items() if verdict == "fail"}
    assert failed == set(broken_by(defect))


def test_facts_that_were_not_gathered_are_not_passes() -> None:
    job = JOBS[0]
    seen = seen_of(job, right_copy(job))
    blind = CopySeen(seen.name, seen.before, seen.after, requested="gzip")
    found = {result.id: result.verdict for result in judge_all(CopySeen, [blind])}
    assert found["SENT-STRIP-006"] == "not-run"
    assert found["SENT-STRIP-013"] == "not-run"
