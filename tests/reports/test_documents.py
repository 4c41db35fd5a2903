"""Reports state what the results state: JSON by its schema, JUnit a CI can read, text without surprises."""

import json
import re
from datetime import UTC, datetime
from io import StringIO
from xml.etree import ElementTree as ET

import jsonschema
import msgspec
import pytest
from rich.console import Console

from conformance.observed.evidence import BytesEvidence, Exchange
from conformance.observed.printable import safe
from conformance.reports import terminal
from conformance.reports.junit import render_junit
from conformance.reports.model import (
    Report,
    SubjectReport,
    build_schema,
    check_report,
    encode,
    read_report,
    run_report,
    subject_report,
)
from conformance.reports.notes import notes
from conformance.reports.table import summary_tables
from conformance.reports.words import finding_lines
from conformance.requirements import load_catalogue
from conformance.results import Judgement, RequirementResult, conclude, failed, informed, not_run, passed, unsupported
from tests.schemas import results_schema

CATALOGUE = load_catalogue()
EXCHANGE = Exchange.record("GET", "http://r/v2/a/blobs/x", request_headers=(("Range", "bytes=0-1"),), status=206)
BROKEN = failed(
    "The response has other bytes than were requested.",
    where="GET bytes=0-1",
    expected="ab",
    found="\x1b[31mcd\x00",
    evidence=(EXCHANGE, BytesEvidence("sha256:ab", 0, "61 62", b"cd")),
)


def result(requirement_id: str, *judgements: Judgement) -> RequirementResult:
    return conclude(CATALOGUE[requirement_id], judgements, replay="pytest --registry http://r -k range")


def a_subject() -> SubjectReport:
    verdicts = (
        result("REG-005", BROKEN),  # a SHOULD
        msgspec.structs.replace(result("REG-028", BROKEN), seconds=1.5, test="conformance/suite/test_x.py"),  # a MUST
        result("REG-004", passed("the blob")),
        result("REG-016", not_run("The connection broke.")),
        result("REG-010"),
        result("REG-014", unsupported("The registry does not delete.")),
        result("REG-021", informed("It responds with an index.")),
    )
    return subject_report(
        "registry.example",
        ("registry",),
        verdicts,
        profiles=("registry-ranges",),
        notes=("a note",),
        unchecked=("REG-022",),
    )


def a_report() -> Report:
    started = datetime(2026, 11, 24, tzinfo=UTC)
    return run_report((a_subject(),), started=started, elapsed=1.5, revision="pr681")


def folded(renderable: object) -> list[str]:
    """The lines where nothing is folded but tables."""
    out = StringIO()
    Console(file=out, width=80, highlight=False, markup=False, soft_wrap=True).print(renderable)
    return out.getvalue().splitlines()


def test_tables_fit_80_columns_whatever_the_name_of_the_subject() -> None:
    subject = msgspec.structs.replace(a_subject(), subject="registry.example/" + "team/" * 20)
    (table,) = summary_tables([subject], CATALOGUE)
    first, *lines = folded(table)
    assert first == subject.subject
    assert max(len(line.rstrip()) for line in lines) <= 80


def test_a_run_says_its_verdicts_first_and_each_failure_once() -> None:
    out = StringIO()
    terminal.print_report(Console(file=out, width=80, highlight=False, markup=False, soft_wrap=True), a_report())
    text = out.getvalue()
    assert text.splitlines()[0].startswith("registry.example does not conform to profile registry-ranges: ")
    assert text.count("FAIL REG-028") == 1


def test_notes_that_say_the_same_are_one_line() -> None:
    absent = [informed("It is not here.", where=f"blob: {name}") for name in ("cpio", "bsdtar", "perl")]
    subject = subject_report("x", ("registry",), (result("REG-021", *absent),))
    (note,) = notes(subject)
    assert note.plain == "note: REG-021: It is not here. (blob: cpio, bsdtar, perl)"


def test_results_of_the_first_edition_are_read_and_get_an_ending() -> None:
    document = json.loads(encode(a_report()))
    document["schema"] = document["schema"].replace(":2", ":1")
    for part in (document, *document["subjects"]):
        del part["ending"]
    for subject in document["subjects"]:
        del subject["claims"]
    jsonschema.validate(document, build_schema())
    assert read_report(json.dumps(document).encode()).ending == "does-not-conform"


def text_of(renderable: object) -> str:
    out = StringIO()
    Console(file=out, width=200, highlight=False, markup=False, soft_wrap=True).print(renderable)
    return out.getvalue()


def test_the_published_schema_is_that_of_the_models() -> None:
    assert results_schema() == build_schema(), "results.schema.json has drifted: run python tools/write_schemas.py"


