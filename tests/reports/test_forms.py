"""Every form takes every report; each is read back by a reader that is not ours."""

import json
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from conformance.commands.report_forms import FORMS, render
from conformance.reports.badge import badge_of
from conformance.reports.html import render_html
from conformance.requirements import load_catalogue
from tests.commands.test_cli import zcc
from tests.reports.samples import HOSTILE, many, report

CATALOGUE = load_catalogue()
GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden" / "sentinel-single"


@pytest.mark.parametrize("form", FORMS)
def test_hostile_text_is_inert_in_every_form(form: str) -> None:
    text = render(form, report(HOSTILE), CATALOGUE).decode("utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text or form == "json", "text that turns the direction of writing is written out"
    if form in ("html", "markdown"):
        assert not re.search(r"(?<!\\)<(img|script>document)", text)
    if form in ("junit", "badge-svg"):
        ET.fromstring(text)
    if form in ("json", "sarif", "badge"):
        json.loads(text)


def test_html_has_a_row_for_each_requirement_and_asks_for_nothing() -> None:
    text = render_html(report(), CATALOGUE).decode()
    rows = re.findall(r'<tr id="([^"]+)" class="row"', text)
    assert sorted(rows) == sorted(requirement.id for requirement in CATALOGUE.of_role("artifact"))
    assert rows[0] == "SENT-BLOB-002", "a failed MUST is on top"
    assert "default-src 'none'" in text
    assert not re.search(r"""(?:src|href)=["'](?!#)""", text), "no address but anchors of its own"


def test_html_states_the_target_the_suite_and_the_examples() -> None:
    text = render_html(report(), CATALOGUE).decode()
    for said in ("1" * 64, "2" * 64, "3" * 64, "image other bytes", "deep", "&lt; 12 %", "other bytes: 3"):
        assert said in text, said
    waivers = text.index("Waived, as declared by the user")
    assert text.index("SENT-BLOB-004: waived until 2027-01-01") > waivers
    assert waivers < text.index('id="results"'), "waivers stand on top"


def test_a_thousand_images_weigh_less_than_five_megabytes() -> None:
    content = render_html(many(1000), CATALOGUE)
    assert len(content) < 5_000_000
    anchors = re.findall(rb'<tr id="([^"]+)"', content)
    assert len(anchors) == len(set(anchors))


def test_sarif_has_what_code_scanning_needs() -> None:
    document = json.loads(render("sarif", report(), CATALOGUE))
    run = document["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert document["version"] == "2.1.0"
    assert {rule["id"] for rule in rules} == {"SENT-BLOB-002", "SENT-BLOB-003"}
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    assert levels == {"SENT-BLOB-002": "error", "SENT-BLOB-003": "warning"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "registry.example/app-tag"
        assert place["region"]["startLine"] == 1
        assert result["partialFingerprints"]["primaryLocationLineHash"]
    again = json.loads(render("sarif", report(), CATALOGUE))["runs"][0]["results"]
    assert [each["partialFingerprints"] for each in again] == [each["partialFingerprints"] for each in run["results"]]


def test_the_badge_counts_and_never_says_conforms_of_a_failure() -> None:
    badge = badge_of(report(), date(2026, 12, 1))
    assert badge.message == "does not conform (1 MUST failed) 2026-11"
    assert badge.color == "red"


def test_the_badge_is_grey_when_it_says_nothing_of_the_current_version() -> None:
    """Expected: a day after a year, and where the run is incomplete or partial."""
    known = report()
    assert badge_of(known, date(2027, 11, 26)).color == "red"
    assert badge_of(known, date(2027, 11, 27)).color == "lightgrey"
    for changed in ({"ending": "incomplete"}, {"partial": True}, {"subjects": ()}):
        assert badge_of(msgspec.structs.replace(known, **changed), date(2026, 12, 1)).color == "lightgrey"


def test_check_writes_several_forms_at_once(tmp_path: Path) -> None:
    pairs = [(form, tmp_path / f"out.{form}") for form in FORMS]
    options = [part for form, path in pairs for part in ("--format", form, "--output", str(path))]
    run = zcc("check", "--no-panel", f"oci:{GOLDEN}", *options)
    assert run.returncode == 0, run.stderr
    assert "conforms to profile pair" in run.stdout
    assert all(path.stat().st_size > 50 for _, path in pairs)


def test_one_form_without_a_file_goes_to_standard_output() -> None:
    run = zcc("check", "--no-panel", f"oci:{GOLDEN}", "--format", "sarif")
    assert json.loads(run.stdout)["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--format", "pdf"), "--format pdf: not one of json, junit, html"),
        (("--format", "html", "--format", "json", "--output", "x"), "2 --format and 1 --output"),
        (("--format", "html", "--output", "no/such/directory/x"), "--output no/such/directory/x: No such file"),
    ],
)
def test_wrong_options_end_in_one_line(options: tuple[str, ...], message: str) -> None:
    run = zcc("check", "--no-panel", f"oci:{GOLDEN}", *options)
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
