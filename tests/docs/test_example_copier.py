"""The tool of the tutorial for authors of tools is judged as the tutorial says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.commands import ROOT
from tests.tools import need

COPIER = ROOT / "examples" / "copier"


def test_the_example_of_a_copier_conforms(tmp_path: Path) -> None:
    need(shutil.which("skopeo") is not None, "skopeo")
    programs = os.pathsep.join((str(COPIER), os.environ["PATH"]))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--implementation", str(COPIER / "mycp.toml")],
        cwd=tmp_path,
        env={"PATH": programs, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conforms to profile copier: 8 of 8 MUST decided" in done.stdout
