"""Compares ``zcc build`` of one tar with ``zstd -T1`` at the same level. Limit: at least 0.8 of its speed.

Run with ``python -m benchmarks.writer --size 1``; figures: benchmarks/README.md. The writer is timed as ``zcc build``
uses it, with processes for compression and digests, and in one thread; at its default level and at the 10
of the reference. numpy is needed.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from benchmarks.layers import usr_tar
from conformance.building.process_sink import process_sinks
from conformance.building.streams import file_pieces
from conformance.format.layer_sink import InlineSink
from conformance.format.piece_stream import PieceStream
from conformance.format.writer import DEFAULTS, WriterOptions, write_layer

LIMIT = 0.8


def _zstd(level: int) -> Callable[[Path, Path], None]:
    def run(tar: Path, out: Path) -> None:
        subprocess.run(["zstd", "-q", "-f", f"-{level}", "-T1", str(tar), "-o", str(out)], check=True)

    return run


def _writer(level: int, *, parallel: bool) -> Callable[[Path, Path], None]:
    def run(tar: Path, out: Path) -> None:
        source = cast("BinaryIO", PieceStream(file_pieces(tar)))
        with out.open("wb") as sink, process_sinks() as sinks:
            write_layer(source, cast("BinaryIO", sink), WriterOptions(level=level), sinks if parallel else InlineSink)

    return run


def main() -> None:
    """Run all in rounds; each is compared with zstd at its level in the same round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="GB of tar")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--levels", type=int, nargs="*", default=[DEFAULTS.level, 10])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tar, out = Path(name) / "layer.tar", Path(name) / "layer.zst"
        usr_tar(tar, int(given.size * 10**9))
        for level in given.levels:
            forms = {
                f"zstd -{level} -T1": _zstd(level),
                f"our writer, level {level}": _writer(level, parallel=True),
                f"the same in one thread, level {level}": _writer(level, parallel=False),
            }
            taken: dict[str, list[float]] = {label: [] for label in forms}
            for _ in range(given.runs):
                for label, run in forms.items():
                    start = time.perf_counter()
                    run(tar, out)
                    taken[label].append(time.perf_counter() - start)
            peer, *_ = taken.values()
            for label, seconds in taken.items():
                ratio = statistics.median(one / other for one, other in zip(peer, seconds, strict=True))
                print(
                    f"{label:36} {statistics.median(seconds):6.1f} s  "
                    f"{tar.stat().st_size / statistics.median(seconds) / 10**6:6.1f} MB/s  "
                    f"{ratio:.2f} of the speed of zstd (limit {LIMIT})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
