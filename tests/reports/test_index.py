"""The index of published results, and the certification report as a page."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from conformance.observed.interop import Cell, CellOutcome
from conformance.reports.certification import CertificationReport, RoleResult, ToolResult
from conformance.reports.certification_page import certification_page
from conformance.reports.html import render_page
from conformance.reports.matrix_picture import matrix_pictures
from conformance.reports.model import encode, now, read_report
from conformance.reports.page import Cell as Field
from conformance.reports.page import Page, Section, Table
from conformance.reports.publishing.index import documents, entries, main
from tests.reports.samples import HOSTILE

PUBLISHED = Path(__file__).parents[2] / "reports" / "published"
FILES = sorted(PUBLISHED.rglob("results.json"))


@pytest.mark.parametrize("name", ["index.html", "index.md"])
def test_the_index_is_current(name: str) -> None:
    assert dict(documents(PUBLISHED))[name] == (PUBLISHED / name).read_bytes(), "it has drifted: run nox -s publish"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_results_of_every_edition_are_read_without_loss(path: Path) -> None:
    """What an earlier version wrote stays readable: the same verdicts, before and after a way through this version."""
    document = json.loads(path.read_bytes())
    report = read_report(path.read_bytes())
    assert report.ending is not None
    assert read_report(encode(report)) == report
    for written, subject in zip(document["subjects"], report.subjects, strict=True):
        assert subject.ending is not None
        assert subject.conforms == written["conforms"]
        assert [(each.id, each.verdict) for each in subject.verdicts] == [
            (each["id"], each["verdict"]) for each in written["verdicts"]
        ]


def test_every_published_subject_is_in_the_index_with_how_to_repeat_it() -> None:
    text = dict(documents(PUBLISHED))["index.md"].decode()
    table = MarkdownIt("commonmark").enable("table").render(text)
    rows = re.findall(r"<tr>\n(.*?)</tr>", table, re.DOTALL)
    for entry in entries(PUBLISHED):
        of_entry = [line for line in rows if f'href="{entry.path}"' in line]
        assert len(of_entry) == len(entry.report.subjects)
        assert all("pytest --" in line for line in of_entry)


def test_a_file_that_is_no_result_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results.json").write_text("{}")
    assert main([str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def certification() -> CertificationReport:
    role = RoleResult("copier", False, {"pass": 3, "fail": 1, "waived": 1}, waived=(f"SENT-STRIP-001: {HOSTILE}",))
    tools = (
        ToolResult("tool", f"tool {HOSTILE} (adapter tool)", (role,)),
        ToolResult("gone", absent="gone is not installed on this machine"),
    )
    names: tuple[tuple[str, CellOutcome], ...] = (("tool", "same tree"), (HOSTILE, "refused"))
    ways = tuple(
        Cell(producer, "zstd:chunked", registry, "tool", outcome, HOSTILE)
        for registry in ("embedded registry", "docker-registry")
        for producer, outcome in names
    )
    return CertificationReport(tools, ways, now(), 1.0)


def test_a_certificate_shows_waivers_before_its_counts_and_the_matrix_as_a_picture() -> None:
    page = certification_page(certification(), links=True)
    assert [section.anchor for section in page.sections] == ["waivers", "counts", "matrix"]
    html = render_page(page).decode()
    assert html.count('src="data:image/svg+xml;base64,') == 2
    assert "<script" not in html
    assert 'href="tool/report.html"' in html
    assert "gone: absent: gone is not installed on this machine" in html


def test_the_matrix_is_an_svg_document_whatever_the_names() -> None:
    for picture in matrix_pictures(certification().matrix):
        root = ET.fromstring(picture.svg)
        titles = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}title")]
        assert len(titles) == 3
        assert any(title.endswith(": refused") for title in titles)
        assert "1 of 2 combinations" in picture.text


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil.example", 'x" onclick="y'])
def test_a_page_links_to_no_script(link: str) -> None:
    page = Page("x", sections=(Section("y", (Table(("a",), ((Field("b", link=link),),)),)),))
    text = render_page(page).decode()
    assert "href=" not in text.replace('href="#content"', "")
