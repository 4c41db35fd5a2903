"""Compares shallow audits of generated registries with single checks: time by images and distinct layers, and memory.

``python -m benchmarks.audit`` runs every case on Debian's docker-registry where it is installed and on the embedded
registry, which both run in their own process. Limit: with 1,000 images of 50 distinct layers an audit is at least
20 times as fast as single checks. Figures: benchmarks/README.md.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.request import urlopen

import msgspec

from benchmarks.fleets import Fleet, fill_distribution, fill_embedded
from conformance.audit.checking import CheckOptions, check_image
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.launch import docker_registry, find_docker_registry

LIMIT = 20
CASES = (
    Fleet(1_000, 50, 50),
    Fleet(1_000, 50, 5),
    Fleet(1_000, 50, 5, files=2_000),
    Fleet(1_000, 500, 5),
    Fleet(100, 50, 5),
    Fleet(10_000, 50, 5),
)
_ZCC = (sys.executable, "-c", "from conformance.cli import main; main()")


class Measured(msgspec.Struct, frozen=True):
    """One audit as a user runs it: seconds of wall and CPU time, peak MiB, and requests to the registry."""

    seconds: float
    cpu: float
    peak: float
    requests: int
    received: int
    judged: int


def main() -> None:
    """Every case on every registry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, help="one case with this number of images instead of the built-in cases")
    parser.add_argument("--distinct", type=int, default=50)
    parser.add_argument("--per-image", type=int, default=50)
    parser.add_argument("--files", type=int, default=1, help="files of a layer")
    parser.add_argument("--registry", choices=("both", "embedded", "docker-registry"), default="both")
    parser.add_argument("--checks", type=int, default=10, help="single checks that are measured")
    given = parser.parse_args()
    cases = [Fleet(given.images, given.distinct, given.per_image, given.files)] if given.images else CASES
    wanted = ("docker-registry", "embedded") if given.registry == "both" else (given.registry,)
    print("registry, images, distinct layers, layers an image, files a layer: audit, single check, ratio")
    for fleet in cases:
        for name in wanted:
            if name == "docker-registry" and find_docker_registry() is None:
                print("docker-registry is not installed: left out")
                continue
            with tempfile.TemporaryDirectory(prefix="zcc-bench-") as directory, serving(name, fleet, directory) as url:
                report(name, fleet, measure_audit(url, Path(directory)), measure_checks(url, fleet, given.checks))


def report(name: str, fleet: Fleet, audit: Measured, checks: tuple[float, float]) -> None:
    """One case in four lines."""
    command, inside = checks
    assert audit.judged == fleet.images, audit
    each = 1000 * audit.seconds / fleet.images
    print(f"{name}, {fleet.images}, {fleet.distinct}, {fleet.per_image}, {fleet.files}:")
    print(f"  audit {audit.seconds:.1f} s ({each:.1f} ms an image), {audit.cpu:.1f} s of CPU, {audit.peak:.0f} MiB")
    print(f"  {audit.requests / fleet.images:.2f} requests and {audit.received / fleet.images:.0f} bytes an image")
    ratio, ratio_inside = command * fleet.images / audit.seconds, inside * fleet.images / audit.seconds
    print(f"  zcc check {1000 * command:.0f} ms, without its start {1000 * inside:.0f} ms: ", end="")
    print(f"{ratio:.0f} and {ratio_inside:.0f} times as fast (limit {LIMIT})", flush=True)


def measure_audit(url: str, directory: Path) -> Measured:
    """``zcc audit`` in its own process, with a new state."""
    out = directory / "summary.json"
    command = [*_ZCC, "audit", url, "--state", str(directory / "state.sqlite"), "--no-panel", "--format", "json"]
    start = time.perf_counter()
    with out.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        raise SystemExit(f"zcc audit ended with status {process.returncode}")
    summary = json.loads(out.read_bytes())
    run = summary["run"]
    cpu = used.ru_utime + used.ru_stime
    return Measured(seconds, cpu, used.ru_maxrss / 1024, run["requests"], run["bytes"], summary["judged"])


def measure_checks(url: str, fleet: Fleet, count: int) -> tuple[float, float]:
    """Median seconds of ``zcc check`` for one image, as a command and without the start of Python."""
    host = url.partition("://")[2]
    chosen = [number * fleet.images // count for number in range(count)]
    images = [f"{host}/team/app-{number // 10:05}:v{number % 10}" for number in chosen]
    commands, inside = [], []
    for image in images:
        start = time.perf_counter()
        subprocess.run([*_ZCC, "check", "--no-panel", image], check=True, stdout=subprocess.DEVNULL)
        commands.append(time.perf_counter() - start)
        start = time.perf_counter()
        check_image(image, CheckOptions(use_panel=False))
        inside.append(time.perf_counter() - start)
    return statistics.median(commands), statistics.median(inside)


@contextmanager
def serving(name: str, fleet: Fleet, directory: str) -> Iterator[str]:
    """The URL of a registry with the fleet."""
    with ExitStack() as stack:
        if name == "docker-registry":
            fill_distribution(Path(directory) / "registry" / "storage", fleet)
            yield stack.enter_context(docker_registry(Path(directory) / "registry")).url
            return
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(fleet, theirs), daemon=True)
        process.start()
        try:
            url = ours.recv()
            with urlopen(f"{url}/v2/", timeout=10):
                yield url
        finally:
            ours.send("stop")
            process.join(10)


def _serve(fleet: Fleet, told: Connection) -> None:
    with EmbeddedRegistry(on_exchange=lambda _: None) as registry:
        fill_embedded(registry, fleet)
        told.send(registry.url)
        told.recv()


if __name__ == "__main__":
    main()
