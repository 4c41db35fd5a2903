"""Every form is read by a program that is not ours: parsers, published schemas, the service that draws badges."""

import base64
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt

from conformance.commands.report_forms import FORMS, render
from conformance.reports.model import Report
from conformance.requirements import load_catalogue
from tests.reports.samples import HOSTILE, report
from tests.schemas import results_schema
from tests.tools import need

CATALOGUE = load_catalogue()
REPORTS = {"plain": report(), "hostile": report(HOSTILE)}
# Of each form the test that has a foreign reader; HTML: tests/reports/test_browser.py.
READERS = {
    "json": "test_results_follow_their_schema",
    "junit": "test_junit_is_read_by_junitparser",
    "sarif": "test_sarif_follows_the_published_schema",
    "markdown": "test_markdown_is_a_document_without_html",
    "badge": "test_the_library_of_shields_draws_the_badge",
    "badge-svg": "test_the_badge_is_an_svg_document",
    "codequality": "test_code_quality_has_the_fields_that_gitlab_reads",
    "html": "",
}


def test_each_form_has_a_foreign_reader() -> None:
    assert set(READERS) == set(FORMS)
    assert all(name in globals() for name in READERS.values() if name)


@pytest.fixture(params=REPORTS)
def read(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]


def rendered(form: str, of: Report) -> str:
    return render(form, of, CATALOGUE).decode()


def npm(directory: Path, *arguments: str) -> str:
    """What npm prints; a visible skip without npm, or without the registry."""
    need(shutil.which("npm") is not None, "npm")
    command = ["npm", *arguments, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=180, check=False)
    need(done.returncode == 0, f"an npm registry with {arguments[-1]}")
    return done.stdout


@pytest.fixture(scope="module")
def sarif_schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The schema of SARIF 2.1.0 as published, out of a package by the format's editors."""
    directory = tmp_path_factory.mktemp("sarif")
    name = npm(directory, "pack", "@microsoft/jest-sarif@1.0.0-beta.0").split()[-1]
    with tarfile.open(directory / name) as package:
        member = package.extractfile("package/lib/schemas/sarif-2.1.0-rtm.5.json")
        assert member is not None
        return json.load(member)


def test_results_follow_their_schema(read: Report) -> None:

    jsonschema.validate(json.loads(rendered("json", read)), results_schema())


def test_junit_is_read_by_junitparser(read: Report) -> None:
    parsed = JUnitXml.fromstring(rendered("junit", read).encode())
    suites = list(parsed)
    cases = [case for suite in suites for case in suite]
    assert {case.name.split()[0] for case in cases} == {each.id for each in read.subjects[0].verdicts}
    told = {case.name.split()[0]: list(case.result) for case in cases}
    assert [type(each) for each in told["SENT-BLOB-002"]] == [Failure]
    assert "expected" in told["SENT-BLOB-002"][0].text
    assert told["SENT-BLOB-003"] == [], "a failed SHOULD is a pass"
    assert [type(each) for each in told["SENT-DESC-001"]] == [Error]
    assert [type(each) for each in told["SENT-BLOB-004"]] == [Skipped]
    kinds = [type(one) for each in told.values() for one in each]
    counted = tuple(kinds.count(kind) for kind in (Failure, Error, Skipped))
    assert (suites[0].failures, suites[0].errors, suites[0].skipped) == counted


def test_sarif_follows_the_published_schema(read: Report, sarif_schema: Any) -> None:
    document = json.loads(rendered("sarif", read))
    validator = jsonschema.validators.validator_for(sarif_schema)(sarif_schema)
    assert list(validator.iter_errors(document)) == []
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert list(validator.iter_errors(document)), "the schema refuses what is not SARIF"


def test_markdown_is_a_document_without_html(read: Report) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(rendered("markdown", read))
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    assert "heading_open" in kinds
    assert "table_open" in kinds
    assert not {kind for kind in kinds if kind.startswith("html")}
    assert "image" not in kinds


def test_the_library_of_shields_draws_the_badge(tmp_path: Path) -> None:
    npm(tmp_path, "install", "--prefix", str(tmp_path), "badge-maker@4.1.0")
    need(shutil.which("node") is not None, "node")
    badge = json.loads(rendered("badge", REPORTS["plain"]))
    assert (badge["schemaVersion"], badge["isError"]) == (1, False)
    given = {key: badge[key] for key in ("label", "message", "color")}
    script = f"console.log(require('badge-maker').makeBadge({json.dumps(given)}))"
    done = subprocess.run(["node", "-e", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert badge["message"] in ET.fromstring(done.stdout).get("aria-label", "")


def test_the_badge_is_an_svg_document(read: Report) -> None:
    root = ET.fromstring(rendered("badge-svg", read))
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["zstd:chunked", "does not conform (1 MUST failed) 2026-11"]
    assert not re.search(r"href|script|url\(|@import", rendered("badge-svg", read))


def test_code_quality_has_the_fields_that_gitlab_reads(read: Report) -> None:
    """The fields by GitLab's documentation; there is no published schema."""
    issues = json.loads(rendered("codequality", read))
    assert issues
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= set(issue)
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert isinstance(issue["location"]["lines"]["begin"], int)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_a_picture_is_part_of_the_page(tmp_path: Path) -> None:
    """Expected: one image in the page, an SVG document with the sentinel's bytes; open because a failure is of them."""
    from conformance.reports.page import Picture

    pictures = {"registry.example/app:tag": Picture("<svg xmlns='http://www.w3.org/2000/svg'/>", "bars")}
    page = render("html", REPORTS["plain"], CATALOGUE, pictures).decode()
    pattern = r'<details class="anatomy" open>.*?<img alt="bars" src="data:image/svg\+xml;base64,([^"]+)"'
    (found,) = re.findall(pattern, page)
    assert ET.fromstring(base64.b64decode(found)).tag == "{http://www.w3.org/2000/svg}svg"
    assert '<details class="anatomy"' not in render("html", REPORTS["plain"], CATALOGUE).decode()
