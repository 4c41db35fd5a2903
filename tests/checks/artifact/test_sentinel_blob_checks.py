"""The SENT-BLOB checks: each passes the canonical blob, fails its mutants, and holds over generated blobs."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cases.mutants import blob as mutants
from conformance.checks.artifact import sentinel_blob
from conformance.format.sentinel import canonical_sentinel
from conformance.observed.evidence import CommandEvidence
from conformance.observed.image import ReaderOutcome, SentinelBlob
from conformance.readers.sentinel_panel import read_with_python
from conformance.requirements import broken_by, decided_by, find_mutants, load_catalogue
from conformance.results import Judgement, RequirementResult, conclude
from conformance.strategies.blobs import FORBIDDEN, canonical_sentinel_blobs, forbidden_blob, sentinel_blobs

IDS = tuple(each.id for each in load_catalogue().requirements if each.group == "SENT-BLOB")
MUSTS = {each for each in IDS if load_catalogue()[each].level == "MUST"}
MUTANTS = find_mutants(mutants)


CHECKS = {decided_by(value): value for value in vars(sentinel_blob).values() if hasattr(value, "__decides__")}


def judge_blob(blob: SentinelBlob) -> list[RequirementResult]:
    return [conclude(load_catalogue()[each], CHECKS[each](blob)) for each in IDS]


def failing(content: bytes) -> set[str]:
    return {result.id for result in judge_blob(SentinelBlob("layers[0]", content)) if result.verdict == "fail"}


def judged(outcome: ReaderOutcome) -> Judgement:
    """What SENT-BLOB-001 states about one reader's outcome on the canonical blob."""
    blob = SentinelBlob("layers[0]", canonical_sentinel(), (outcome,))
    return list(sentinel_blob.rejected_by_strict_readers(blob))[-1]


def outcome(*, lenient: bool = False, accepted: bool = False, status: int | None = 1) -> ReaderOutcome:
    command = CommandEvidence(("sometar", "-tf", "blob"), status, "")
    return ReaderOutcome("sometar", "1.0", lenient, accepted=accepted, evidence=(command,))


def test_every_requirement_of_the_group_has_a_check_a_mutant_and_a_strategy() -> None:
    assert set(CHECKS) == set(IDS) == {broken_by(maker)[0] for maker in MUTANTS} == set(FORBIDDEN)


def test_canonical_sentinel_passes_everything() -> None:
    verdicts = {result.id: result.verdict for result in judge_blob(SentinelBlob("blob", canonical_sentinel()))}
    not_applicable = {"SENT-BLOB-008"}  # one block: nothing follows
    assert verdicts == {each: "not-applicable" if each in not_applicable else "pass" for each in IDS}


@pytest.mark.parametrize("maker", MUTANTS, ids=lambda maker: maker.__name__)
def test_mutant_fails_what_it_declares_and_nothing_else(maker: Callable[[], bytes]) -> None:
    assert failing(maker()) == set(broken_by(maker)), f"{maker.__name__} breaks other requirements than declared"


@pytest.mark.parametrize("maker", MUTANTS, ids=lambda maker: maker.__name__)
def test_failures_carry_message_expectation_and_bytes(maker: Callable[[], bytes]) -> None:
    content = maker()
    for result in judge_blob(SentinelBlob("layers[0]", content)):
        for finding in result.findings:
            if finding.outcome == "fail":
                assert finding.message.endswith(".")
                assert finding.where
                assert finding.expected
                assert finding.found
                assert finding.evidence, f"{result.id} fails without evidence"


@settings(max_examples=100)
@given(sentinel_blobs())
def test_conforming_blobs_fail_nothing_but_known_content(content: bytes) -> None:
    assert failing(content) <= {"SENT-BLOB-010"}


@settings(max_examples=100)
@given(canonical_sentinel_blobs())
def test_canonical_blobs_fail_nothing(content: bytes) -> None:
    assert failing(content) == set()


@pytest.mark.parametrize("requirement_id", IDS)
@settings(max_examples=100)
@given(data=st.data())
def test_forbidden_blobs_fail_the_named_requirement(requirement_id: str, data: st.DataObject) -> None:
    assert requirement_id in failing(data.draw(forbidden_blob(requirement_id)))


def test_forbidden_blob_names_the_ids_it_knows() -> None:
    with pytest.raises(ValueError, match="SENT-DESC-001 is none of SENT-BLOB-001"):
        forbidden_blob("SENT-DESC-001")


@settings(max_examples=100)
@given(st.binary(max_size=2048))
def test_any_bytes_are_judged_without_error(content: bytes) -> None:
    assert "SENT-BLOB-010" in failing(content)


@settings(max_examples=300, deadline=None)
@given(sentinel_blobs() | st.binary(min_size=512, max_size=1536) | st.sampled_from([make() for make in MUTANTS]))
def test_what_passes_all_musts_is_rejected_by_python(content: bytes) -> None:
    if not failing(content) & MUSTS:
        strict, _ = read_with_python(content)
        assert not strict.accepted, f"Python's tarfile lists {strict.entries} where the rules see no archive"


def test_strict_reader_that_accepts_fails_by_name() -> None:
    judgement = judged(outcome(accepted=True, status=0))
    assert judgement.outcome == "fail"
    assert "sometar 1.0 accepts" in judgement.message
    assert judgement.evidence


def test_strict_reader_that_rejects_passes() -> None:
    assert judged(outcome()).outcome == "pass"


def test_lenient_reader_that_accepts_informs_by_name() -> None:
    judgement = judged(outcome(lenient=True, accepted=True, status=0))
    assert judgement.outcome == "info"
    assert judgement.message.startswith("A lenient tar reader accepts")
    assert judgement.where.endswith(": sometar 1.0")


def test_strict_reader_that_does_not_end_is_neither_pass_nor_fail() -> None:
    assert judged(outcome(status=None)).outcome == "not-run"


def test_absent_reader_informs() -> None:
    judgement = judged(ReaderOutcome("sometar", "", lenient=False, absent=True))
    assert judgement.outcome == "info"
    assert "not on this machine" in judgement.message


def test_empty_panel_is_reported() -> None:
    judgements = list(sentinel_blob.rejected_by_strict_readers(SentinelBlob("blob", canonical_sentinel())))
    assert [each.outcome for each in judgements] == ["pass", "info"]
    assert "was not run" in judgements[1].message
