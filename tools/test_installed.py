"""Run tests of the checkout against the installed package: ``python tools/test_installed.py tests/core …``.

The tests are copied away from the checkout, so that ``import conformance`` can only find what is installed.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
# Directories that tests read besides the package; none of them can be imported.
NEEDED: Final = (
    "tests",
    "fixtures",
    "docs",
    "tools",
    "examples",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "pyproject.toml",
    "CHANGELOG.md",
    "noxfile.py",
)


def main() -> int:
    """The exit status of pytest."""
    with tempfile.TemporaryDirectory(prefix="zcc-installed-") as name:
        place = Path(name)
        for part in NEEDED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, place / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, place / part)
        found = subprocess.run(
            [sys.executable, "-c", "import conformance; print(conformance.__file__)"],
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        if Path(found).is_relative_to(ROOT / "conformance"):
            print(f"the package is not installed: {found} is the checkout", file=sys.stderr)
            return 2
        print(f"tests against {found}")
        return subprocess.run([sys.executable, "-m", "pytest", *sys.argv[1:], "-q"], cwd=place, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
