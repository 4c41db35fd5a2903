"""Compares ``zcc check --deep`` of a large layer with ``zstd -dc L | openssl dgst -sha256``: time and peak memory.

The reference writer creates the layer from /usr; --size is that of its tar in GB. Limits: 1.3 times the time of the
peer, and 256 MiB. Run with ``python -m benchmarks.deep_check --size 1``; figures: benchmarks/README.md.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.layers import layer_layout, sha256_of, usr_tar

RUNS = 5


def timed(argv: list[str]) -> tuple[float, float]:
    """Seconds of wall time, and the peak resident memory in MiB, of a program that must succeed."""
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(output.decode())
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    """Alternate the two, so that both see the same machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="GB of tar")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--layout", type=Path, help="make the layout here, or take the one that is here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        layout = given.layout or Path(name) / "layout"
        if not layout.exists():
            tar = Path(name) / "layer.tar"
            usr_tar(tar, int(given.size * 10**9))
            layer_layout(tar, layout)
            tar.unlink()
        compare(layout, given.runs)


def compare(layout: Path, runs: int) -> None:
    """Run both and print the medians."""
    blob = max((layout / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    ours, peers, peaks = [], [], []
    for _ in range(runs):
        sha256_of(blob)  # both read it from the page cache
        seconds, peak = timed([sys.executable, "-m", "conformance", "check", "--deep", f"oci:{layout}"])
        ours.append(seconds)
        peaks.append(peak)
        sha256_of(blob)
        peers.append(timed(["sh", "-c", f"zstd -dc {blob} | openssl dgst -sha256"])[0])
    mine, peer = statistics.median(ours), statistics.median(peers)
    print(f"a layer of {blob.stat().st_size / 10**9:.2f} GB, {runs} runs")
    print(f"zcc check --deep        {mine:6.2f} s   peak {max(peaks):.0f} MiB of the larger process (limit 256)")
    print(f"zstd -dc | openssl      {peer:6.2f} s   ratio {mine / peer:.2f} (limit 1.3)")


if __name__ == "__main__":
    main()
