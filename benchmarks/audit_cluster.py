"""Deep audits on a Dask cluster with one worker and with two: two should be 1.7 times as fast as one.

``python -m benchmarks.audit_cluster``: registry, scheduler, workers and audit are separate processes
on this machine. The time from the first request for a layer to the last response is measured, without the start of
Python.
It needs a core for each worker and a part of another one; other load changes the figures, so the
CPU seconds of the workers are printed with the wall time. Figures: benchmarks/README.md.
"""

import argparse
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from benchmarks.fleets import Fleet, images_of, layers_of
from conformance.format.digest import Digest
from conformance.format.names import MANIFEST_TYPE
from conformance.format.stored import StoredManifest
from conformance.observed.evidence import Exchange
from conformance.registry.server.embedded import EmbeddedRegistry

LIMIT = 1.7
_PYTHON = (sys.executable, "-W", "ignore")


def main() -> None:
    """The same audit twice, each with a new state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=40, help="layers, each its own image")
    parser.add_argument("--files", type=int, default=15_000, help="files of a layer")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zcc-bench-") as name:
        measured = [measure(Path(name) / str(count), count, given.layers, given.files) for count in (1, 2)]
    for count, (seconds, cpu) in zip((1, 2), measured, strict=True):
        print(f"{count} worker(s): {seconds:.1f} s, {cpu:.1f} s of CPU in the workers")
    print(f"two are {measured[0][0] / measured[1][0]:.2f} times as fast as one (limit {LIMIT})")


def measure(directory: Path, workers: int, layers: int, files: int) -> tuple[float, float]:
    """Seconds of an audit, and CPU seconds of all workers, which are started before."""
    directory.mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(serving(layers, files))
        address = stack.enter_context(scheduler(directory))
        running = [stack.enter_context(worker(address, directory, number)) for number in range(workers)]
        command = [*_PYTHON, "-c", "from conformance.cli import main; main()", "audit", server.recv()]
        command += ["--deep", "--no-panel", "--scheduler", address, "--state", str(directory / "state.sqlite")]
        run = subprocess.run([*command, "--format", "json"], check=True, stdout=subprocess.PIPE)
        summary = json.loads(run.stdout)
        assert (summary["ending"], summary["judged"]) == ("conforms", layers)
        used = sum(cpu_seconds(each.pid) for each in running)
        server.send("stop")
        first, last = server.recv()
        return last - first, used


@contextmanager
def serving(layers: int, files: int) -> Iterator[Connection]:
    """A registry process: it prints its URL, and at its end the times of the first and last layer request."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(layers, files, theirs), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.kill()
        process.join(10)


def _serve(layers: int, files: int, told: Connection) -> None:
    """One layer under a different descriptor for each image: an audit reads it once for each image."""
    (layer,) = layers_of(Fleet(1, 1, 1, files))
    digest, times = str(layer.descriptor["digest"]), list[float]()

    def note(exchange: Exchange) -> None:
        if exchange.url.endswith(digest):
            times.append(time.monotonic())

    with EmbeddedRegistry(on_exchange=note) as registry:
        for number in range(layers):
            annotations = {**layer.descriptor["annotations"], "number": str(number)}
            named = msgspec.structs.replace(layer, descriptor={**layer.descriptor, "annotations": annotations})
            (image,) = images_of(Fleet(1, 1, 1), [named])
            manifest, config = str(Digest.of(image.manifest)), str(Digest.of(image.config))
            blobs = {digest: layer.blob, config: image.config}
            registry.load(
                f"app-{number}", blobs, {manifest: StoredManifest(image.manifest, MANIFEST_TYPE)}, v1=manifest
            )
        told.send(registry.url)
        told.recv()
        told.send((times[0], times[-1]))


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
