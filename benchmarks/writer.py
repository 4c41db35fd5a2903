"""The reference writer beside ``zstd -10 -T1`` on the same tar. Must: at least half its speed.

Run with ``python -m benchmarks.writer --size 1``; figures: benchmarks/README.md.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, cast

from benchmarks.layers import usr_tar
from conformance.format.writer import WriterOptions, write_layer


def main() -> None:
    """Alternate the two; the writer at its default level, and at the 10 of the reference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="GB of tar")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    taken: dict[str, list[float]] = {"zstd -10 -T1": [], "our writer": [], "our writer, level 10": []}
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as name:
        tar, out = Path(name) / "layer.tar", Path(name) / "layer.zst"
        usr_tar(tar, int(given.size * 10**9))
        for _ in range(given.runs):
            for label, times in taken.items():
                start = time.perf_counter()
                if label.startswith("zstd"):
                    subprocess.run(["zstd", "-q", "-f", "-10", "-T1", str(tar), "-o", str(out)], check=True)
                else:
                    level = WriterOptions(level=10 if "10" in label else WriterOptions().level)
                    with tar.open("rb") as source, out.open("wb") as sink:
                        write_layer(source, cast("BinaryIO", sink), level)
                times.append(time.perf_counter() - start)
                sizes[label] = out.stat().st_size
        size = tar.stat().st_size
    peer = statistics.median(taken["zstd -10 -T1"])
    for label, seconds in taken.items():
        median = statistics.median(seconds)
        print(
            f"{label:22} {median:7.1f} s  {size / median / 10**6:6.1f} MB/s  {sizes[label] / 10**6:7.1f} MB"
            f"  {peer / median:.2f} of the speed of zstd -10 (limit 0.5)"
        )


if __name__ == "__main__":
    main()
