"""Judgements become verdicts: nothing turns silently into a pass."""

from datetime import date

import pytest

from conformance.requirements import load_catalogue
from conformance.results import (
    Judgement,
    Waiver,
    apply_waivers,
    conclude,
    conforms,
    failed,
    informed,
    merge,
    not_run,
    notes_on_waivers,
    passed,
    read_waivers,
    unsupported,
)

MUST = load_catalogue()["SENT-BLOB-002"]
SHOULD = load_catalogue()["SENT-BLOB-003"]
FAILED = failed("It is short.", where="blob", expected="512", found="12")


@pytest.mark.parametrize(
    ("judgements", "verdict"),
    [
        ([], "not-applicable"),
        ([informed("By the way.")], "not-applicable"),
        ([passed("a")], "pass"),
        ([passed("a"), FAILED], "fail"),
        ([passed("a"), not_run("Unreadable.")], "not-run"),
        ([FAILED, not_run("Unreadable.")], "fail"),
        ([unsupported("No deletes.")], "unsupported"),
        ([unsupported("No deletes."), passed("a")], "pass"),
    ],
)
def test_verdict_of_judgements(judgements: list[Judgement], verdict: str) -> None:
    assert conclude(MUST, judgements).verdict == verdict


def test_a_finding_keeps_what_was_expected_found_and_where() -> None:
    (finding,) = conclude(MUST, [FAILED, passed("b")], replay="zcc check x").findings
    assert (finding.requirement, finding.where, finding.expected, finding.found) == (MUST.id, "blob", "512", "12")
    assert finding.replay == "zcc check x"


def test_only_a_must_breaks_conformance() -> None:
    assert not conforms([conclude(MUST, [FAILED])])
    assert not conforms([conclude(MUST, [not_run("Unreadable.")])])
    assert conforms([conclude(SHOULD, [FAILED]), conclude(MUST, [passed("a")])])


def test_merging_keeps_the_graver_verdict_and_all_findings() -> None:
    merged = merge(conclude(MUST, [passed("a")]), conclude(MUST, [FAILED]))
    assert (merged.verdict, merged.judged, len(merged.findings)) == ("fail", 2, 1)


def test_a_waiver_holds_until_its_date_and_keeps_the_finding() -> None:
    waiver = Waiver(MUST.id, "ticket 7", date(2026, 12, 31))
    (on_time,) = apply_waivers([conclude(MUST, [FAILED])], [waiver], date(2026, 12, 31))
    (too_late,) = apply_waivers([conclude(MUST, [FAILED])], [waiver], date(2027, 1, 1))
    assert on_time.verdict == "waived"
    assert on_time.findings
    assert "ticket 7" in on_time.reason
    assert too_late.verdict == "fail"
    assert "expired on 2026-12-31: ticket 7" in too_late.reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[waive]]\nid="NO-001"\nreason="x"\nuntil=2026-12-31', "not in the catalogue"),
        ('[[waive]]\nid="REG-001"\nreason=" "\nuntil=2026-12-31', "without a reason"),
        ('[[waive]]\nid="REG-001"\nuntil=2026-12-31', "reason"),
        ('[[waive]]\nid="REG-001"\nreason="x"\nuntil="soon"', "until"),
        ("[[waive", "Expected"),
    ],
)
def test_wrong_waivers_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_waivers(text)


def test_a_waiver_that_is_not_needed_and_one_that_ran_out_are_reported() -> None:
    waiver = Waiver(MUST.id, "ticket 7", date(2026, 12, 31))
    passing, failing = conclude(MUST, [passed("x")]), conclude(MUST, [FAILED])
    (line,) = notes_on_waivers([passing], [waiver], date(2026, 12, 1))
    assert line == f"{MUST.id} passes and is waived until 2026-12-31 (ticket 7): remove the waiver"
    (line,) = notes_on_waivers([failing], [waiver], date(2027, 1, 1))
    assert line == f"the waiver of {MUST.id} expired on 2026-12-31 (ticket 7)"
    assert not list(notes_on_waivers([failing], [waiver], date(2026, 12, 1)))
    assert not list(notes_on_waivers([], [waiver], date(2027, 1, 1))), "what was not judged here is no news"
