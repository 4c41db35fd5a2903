"""Deep audits on a Dask cluster with one worker and with two: the second must make them 1.7 times as fast (issue 13).

``python -m benchmarks.audit_cluster``: registry, scheduler, workers and audit are processes of their own
on this machine. It needs a core for each worker and some of another; load by others shows in the figures, so the CPU
seconds of the workers stand beside the wall time. Figures: benchmarks/README.md.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.audit import serving
from benchmarks.fleets import Fleet

LIMIT = 1.7
_PYTHON = (sys.executable, "-W", "ignore")


def main() -> None:
    """The same audit twice, each with a new state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=24, help="distinct layers, each an image of its own")
    parser.add_argument("--files", type=int, default=8000, help="files of a layer")
    given = parser.parse_args()
    fleet = Fleet(given.layers, given.layers, 1, given.files)
    with tempfile.TemporaryDirectory(prefix="zcc-bench-") as name, serving("embedded", fleet, name) as url:
        measured = [measure(url, Path(name) / str(count), count) for count in (1, 2)]
    for count, (seconds, cpu) in zip((1, 2), measured, strict=True):
        print(f"{count} worker(s): {seconds:.1f} s, {cpu:.1f} s of CPU in the workers")
    print(f"two are {measured[0][0] / measured[1][0]:.2f} times as fast as one (limit {LIMIT})")


def measure(url: str, directory: Path, workers: int) -> tuple[float, float]:
    """Seconds of an audit, and of CPU of all workers, which are started before."""
    directory.mkdir()
    with ExitStack() as stack:
        address = stack.enter_context(scheduler(directory))
        running = [stack.enter_context(worker(address, directory, number)) for number in range(workers)]
        command = [*_PYTHON, "-c", "from conformance.cli import main; main()", "audit", url, "--deep", "--no-panel"]
        command += ["--scheduler", address, "--state", str(directory / "state.sqlite"), "--format", "json"]
        time.sleep(8)  # until the workers have said that they are there
        start = time.perf_counter()
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        seconds = time.perf_counter() - start
        assert json.loads(run.stdout)["ending"] == "conforms"
        return seconds, sum(cpu_seconds(each.pid) for each in running)


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process and of those that it has waited for (proc(5), fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def scheduler(directory: Path) -> Iterator[str]:
    """A scheduler on loopback; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with _program("distributed.cli.dask_scheduler", *options, log=directory / "scheduler.log"):
        yield f"tcp://127.0.0.1:{port}"


@contextmanager
def worker(address: str, directory: Path, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of one thread."""
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    with _program("distributed.cli.dask_worker", address, *options, log=directory / f"worker-{number}.log") as running:
        yield running


@contextmanager
def _program(module: str, *arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        command = [*_PYTHON, "-m", module, *arguments]
        running = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent)
    try:
        yield running
    finally:
        running.kill()
        running.wait(30)


if __name__ == "__main__":
    main()
