"""Outputs that pages show: compared with what the commands print."""

import re
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from conformance.cli import app
from conformance.requirements.model import load_catalogue
from conformance.requirements.profiles import Profile
from tests.docs.commands import ROOT

SHOWN = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
MADE = ("docs/results.md", "docs/findings.md", "docs/null-subjects.md", "docs/mutation.md")
"""Pages of results with the versions and the day that they state."""


def block(page: str, after: str) -> list[str]:
    """The indented lines of a page from this one on."""
    lines = (ROOT / page).read_text("utf-8").splitlines()
    start = lines.index(after)
    end = next(number for number in range(start, len(lines)) if lines[number] and not lines[number].startswith("    "))
    return [line[4:] for line in lines[start + 1 : end] if line.strip()]


def test_the_anatomy_of_the_golden_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shortens digests, and leaves lines out at the end."""
    monkeypatch.chdir(ROOT)
    command = "zcc inspect oci:fixtures/golden/sentinel-single"
    printed = CliRunner().invoke(app, [*command.split()[1:], "--frames"]).output.splitlines()
    left = iter(printed)
    for shown in block("docs/inspect.md", f"    {command}"):
        pattern = re.escape(shown.rstrip()).replace("…", "[0-9a-f]*")
        assert shown.strip() == "…" or any(re.fullmatch(pattern, line.rstrip()) for line in left), shown


@pytest.mark.parametrize("page", ["docs/certify.md", "docs/adapters.md"])
def test_the_check_of_an_adapter(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a tool that is not on this machine: without its version."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text("utf-8")
    toml = re.search(r"\n((?:    (?!\$).*\n|\n)*    name = \"mytool\"\n(?:    (?!\$).*\n|\n(?=    (?!\$)))*)", text)
    assert toml is not None
    Path("mytool.toml").write_text(re.sub(r"(?m)^    ", "", toml[1]))
    printed = CliRunner().invoke(app, ["adapter", "check", "mytool.toml"]).output
    assert block(page, "    $ zcc adapter check mytool.toml")[0] == printed.splitlines()[0]


def test_no_line_has_more_requirements_than_its_profile() -> None:
    catalogue = load_catalogue()
    most = {
        profile: sum(requirement.level == "MUST" for requirement in catalogue.of_profile(profile))
        for profile in get_args(Profile.__value__ if hasattr(Profile, "__value__") else Profile)
    }
    seen = 0
    for page in SHOWN:
        text = (ROOT / page).read_text("utf-8") if page not in MADE else ""
        for profile, count in re.findall(r"profiles? ([a-z-]+)(?: \(|: )\d+ of (\d+) MUST", text):
            seen += 1
            assert int(count) <= most[profile], f"{page}: {profile}: {count} of {most[profile]}"
    assert seen >= 5


def test_the_line_of_the_tutorial_for_registries() -> None:
    """The embedded registry passes all that the catalogue has."""
    catalogue = load_catalogue()
    line = next(line for line in (ROOT / "docs/tutorial-registry.md").read_text().splitlines() if "of 8 MUST" in line)
    counts = re.findall(r"(registry[a-z-]*) \((\d+) of (\d+) MUST decided\)", line)
    assert [name for name, *_ in counts] == ["registry", "registry-ranges", "registry-lifecycle"]
    for name, passed, count in counts:
        musts = [each for each in catalogue.of_profile(name) if each.level == "MUST"]
        assert (int(passed), int(count)) == (len(musts), len(musts)), name
