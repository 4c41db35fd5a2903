"""``zcc check --deep`` of a large layer beside ``zstd -dc L | openssl dgst -sha256``: time and peak memory.

The layer is made from /usr by our own writer; --size is that of its tar in GB. Must: at most 1.3 times the peer, and at
most 256 MiB. Run with ``python -m benchmarks.deep_check --size 1``; figures: benchmarks/README.md.
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
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tar, layout = Path(name) / "layer.tar", Path(name) / "layout"
        usr_tar(tar, int(given.size * 10**9))
        blob, written = layer_layout(tar, layout)
        tar.unlink()
        sha256_of(blob)
        ours, peers, peaks = [], [], []
        for _ in range(given.runs):
            seconds, peak = timed([sys.executable, "-m", "conformance", "check", "--deep", f"oci:{layout}"])
            ours.append(seconds)
            peaks.append(peak)
            peers.append(timed(["sh", "-c", f"zstd -dc {blob} | openssl dgst -sha256"])[0])
        mine, peer = statistics.median(ours), statistics.median(peers)
        size = blob.stat().st_size / 10**9
        print(f"layer of {given.size:g} GB of tar, {size:.2f} GB, {len(written.toc.entries)} entries")
        print(f"zcc check --deep        {mine:6.2f} s   peak {max(peaks):.0f} MiB (limit 256)")
        print(f"zstd -dc | openssl      {peer:6.2f} s   ratio {mine / peer:.2f} (limit 1.3)")


if __name__ == "__main__":
    main()
