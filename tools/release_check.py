"""Checks a release: tag, version and changelog agree, and the distributions have the required content.

``python tools/release_check.py [--tag v0.2.0] [--publish] [DIST…]``: one line for each problem, exit status 1 if any.
``--publish`` also requires an address of the maintainers in the metadata (SECURITY.md).
"""

import argparse
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
NAME: Final = "zstd_chunked_conformance"
IN_WHEEL: Final = (
    "conformance/py.typed",
    "conformance/requirements/requirements.toml",
    "conformance/reports/results.schema.json",
    "conformance/implementations/adapter.schema.json",
    "conformance/implementations/adapters/skopeo.toml",
    "conformance/fixtures/golden/sentinel-single/index.json",
    "conformance/fixtures/vectors/index.json",
    "conformance/fixtures/schemas/toc.schema.json",
    "conformance/docs/format.md",
    "conformance/docs/requirements.md",
)
IN_SDIST: Final = (
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "SECURITY.md",
    "noxfile.py",
    "tests/conftest.py",
    "docs/format.md",
)
UNWANTED: Final = re.compile(
    r"(^|/)(__pycache__|\.git|\.venv|\.nox|\.hypothesis|\.mypy_cache|reports/latest)(/|$)|\.pyc$"
)


def main() -> int:
    """Check the arguments; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", default="")
    parser.add_argument("--publish", action="store_true")
    parser.add_argument("distributions", nargs="*", type=Path)
    given = parser.parse_args()
    version = version_of_source()
    problems = [*source_problems(version, given.tag)]
    for path in given.distributions:
        problems += [f"{path.name}: {problem}" for problem in distribution_problems(path, version, given.publish)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def version_of_source() -> str:
    """``__version__``."""
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "conformance/__init__.py").read_text())
    return found[1] if found else ""


def source_problems(version: str, tag: str) -> Iterator[str]:
    """Contradictions in the source tree."""
    if tag and tag != f"v{version}":
        yield f"the tag is {tag}, and the version {version}"
    if not re.search(
        rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    ):
        yield f"CHANGELOG.md has no section for {version} with its date"


def distribution_problems(path: Path, version: str, publish: bool) -> Iterator[str]:
    """Defects of one wheel or sdist."""
    is_wheel = path.suffix == ".whl"
    names, metadata = _wheel(path) if is_wheel else _sdist(path, version)
    wanted = IN_WHEEL if is_wheel else IN_SDIST
    yield from (f"{name} is missing" for name in wanted if name not in names)
    yield from (f"{name} does not belong there" for name in names if UNWANTED.search(name))
    if is_wheel and not any(re.search(r"dist-info/(licenses/)?LICENSE$", name) for name in names):
        yield "the licence text is missing"
    expected = {"Name": "zstd-chunked-conformance", "Version": version, "License-Expression": "Apache-2.0"}
    for key, value in expected.items():
        if metadata[key] != value:
            yield f"{key} is {metadata[key]!r}, not {value!r}"
    if not metadata["Requires-Python"] or not metadata["Summary"] or not metadata.get_payload():
        yield "Requires-Python, Summary or the long description is missing"
    if publish and "@" not in (metadata["Maintainer-email"] or metadata["Author-email"] or ""):
        yield "the metadata names no address of the maintainers, which SECURITY.md promises"


def _wheel(path: Path) -> tuple[set[str], Message]:
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        (place,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        return names, BytesParser().parsebytes(archive.read(place))


def _sdist(path: Path, version: str) -> tuple[set[str], Message]:
    root = f"{NAME}-{version}/"
    with tarfile.open(path) as archive:
        names = {name.removeprefix(root) for name in archive.getnames()}
        file = archive.extractfile(f"{root}PKG-INFO")
        return names, BytesParser().parsebytes(file.read() if file else b"")


if __name__ == "__main__":
    sys.exit(main())
