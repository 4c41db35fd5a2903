"""The HTML report in a real browser: filters, search, deep links, both colour schemes, no request, accessible."""

import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from conformance.images.golden import golden_directory
from conformance.reports.badge import render_badge_svg
from conformance.reports.certification_page import certification_page
from conformance.reports.html import render_html, render_page
from conformance.requirements import load_catalogue
from tests.commands.test_cli import zcc
from tests.reports.samples import HOSTILE, many, report
from tests.reports.test_index import certification
from tests.tools import need

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need(CHROMIUM is not None, "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield browser
        browser.close()


class Opened:
    """A page with what it stated and requested while it was open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    context = browser.new_context()
    yield Opened(context.new_page())
    context.close()


def write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return path.as_uri()


def visible_rows(page: Page) -> list[str]:
    rows = page.locator("tr.row:visible")
    return [str(rows.nth(number).get_attribute("id")) for number in range(min(rows.count(), 20))]


def test_filters_and_search_show_what_they_say(opened: Opened, tmp_path: Path) -> None:
    url, page = write(tmp_path / "report.html", render_html(report(), load_catalogue())), opened.page
    page.goto(url)
    page.select_option("#verdict", "fail")
    assert visible_rows(page) == ["SENT-BLOB-002"]
    page.select_option("#verdict", "warning")
    assert visible_rows(page) == ["SENT-BLOB-003"]
    page.select_option("#verdict", "")
    page.fill("#search", "binary zero first 512")
    assert visible_rows(page) == ["SENT-BLOB-002"]
    page.fill("#search", "")
    page.select_option("#group", "SENT-DESC")
    assert all(name.startswith("SENT-DESC-") for name in visible_rows(page))
    assert page.locator("#shown").inner_text().endswith("shown")
    assert opened.said == []
    assert opened.asked == [url], "the report requests nothing but itself"


def test_a_deep_link_shows_its_requirement_whatever_is_filtered(opened: Opened, tmp_path: Path) -> None:
    url, page = write(tmp_path / "report.html", render_html(report(), load_catalogue())), opened.page
    page.goto(f"{url}#TOC-001")
    assert page.locator("#TOC-001 details").get_attribute("open") is not None
    page.select_option("#verdict", "fail")
    assert not page.locator("#TOC-001").is_visible()
    page.evaluate("location.hash = '#SENT-DESC-001'")
    page.evaluate("location.hash = '#TOC-001'")
    page.wait_for_selector("#TOC-001", state="visible")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_report_is_accessible(
    browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(write(tmp_path / "report.html", render_html(report(), load_catalogue())))
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing runs out at the side"
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_are_accessible(browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"], width: int) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(write(tmp_path / "page.html", render_page(certification_page(certification(), links=True))))
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing runs out at the side"
    assert page.evaluate("[...document.images].every((each) => each.complete && each.naturalWidth > 0)")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_of_a_check_shows_the_anatomy(
    browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    """Expected: closed where nothing of the layers failed; opened by a click, drawn, accessible, on a phone too."""
    out = tmp_path / "report.html"
    run = zcc("check", "--no-panel", f"oci:{golden_directory('sentinel-single')}", "--format", "html", "-o", str(out))
    assert run.returncode == 0, run.stderr
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(out.as_uri())
    assert not page.locator(".anatomy img").is_visible()
    page.click(".anatomy summary")
    page.wait_for_selector(".anatomy img", state="visible")
    assert page.evaluate("document.querySelector('.anatomy img').naturalWidth") == 1200
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing runs out at the side"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_the_badge_is_drawn(opened: Opened, tmp_path: Path) -> None:
    url = write(tmp_path / "badge.svg", render_badge_svg(report()))
    opened.page.goto(url)
    texts = opened.page.locator("text")
    shown = [texts.nth(place).text_content() for place in range(2)]
    assert shown == ["zstd:chunked", "does not conform (1 MUST failed) 2026-11"]
    assert all(texts.nth(place).bounding_box() for place in range(2))
    assert opened.asked == [url]


def test_hostile_text_does_nothing(opened: Opened, tmp_path: Path) -> None:
    opened.page.goto(write(tmp_path / "report.html", render_html(report(HOSTILE), load_catalogue())))
    assert opened.page.title() == "registry.example/app:tag"
    assert opened.page.locator("img").count() == 0
    assert opened.said == []


def test_a_thousand_images_open_within_seconds(opened: Opened, tmp_path: Path) -> None:
    url = write(tmp_path / "report.html", render_html(many(1000), load_catalogue()))
    start = time.monotonic()
    opened.page.goto(url)
    opened.page.wait_for_function("document.getElementById('shown').textContent.length > 0")
    # Two seconds on an idle machine (benchmarks/README.md); here only that it does not hang.
    assert time.monotonic() - start < 30
    assert opened.said == []
