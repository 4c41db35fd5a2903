"""The whole certification of the installed skopeo, in all its roles; must end within 600 s on two cores (issue 4).

Run with ``python -m benchmarks.certify_skopeo``; prints the median. Figures: benchmarks/README.md.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3
LIMIT = 600


def one_run(directory: Path) -> float:
    """Seconds of wall time; exit 1 (does not conform) is a result too."""
    code = "from conformance.cli import main; main()"
    command = [sys.executable, "-c", code, "certify", "skopeo", "-o", str(directory), "--no-matrix"]
    start = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=4 * LIMIT)
    if run.returncode not in (0, 1):
        raise SystemExit(run.stdout + run.stderr)
    return time.perf_counter() - start


def main() -> None:
    """Every run in its own directory."""
    seconds = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as name:
            seconds.append(one_run(Path(name)))
    print(f"zcc certify skopeo: {statistics.median(seconds):6.1f} s (median of {RUNS}, limit {LIMIT} s)")


if __name__ == "__main__":
    main()
