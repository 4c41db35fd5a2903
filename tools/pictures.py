"""Creates the pictures of the README: python tools/pictures.py [DIRECTORY] (nox -s pictures).

``report.svg`` is the end of a run in a terminal, ``report.png`` an HTML report in Chromium, ``anatomy.svg`` an
image. Chromium is searched on PATH; without it, ``report.png`` is not changed, and the exit status is 1.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from conformance.reports.model import read_report
from conformance.reports.picture import picture

ROOT = Path(__file__).parents[1]
RUN = ROOT / "reports" / "published" / "registries" / "distribution-2-2.8.2" / "results.json"
IMAGE = "oci:fixtures/golden/sentinel-single"
SIZE = (1100, 760)


def zcc(*arguments: str) -> None:
    """Run zcc in the root of the project, so that paths are as in the README."""
    subprocess.run([sys.executable, "-m", "conformance", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def terminal(target: Path) -> None:
    """Draw the end of a published run."""
    report = read_report(RUN.read_bytes())
    target.write_text(picture(report, title="pytest --registry http://127.0.0.1:5000"), "utf-8")


def page(target: Path, chromium: str) -> None:
    """Draw the top of the HTML report on a golden image."""
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        html = Path(directory) / "report.html"
        zcc("check", "--deep", IMAGE, "--format", "html", "--output", str(html))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
        opened.goto(html.as_uri())
        opened.screenshot(path=target)
        browser.close()


def main(arguments: list[str]) -> int:
    """Write the three pictures."""
    directory = Path(arguments[0] if arguments else ROOT / "docs").resolve()
    directory.mkdir(parents=True, exist_ok=True)
    terminal(directory / "report.svg")
    zcc("inspect", IMAGE, "--svg", str(directory / "anatomy.svg"))
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.stderr.write("chromium is not installed on this machine: report.png is unchanged\n")
        return 1
    page(directory / "report.png", chromium)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