@pytest.mark.parametrize("document", [a_report(), check_report(a_subject(), "pr681")])
def test_documents_follow_the_schema(document: Report) -> None:
    jsonschema.validate(json.loads(encode(document)), build_schema())


def test_a_document_with_an_unknown_verdict_breaks_the_schema() -> None:
    document = json.loads(encode(a_report()))
    document["subjects"][0]["verdicts"][0]["verdict"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, build_schema())


def test_junit_has_real_failures_skips_and_errors() -> None:
    root = ET.fromstring(render_junit(a_report(), CATALOGUE))
    (suite,) = root.iter("testsuite")
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7",
        "failures": "1",
        "errors": "1",
        "skipped": "3",
    }
    by_id = {case.get("name", "").split()[0]: case for case in root.iter("testcase")}
    assert by_id["REG-028"].find("failure") is not None
    assert by_id["REG-005"].find("skipped") is None, "a failed SHOULD is a pass with a warning"
    assert (by_id["REG-005"].findtext("system-out") or "").startswith("warning: a SHOULD failed")
    assert "does not delete" in (by_id["REG-014"].findtext("skipped") or "")
    assert (by_id["REG-028"].get("time"), by_id["REG-028"].get("file")) == ("1.500", "conformance/suite/test_x.py")
    assert "curl -i -H 'Range: bytes=0-1' http://r/v2/a/blobs/x" in (by_id["REG-028"].findtext("failure") or "")


def test_a_finding_reads_in_full() -> None:
    lines = list(finding_lines(result("REG-028", BROKEN).findings[0]))
    text = "\n".join(lines)
    for expected in (
        "other bytes",
        "where:",
        "expected: ab",
        "found:",
        "curl -i",
        "HTTP 206",
        "at byte 0",
        "replay:   pytest",
    ):
        assert expected in text, f"{expected!r} is missing in:\n{text}"


def test_text_of_a_subject_cannot_drive_the_terminal() -> None:
    assert safe("\x1b[31mred\n") == "\\x1b[31mred\\x0a"
    assert len(safe("x" * 10_000)) < 1000
    assert not re.search(r"[\x00-\x08\x1b]", text_of(terminal.findings(a_subject(), CATALOGUE)))


def test_the_table_counts_by_role_and_level() -> None:
    (table,) = summary_tables([a_subject()], CATALOGUE)
    text = text_of(table)
    must = next(line.split() for line in text.splitlines() if " MUST " in line)
    # pass, fail, waived, unsupported, not-applicable, not-run, no check yet
    assert must[-7:] == ["1", "1", "0", "1", "0", "1", "0"]
    should = next(line.split() for line in text.splitlines() if " SHOULD " in line)
    assert should[-7:] == ["0", "1", "0", "0", "2", "0", "1"]


def test_failures_come_before_warnings_and_each_names_its_requirement() -> None:
    text = text_of(terminal.findings(a_subject(), CATALOGUE))
    assert text.index("FAIL REG-028 [MUST]") < text.index("WARNING REG-005 [SHOULD]")
    assert "NOT-RUN REG-016" in text
    assert "note: a note" in text
    assert "does not delete" in text


def test_the_closing_statement() -> None:
    failed_and_open = "1 of 3 MUST failed (REG-028), 1 of 3 MUST not decided (REG-016) (1 warning: failed SHOULD)"
    assert f"does not conform to profile registry-ranges: {failed_and_open}" in terminal.statement(a_subject()).plain
    verdicts = (result("REG-004", passed("x")),)
    good = subject_report("r", ("registry",), verdicts, profiles=("registry",))
    assert terminal.statement(good).plain == "r conforms to profile registry: 1 of 1 MUST decided"
    assert "no statement on conformance" in terminal.statement(good, partial=True).plain
    assert "nothing to judge" in terminal.statement(subject_report("r", ("registry",), ())).plain


def test_requirements_that_were_not_run_for_one_reason_are_one_block_behind_the_failures() -> None:
    broken = "The layer could not be read to its end."
    verdicts = (
        result("REG-001", not_run(broken, where="layers[0]")),
        result("REG-002", failed("Wrong.", where="a", expected="b", found="c")),
        result("REG-003", not_run(broken, where="layers[0]")),
        result("REG-004", not_run(broken, where="layers[1]")),
        result("REG-011", unsupported("it cannot do that", where="here")),
        result("REG-013", unsupported("it cannot do that", where="there")),
    )
    text = text_of(terminal.findings(subject_report("x", ("registry",), verdicts), CATALOGUE))
    assert text.count(broken) == 2, "one for each place"
    assert "NOT-RUN REG-001, REG-003 [MUST] 2 requirements, for one reason:" in text
    assert text.index("FAIL REG-002") < text.index("NOT-RUN REG-001")
    assert "note: REG-011, REG-013: it cannot do that" in text
