"""``python -m tests.format.layer.bring_packages FOLDER``: packages of five registries, for ``test_real_writers``.

Each registry by its own client; what a machine has no client for is stated and left out.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SDISTS = (
    "attrs",
    "certifi",
    "click",
    "flask",
    "flit",
    "flit-core",
    "hatchling",
    "idna",
    "itsdangerous",
    "packaging",
    "pluggy",
    "poetry-core",
    "requests",
    "rich",
    "setuptools",
    "six",
    "toml",
    "tomli",
    "typing-extensions",
    "urllib3",
    "werkzeug",
    "wheel",
)
NPM = (
    "async",
    "axios",
    "chalk",
    "commander",
    "debug",
    "express",
    "glob",
    "left-pad",
    "lodash",
    "minimist",
    "mkdirp",
    "ms",
    "react",
    "rimraf",
    "semver",
    "tar",
    "typescript",
    "uuid",
    "ws",
    "yargs",
)
CRATES = (
    'anyhow = "1"\nastral-tokio-tar = "0.6"\nclap = "4"\nregex = "1"\nreqwest = "0.12"\nserde_json = "1"\ntar = "0.4"\n'
)
DEBIAN = 90
"""Installed packages of Debian, smallest first."""


def main(folder: Path) -> None:
    """Fill the folder; one failure leaves the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SDISTS:
        options = ("--no-deps", "--no-binary", ":all:", "-q", "-d", str(folder))
        _try(sys.executable, "-m", "pip", "download", *options, name, cwd=folder)
    for name in NPM:
        _try("npm", "pack", "--silent", name, cwd=folder)
    _crates(folder)
    _debian(folder)
    print(f"{sum(1 for _ in folder.iterdir())} packages in {folder}")  # noqa: T201


def _crates(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        (project / "src").mkdir()
        (project / "src" / "lib.rs").write_text("")
        head = '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n'
        (project / "Cargo.toml").write_text(head + CRATES)
        _try("cargo", "fetch", "--quiet", cwd=project)
    for path in (Path.home() / ".cargo" / "registry" / "cache").glob("*/*.crate"):
        shutil.copy(path, folder)


def _debian(folder: Path) -> None:
    if shutil.which("dpkg-query") is None:
        return
    listed = subprocess.run(
        ("dpkg-query", "-W", "-f", "${Installed-Size} ${Origin} ${Package}\n"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    sizes = sorted((int(line.split()[0] or 0), line.split()[-1]) for line in listed.splitlines() if line[:1].isdigit())
    for _, name in sizes[:DEBIAN]:
        _try("apt-get", "download", "-qq", name, cwd=folder)


def _try(*command: str, cwd: Path) -> None:
    try:
        run = subprocess.run(command, cwd=cwd, capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"left out: {' '.join(command[-2:])}: {error}")  # noqa: T201
        return
    if run.returncode:
        print(f"left out: {' '.join(command[-2:])}: exit status {run.returncode}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
