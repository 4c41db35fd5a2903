"""Deep audits: layers read whole in other processes, which may die."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from conformance.audit.checking import CheckOptions, check_image
from conformance.audit.connections import Hosts
from conformance.audit.engine import run_audit
from conformance.audit.export import image_rows
from conformance.audit.model import AuditOptions
from conformance.audit.parts import judge_part
from conformance.audit.pool import LocalProcesses, Pool
from conformance.audit.sources import Shared, open_image
from conformance.audit.state import State
from conformance.audit.traffic import Traffic
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.sources.image import observe_image
from conformance.sources.layers import wanted_layers
from tests.audit.fleet import layers_of, load

DEEP = AuditOptions(deep=True, use_panel=False)


def test_a_deep_audit_says_what_a_deep_check_says(tmp_path: Path) -> None:
    """Expected: four images of two layers, each layer read whole once, verdicts as of ``zcc check --deep``."""
    layers = layers_of(2)
    with EmbeddedRegistry() as registry, State.open(tmp_path / "audit.sqlite") as state:
        for number in range(4):
            load(registry, "app", f"v{number}", layers)
        run = run_audit(state, [registry.url], DEEP).run
        path = f"/blobs/{layers[0].descriptor['digest']}"
        asked = [exchange.method for exchange in registry.exchanges if exchange.url.endswith(path)]
        assert asked == ["GET", "GET"]  # its tables, then all of it
        rows = list(image_rows(state, run))
        report = check_image(rows[0].reference, CheckOptions(use_panel=False, deep=True))
        assert len(rows) == 4
        for row in rows:
            assert row.verdict is not None
            assert row.verdict.verdicts == {result.id: result.verdict for result in report.verdicts}
        assert run.bytes > sum(len(layer.blob) for layer in layers)


def test_a_process_that_dies_is_replaced() -> None:
    """Expected: the layer whose process was killed is judged by another, with the same result."""
    (layer,) = layers_of(1)
    with EmbeddedRegistry() as registry:
        load(registry, "app", "1", [layer])
        host = registry.url.removeprefix("http://")
        hosts = Hosts(Traffic(), 1)
        image = open_image(f"{host}/app:1", DEEP.connection, hosts, Shared())
        (wanted,) = wanted_layers(observe_image(image, reading=None).every_manifest)
        processes = LocalProcesses(1)
        with Pool(DEEP, hosts, processes) as pool:
            first = pool.judge(image, wanted)
            executor = processes.executor()
            assert isinstance(executor, ProcessPoolExecutor)
            for worker in tuple(executor._processes):
                os.kill(worker, signal.SIGKILL)
            assert pool.judge(image, wanted) == first
        assert first == judge_part(image, wanted, deep=True)
