"""Wheel and sdist as a release has them, and the check that the release workflow relies on."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def checked(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, str(ROOT / "tools/release_check.py"), *(str(argument) for argument in arguments)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist of this tree."""
    out = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


def test_both_hold_what_they_must(built: tuple[Path, Path]) -> None:
    run = checked(*built)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_wheel_has_both_names_of_the_command(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        (place,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
        text = wheel.read(place).decode()
    assert "zcc = conformance.cli:main" in text
    assert "zstd-chunked-conformance = conformance.cli:main" in text, "uvx searches for the name of the project"


def _without(name: str) -> Callable[[zipfile.ZipFile, zipfile.ZipFile], None]:
    def change(old: zipfile.ZipFile, new: zipfile.ZipFile) -> None:
        for item in old.namelist():
            if not item.endswith(name):
                new.writestr(item, old.read(item))

    return change


def _with_cache(old: zipfile.ZipFile, new: zipfile.ZipFile) -> None:
    _without("//")(old, new)
    new.writestr("conformance/__pycache__/x.cpython-311.pyc", b"")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without("requirements.toml"), "requirements.toml is missing"),
        (_without("LICENSE"), "the licence text is missing"),
        (_with_cache, "does not belong there"),
    ],
)
def test_a_wheel_that_lacks_something_is_refused(
    built: tuple[Path, Path],
    tmp_path: Path,
    change: Callable[[zipfile.ZipFile, zipfile.ZipFile], None],
    message: str,
) -> None:
    broken = tmp_path / built[0].name
    with zipfile.ZipFile(built[0]) as old, zipfile.ZipFile(broken, "w") as new:
        change(old, new)
    run = checked(broken)
    assert run.returncode == 1
    assert message in run.stderr


def test_a_tag_that_is_not_the_version_is_refused() -> None:
    run = checked("--tag", "v0.0.1")
    assert run.returncode == 1
    assert "the tag is v0.0.1" in run.stderr


def test_nothing_is_published_without_an_address(built: tuple[Path, Path]) -> None:
    """SECURITY.md states this. It is for the owner of the index's project to fill in."""
    run = checked("--publish", built[0])
    text = (ROOT / "pyproject.toml").read_text()
    assert (run.returncode == 0) == ("maintainers" in text), run.stderr


def test_uvx_finds_the_command(built: tuple[Path, Path], tmp_path: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed on this machine")
    argv = [uv, "tool", "run", "--from", str(built[0]), "zcc", "--version"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.startswith("zcc "), done.stderr


def test_the_constraints_are_names_and_versions() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 40
    assert all("==" in line and "/" not in line for line in lines)
