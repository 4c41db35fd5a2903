"""Real tools take what ``zcc build`` writes, and get the tree that it was created from."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.cli import app
from conformance.format.oci import Descriptor, read_manifest
from conformance.processes.run import Ended, run_program
from conformance.processes.sandbox import make_sandbox
from conformance.reference.__main__ import main as unpack
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from tests.building.trees import Facts, facts_of, make_tree
from tests.tools import need

COMPRESSIONS = ("zstd:chunked", "zstd", "gzip", "uncompressed")


class Bench:
    """A tree, a layout built from it, and places for the tools to work in."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tree = make_tree(_new(directory / "tree"))
        self.layout = directory / "layout"
        self.output = _new(directory / "output")
        self._sandbox = make_sandbox(directory / "sandbox")

    def build(self, *arguments: str) -> None:
        done = CliRunner().invoke(app, ["build", str(self.tree), "-o", f"oci:{self.layout}:latest", *arguments])
        assert done.exit_code == 0, done.output

    def run(self, *argv: str) -> Ended:
        need(shutil.which(argv[0]) is not None, argv[0])
        ended = run_program(argv, directory=self.directory, environment=self._sandbox.environment, timeout=120)
        assert ended.status == 0, (argv, ended.stderr)
        return ended

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        source = LayoutSource(LayoutReference(self.layout, "latest"))
        return read_manifest(source.root().content or b"").view.layers

    @property
    def blob(self) -> Path:
        (layer,) = self.layers
        return self.layout / "blobs/sha256" / layer.digest.removeprefix("sha256:")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory


def need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files the owners and devices that they have")


def without(facts: dict[str, Facts], *names: str) -> dict[str, Facts]:
    return {name: fact for name, fact in facts.items() if name not in names}


WHITEOUT = "etc/.wh.removed"
"""For a tool that applies layers it is not a file of the image."""
DEVICE = "data/null"
"""containers-storage creates no devices when it takes itself to be rootless, as in our sandboxes."""


@pytest.mark.parametrize("compression", ["zstd:chunked", "zstd"])
def test_zstd_and_tar_unpack_the_layer(bench: Bench, compression: str) -> None:
    need_root()
    bench.build("--compression", compression)
    tar = bench.directory / "layer.tar"
    bench.run("zstd", "-q", "-d", "-c", str(bench.blob), "-o", str(tar))
    bench.run("tar", "--xattrs", "--xattrs-include=*", "-C", str(bench.output), "-xpf", str(tar))
    assert facts_of(bench.output) == facts_of(bench.tree)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_bsdtar_unpacks_the_layer(bench: Bench, compression: str) -> None:
    need_root()
    bench.build("--compression", compression)
    bench.run("bsdtar", "-C", str(bench.output), "-xpf", str(bench.blob))
    assert facts_of(bench.output) == facts_of(bench.tree)


@pytest.mark.parametrize("compression", ["zstd:chunked", "zstd", "gzip"])  # to a layout it compresses what is not
def test_skopeo_copies_to_a_layout_and_to_a_directory(bench: Bench, compression: str) -> None:
    bench.build("--compression", compression)
    bench.run("skopeo", "copy", f"oci:{bench.layout}:latest", f"oci:{bench.output}:copy")
    copied = bench.output / "blobs/sha256" / bench.blob.name
    assert copied.read_bytes() == bench.blob.read_bytes()
    flat = _new(bench.directory / "flat")
    bench.run("skopeo", "copy", f"oci:{bench.layout}:latest", f"dir:{flat}")
    assert (flat / bench.blob.name).read_bytes() == bench.blob.read_bytes()


def test_skopeo_copies_the_index_with_the_sentinel_variant(bench: Bench) -> None:
    bench.build("--sentinel")
    bench.run("skopeo", "copy", "--multi-arch", "all", f"oci:{bench.layout}:latest", f"oci:{bench.output}:copy")
    names = {path.name for path in (bench.layout / "blobs/sha256").iterdir()}
    assert names <= {path.name for path in (bench.output / "blobs/sha256").iterdir()}


@pytest.mark.parametrize("tool", ["podman", "buildah"])
@pytest.mark.parametrize("arguments", [(), ("--sentinel",), ("--compression", "gzip")], ids=["chunked", "pair", "gzip"])
def test_containers_storage_unpacks_the_image(bench: Bench, tool: str, arguments: tuple[str, ...]) -> None:
    need_root()
    need(shutil.which(tool) is not None, tool)
    bench.build(*arguments)
    image = bench.run(tool, "pull", "-q", f"oci:{bench.layout}:latest").stdout.split()[-1]
    if tool == "podman":
        mounted = bench.run("podman", "image", "mount", image).stdout.strip()
    else:
        container = bench.run("buildah", "from", "-q", image).stdout.strip()
        mounted = bench.run("buildah", "mount", container).stdout.strip()
    assert facts_of(Path(mounted)) == without(facts_of(bench.tree), WHITEOUT, DEVICE)


