"""docs/strategies.md tells the truth: its example runs, and every name in it exists."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "strategies.md").read_text("utf-8")


def test_the_example_runs_as_a_third_party_would_run_it(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "test_myclient.py").write_text(f"{LOADED}{example}", "utf-8")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_myclient.py"]
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed" in run.stdout


LOADED = "from conformance.strategies.profiles import load_profile\n\nload_profile('quick')\n"


@pytest.mark.parametrize("row", re.findall(r"^\| `(?:strategies|images)\.\w+` \|.*$", GUIDE, re.MULTILINE))
def test_every_name_of_the_table_is_in_its_module(row: str) -> None:
    name, *cells = (cell.strip() for cell in row.strip("| ").split("|"))
    module = import_module(f"conformance.{name.strip('`')}")
    images = import_module("conformance.strategies.images")
    names = re.findall(r"`(\w+)(?:\(.*?\))?`", " ".join(cells))
    assert names
    assert not [each for each in names if not hasattr(module, each) and not hasattr(images, each)]
