"""The registry role against Debian's docker-registry on loopback; must end within 60 s (issue: the suite runs).

Peer in the same run: the embedded registry. Prints medians; run with ``python -m benchmarks.registry_role``.
``--keep DIR`` keeps the last results.json of docker-registry, for publication. Figures: benchmarks/README.md.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from conformance.registry.server.launch import docker_registry

RUNS = 5


def one_run(report_dir: Path, *arguments: str) -> float:
    """Seconds of wall time of one whole conformance run; exit 1 (does not conform) is a result too."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--report-dir", str(report_dir), *arguments]
    start = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        raise SystemExit(run.stdout + run.stderr)
    return time.perf_counter() - start


def main() -> None:
    """Alternate docker-registry and the embedded registry, so that both see the same machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path)
    keep = parser.parse_args().keep
    times: dict[str, list[float]] = {"docker-registry": [], "embedded": []}
    with tempfile.TemporaryDirectory() as name, docker_registry(Path(name) / "registry") as launched:
        for _ in range(RUNS):
            role = ("--role", "registry", "--registry", launched.url)
            times["docker-registry"].append(one_run(keep or Path(name), *role))
            times["embedded"].append(one_run(Path(name), "--role", "registry"))
    for subject, seconds in times.items():
        print(f"{subject:22} {statistics.median(seconds):6.1f} s (median of {RUNS}, limit 60 s)")


if __name__ == "__main__":
    main()
