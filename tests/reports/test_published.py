"""Results cut for publication: the verdicts stay, ports and bodies do not, the schema holds."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from conformance.observed.evidence import CommandEvidence, Exchange
from conformance.reports.model import Report, encode, now, subject_report
from conformance.reports.publishing.results import MAX_EVIDENCE, MAX_FINDINGS, main
from conformance.requirements import load_catalogue
from conformance.results import conclude, failed, informed
from tests.schemas import results_schema


def report() -> Report:
    exchange = Exchange.record(
        "PUT",
        "http://127.0.0.1:4711/v2/a",
        status=201,
        response_start=b"body",
        request_headers=(("Host", "127.0.0.1:4711"),),
    )
    command = CommandEvidence(("tool", "127.0.0.1:4711/a:1"), 0, "x" * 5000)
    judgements = [informed("worth knowing")] + [
        failed("wrong", where="127.0.0.1:4711/a", expected="x", found="y", evidence=(command, exchange, exchange))
    ] * 5
    result = conclude(load_catalogue()["SENT-STRIP-001"], judgements)
    subject = subject_report("tool 1 (adapter tool)", ("copier",), (result,))
    return Report((subject,), False, now(), 1.0, "pr681")


def test_verdicts_stay_and_evidence_is_cut(tmp_path: Path) -> None:
    whole = report()
    (tmp_path / "whole.json").write_bytes(encode(whole))
    assert main([str(tmp_path / "whole.json"), str(tmp_path / "out")]) == 0
    raw = (tmp_path / "out" / "results.json").read_bytes()
    document = json.loads(raw)
    jsonschema.validate(document, results_schema())
    (result,) = document["subjects"][0]["verdicts"]
    assert result["verdict"] == "fail"
    assert [finding["outcome"] for finding in result["findings"]] == ["fail"] * MAX_FINDINGS
    assert {len(finding["evidence"]) for finding in result["findings"]} == {MAX_EVIDENCE}
    assert b"4711" not in raw
    assert b"127.0.0.1:PORT" in raw
    assert len(raw) < 6000


def test_a_registry_is_named_and_its_address_is_not_kept(tmp_path: Path) -> None:
    result = conclude(load_catalogue()["REG-018"], [failed("wrong", where="a", expected="x", found="y")] * 2)
    found = tuple(
        msgspec.structs.replace(finding, replay="pytest --registry http://127.0.0.1:4711")
        for finding in result.findings
    )
    result = msgspec.structs.replace(result, findings=found)
    subject = subject_report("127.0.0.1:4711", ("registry",), (result,), notes=("see 127.0.0.1:4711/a",))
    (tmp_path / "whole.json").write_bytes(encode(Report((subject,), False, now(), 1.0, "pr681")))
    assert main([str(tmp_path / "whole.json"), str(tmp_path / "out"), "crane-memory 1.0"]) == 0
    raw = (tmp_path / "out" / "results.json").read_bytes()
    assert json.loads(raw)["subjects"][0]["subject"] == "crane-memory 1.0"
    assert b"4711" not in raw


def test_something_else_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.json").write_text("{}")
    assert main([str(tmp_path / "other.json"), str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
