"""The HTML report of a thousand images: its size, and how long Chromium takes to open it. Limits: 5 MB, 2 seconds.

``python -m benchmarks.report_page``: the results of the golden image, and of one whose sentinel's bytes were changed,
alternately. Measured is the time from the request to the first count of the filters, in a new page; and beside it the
CPU seconds of the page's thread, which other programs do not lengthen. Needs Chromium. Figures: benchmarks/README.md.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import msgspec
from playwright.sync_api import sync_playwright

from conformance.audit.checking import CheckOptions, check_image
from conformance.images.golden import golden_directory
from conformance.reports.html import render_html
from conformance.reports.model import SubjectReport, now, run_report
from conformance.requirements import load_catalogue

LIMIT_BYTES, LIMIT_SECONDS = 5_000_000, 2.0


def judged(directory: Path) -> tuple[SubjectReport, SubjectReport]:
    """A conforming image and a damaged one."""
    golden, broken = golden_directory("sentinel-single"), directory / "broken"
    shutil.copytree(golden, broken)
    largest = max((broken / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1] + b"y")
    options = CheckOptions(use_panel=False, deep=True)
    return check_image(f"oci:{golden}", options), check_image(f"oci:{broken}", options)


def main() -> None:
    """Render once, open often."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("chromium is not installed on this machine")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        pair = judged(Path(name))
        subjects = tuple(
            msgspec.structs.replace(pair[number % 2], subject=f"registry.example/team/app-{number:05}:v1")
            for number in range(given.images)
        )
        catalogue = load_catalogue()
        report = run_report(subjects, started=now(), elapsed=1.0, revision=catalogue.revision)
        page = Path(name) / "report.html"
        page.write_bytes(render_html(report, catalogue))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        taken, spent = [], []
        for _ in range(given.runs):
            opened = browser.new_page()
            session = opened.context.new_cdp_session(opened)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            start = time.perf_counter()
            opened.goto(page.as_uri())
            opened.wait_for_function("document.getElementById('shown').textContent.length > 0")
            taken.append(time.perf_counter() - start)
            metrics = session.send("Performance.getMetrics")["metrics"]
            spent.append(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))
            opened.close()
        browser.close()
        size = page.stat().st_size
    print(f"{given.images} images: {size / 10**6:.2f} MB (limit {LIMIT_BYTES / 10**6:.0f})")
    print(f"open in Chromium: {statistics.median(taken):.2f} s, at most {max(taken):.2f} s (limit {LIMIT_SECONDS})")
    print(f"CPU seconds of the page: {statistics.median(spent):.2f}, at most {max(spent):.2f}")


if __name__ == "__main__":
    main()