@pytest.mark.parametrize("arguments", [(), ("--sentinel",)], ids=["chunked", "pair"])
def test_podman_runs_the_image(bench: Bench, arguments: tuple[str, ...]) -> None:
    """The program that --cmd names, with the words and the environment of the image."""
    need_root()
    need(shutil.which("podman") is not None, "podman")
    busybox = shutil.which("busybox") or ""
    need(bool(busybox), "busybox")
    root = _new(bench.directory / "root")
    shutil.copy(busybox, root / "busybox")
    runs = ("--cmd", "sh -c 'echo \"$GREETING from $(pwd)\"'", "--entrypoint", "/busybox")
    bench.build(str(root), *runs, "--workdir", "/data", "--env", "GREETING=hello", *arguments)
    image = bench.run("podman", "pull", "-q", f"oci:{bench.layout}:latest").stdout.split()[-1]
    # Limits below those of this process, and the older runtime where it is installed: a container in a container may
    # raise none, and may have cgroups of the first version only.
    limits = ("--ulimit=nofile=512:512", "--ulimit=nproc=512:512")
    runtime = ("--runtime=runc",) if shutil.which("runc") else ()
    run = ("podman", *runtime, "run", "--rm", "--network=none", "--pull=never", *limits, image)
    assert bench.run(*run).stdout.strip() == "hello from /data"


@pytest.mark.parametrize("compression", ["gzip", "uncompressed"])  # umoci 0.4 knows no zstd
def test_umoci_unpacks_the_image(bench: Bench, compression: str) -> None:
    need_root()
    bench.build("--compression", compression)
    bench.run("umoci", "raw", "unpack", "--image", f"{bench.layout}:latest", str(bench.output / "rootfs"))
    assert facts_of(bench.output / "rootfs") == without(facts_of(bench.tree), WHITEOUT)


@pytest.mark.parametrize("arguments", [(), ("--sentinel",)], ids=["plain", "pair"])
def test_the_reference_consumer_unpacks_the_image(bench: Bench, arguments: tuple[str, ...]) -> None:
    need_root()
    bench.build(*arguments)
    store = str(bench.directory / "store")
    status = unpack(["unpack", "--layout", str(bench.layout), "--output", str(bench.output), "--store", store])
    assert status == 0
    assert facts_of(bench.output) == without(facts_of(bench.tree), WHITEOUT)


def test_gnu_tar_lists_the_layer(bench: Bench) -> None:
    bench.build("--compression", "uncompressed")
    listed = bench.run("tar", "--quoting-style=literal", "-tf", str(bench.blob)).stdout
    assert len(listed.splitlines()) >= len(list(bench.tree.rglob("*")))


def test_what_the_newest_containers_image_writes_conforms_in_every_byte(bench: Bench) -> None:
    """Its own chunking, its own tar-split, its own frames: no part of that layer comes from this project."""
    bench.build("--compression", "gzip")
    bench.run(
        "containers-image", "copy", "--format", "zstd:chunked", f"oci:{bench.layout}:latest", "oci:written:latest"
    )
    done = CliRunner().invoke(app, ["check", "--deep", "--json", f"oci:{bench.directory / 'written'}"])
    report = json.loads(done.stdout)
    verdicts = {result["id"]: result["verdict"] for result in report["verdicts"]}
    assert done.exit_code == 0
    assert "fail" not in verdicts.values()
    for name in ("LAYER-002", "FOOTER-002", "TOC-003", "TOC-008", "CHUNK-003", "TARSPLIT-002", "SEC-001", "SEC-011"):
        assert verdicts[name] == "pass", name


def test_what_skopeo_of_2022_writes_is_reported_as_legacy(bench: Bench) -> None:
    bench.build("--compression", "gzip")
    written = ("--dest-compress-format", "zstd:chunked", f"oci:{bench.layout}:latest", "oci:written:latest")
    version = bench.run("skopeo", "--version").stdout
    bench.run("skopeo", "copy", *written)
    done = CliRunner().invoke(app, ["check", "--deep", f"oci:{bench.directory / 'written'}"])
    if "version 1.9." not in version:
        pytest.skip(f"{version.strip()} is newer than the legacy form")
    assert done.exit_code == 0
    assert "a legacy layer: the first footer of 40 bytes" in done.output
