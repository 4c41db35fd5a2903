"""The time that the installed plugin adds to an unrelated pytest run; limit 50 ms.

Peer: the same run with the plugin blocked. Prints medians and the difference. Run with
``python -m benchmarks.plugin_cost``; figures: benchmarks/README.md.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15
PLUGIN = "zstd-chunked-conformance"


def one_run(directory: Path, *arguments: str) -> float:
    """Seconds of wall time of one pytest run with a single empty test."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    start = time.perf_counter()
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Alternate runs with and without the plugin, so that both see the same machine."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "test_mine.py").write_text("def test_mine():\n    pass\n")
        one_run(directory)
        pairs = [(one_run(directory), one_run(directory, "-p", f"no:{PLUGIN}")) for _ in range(RUNS)]
    with_plugin, without = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"with plugin    {with_plugin * 1000:7.1f} ms (median of {RUNS})")
    print(f"without        {without * 1000:7.1f} ms")
    print(f"cost           {(with_plugin - without) * 1000:7.1f} ms (limit 50 ms)")


if __name__ == "__main__":
    main()
