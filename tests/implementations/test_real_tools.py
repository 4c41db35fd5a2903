"""Smoke tests of the shipped adapters with the real tools: their vectors do what they state."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.format.names import LAYER_GZIP_TYPE, LAYER_ZSTD_TYPE, MANIFEST_TYPES
from conformance.format.oci import read_manifest
from conformance.format.positions import ChunkedAnnotations
from conformance.implementations.adapter import Adapter, find_adapter
from conformance.implementations.runner import Run, find_version, run_operation
from conformance.processes.sandbox import Sandbox, SandboxOptions, make_sandbox
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.embedded import EmbeddedRegistry
from tests.implementations.images import expected_tree, plain_layout, tree_on_disk
from tests.tools import need


class Bench:
    """One registry, one layout, and a new sandbox for every run."""

    def __init__(self, registry: EmbeddedRegistry, directory: Path) -> None:
        self.registry, self.directory = registry, directory
        self.host = registry.url.removeprefix("http://")
        self.layout = plain_layout(directory / "image")
        self._runs = 0

    def sandbox(self) -> Sandbox:
        self._runs += 1
        return make_sandbox(self.directory / f"run{self._runs}", SandboxOptions(hosts=[self.host]))

    def run(self, adapter: Adapter, operation: str, **values: str | Path) -> Run:
        values = {"layout": self.layout, "reference": f"{self.host}/image/a:1", **values}
        run = run_operation(adapter, self.sandbox(), operation, values)  # type: ignore[arg-type]
        assert run.succeeded, "\n".join([run.reason, *(command.as_text() for command in run.evidence)])
        return run

    def layer_types(self, repository: str) -> list[tuple[str, bool]]:
        client = RegistryClient(self.registry.url)
        raw = client.get_manifest_raw(repository, "1", accept=MANIFEST_TYPES).content
        client.close()
        layers = read_manifest(raw).view.layers
        chunked = [ChunkedAnnotations.of(layer.annotations) for layer in layers]  # Debian's tools write the old keys
        return [
            (layer.media_type, keys.is_chunked or keys.is_legacy) for layer, keys in zip(layers, chunked, strict=True)
        ]

    def has(self, adapter: Adapter) -> bool:
        return not find_version(adapter, self.sandbox()).absent


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with EmbeddedRegistry() as registry:
        yield Bench(registry, tmp_path)


def test_skopeo_copies_a_layout_to_the_embedded_registry(bench: Bench) -> None:
    skopeo = find_adapter("skopeo")
    need(bench.has(skopeo), "skopeo")
    bench.run(skopeo, "push", compression="zstd:chunked")
    assert bench.layer_types("image/a") == [(LAYER_ZSTD_TYPE, True)] * 2
    bench.run(skopeo, "recompress", compression="gzip", destination=f"{bench.host}/b:1")
    assert bench.layer_types("b") == [(LAYER_GZIP_TYPE, False)] * 2
    bench.run(skopeo, "copy", destination=f"{bench.host}/c:1")
    assert bench.layer_types("c") == [(LAYER_ZSTD_TYPE, True)] * 2
    output = bench.directory / "tree"
    output.mkdir()
    bench.run(skopeo, "unpack", output=output)
    assert tree_on_disk(output) == expected_tree()
    pulled = bench.directory / "pulled"
    bench.run(skopeo, "pull", layout=pulled)
    assert (pulled / "index.json").is_file()
    target = bench.directory / "stored"
    bench.run(skopeo, "store", compression="gzip", target=target)
    assert (target / "index.json").is_file()
    bench.run(skopeo, "archive", compression="gzip", target=bench.directory / "stored.tar")
    assert "index.json" in _names(bench.directory / "stored.tar")


def _names(archive: Path) -> list[str]:
    with tarfile.open(archive) as opened:
        return opened.getnames()


OTHERS = {
    "podman": ("push", "store", "archive", "build", "recompress", "export", "unpack"),
    "buildah": ("push", "store", "archive", "build", "recompress", "export", "unpack"),
    "crane": ("copy", "pull", "build", "unpack"),
    "oras": ("copy", "pull"),
    "regctl": ("copy", "pull", "recompress"),
    "syft": ("scan",),
    "trivy": ("scan",),
}


# .ci/run installs all but these, which take ten minutes and more to build: nox -s tools.
LARGE = ("syft", "trivy")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.large_tool] if name in LARGE else []) for name in OTHERS]
)
def test_other_tools_do_what_their_adapters_say(name: str, bench: Bench) -> None:
    adapter, skopeo = find_adapter(name), find_adapter("skopeo")
    need(bench.has(adapter), name)
    need(bench.has(skopeo), "skopeo")
    assert set(OTHERS[name]) == set(adapter.operations)
    bench.run(adapter if "push" in adapter.operations else skopeo, "push", compression="zstd:chunked")
    assert bench.layer_types("image/a") == [(LAYER_ZSTD_TYPE, True)] * 2
    output = bench.directory / "tree"
    output.mkdir()
    for operation in set(OTHERS[name]) - {"push"}:
        layout = bench.layout if operation in ("store", "archive") else bench.directory / "pulled"
        target = bench.directory / operation
        destination = f"{bench.host}/{operation}:1"
        bench.run(
            adapter, operation, compression="gzip", layout=layout, output=output, destination=destination, target=target
        )
        if operation == "store":
            assert (target / "index.json").is_file()
        elif operation == "archive":
            assert "index.json" in _names(target)
        elif operation == "build":
            assert len(bench.layer_types("build")) == 3
        elif operation == "unpack":
            assert tree_on_disk(output) == expected_tree()
        elif operation == "pull":
            assert (layout / "index.json").is_file()
        elif operation == "export":
            assert len(bench.layer_types("export")) == 2
        elif operation == "recompress":
            # Not whether they have TOC annotations: regctl keeps those of the old layer (SENT-STRIP-005).
            assert [media_type for media_type, _ in bench.layer_types("recompress")] == [LAYER_GZIP_TYPE] * 2
        elif operation == "copy":
            assert bench.layer_types("copy") == bench.layer_types("image/a")


def test_umoci_unpacks_a_layout(bench: Bench) -> None:
    umoci = find_adapter("umoci")
    need(bench.has(umoci), "umoci")
    output = bench.directory / "tree"
    output.mkdir()
    bench.run(umoci, "unpack", output=output)
    assert tree_on_disk(output) == expected_tree()
