"""Layers of an ordinary tree by buildah and umoci fail no MUST, nor does the zstd:chunked layer that skopeo writes."""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.audit.checking import CheckOptions, check_image
from conformance.format.oci import read_manifest
from conformance.processes.run import Ended, run_program
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from tests.format.layer.test_real_writers import broken_musts
from tests.format.layer.writers import ordinary_tree
from tests.tools import need

POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}'
STORAGE = '[storage]\ndriver = "vfs"\nrunroot = "{0}/run"\ngraphroot = "{0}/graph"\n'


class Bench:
    """A tree, and their own storage for the tools."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tree = directory / "tree"
        self.tree.mkdir()
        ordinary_tree(self.tree)
        os.setxattr(self.tree / "d" / "plain", "user.k", b"v\0\xff")
        (directory / "policy.json").write_text(POLICY)
        (directory / "storage.conf").write_text(STORAGE.format(directory))

    def run(self, *argv: str) -> Ended:
        need(shutil.which(argv[0]) is not None, argv[0])
        environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(self.directory / "storage.conf")}
        ended = run_program(argv, directory=self.directory, environment=environment, timeout=120)
        assert ended.status == 0, (argv, ended.stderr)
        return ended

    def tar(self, layout: str) -> bytes:
        """The tar of the last layer of an image."""
        source = LayoutSource(LayoutReference(self.directory / layout, "latest"))
        digest = read_manifest(source.root().content or b"").view.layers[-1].digest
        raw = (self.directory / layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
        return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw


def _buildah(bench: Bench) -> None:
    container = bench.run("buildah", "from", "scratch").stdout.strip()
    bench.run("buildah", "copy", container, str(bench.tree), "/")
    policy = ("--signature-policy", str(bench.directory / "policy.json"))
    bench.run("buildah", "commit", *policy, "--format", "oci", container, f"oci:{bench.directory}/made:latest")


def _umoci(bench: Bench) -> None:
    bench.run("umoci", "init", "--layout", "made")
    bench.run("umoci", "new", "--image", "made:latest")
    bench.run("umoci", "insert", "--image", "made:latest", str(bench.tree), "/")


@pytest.mark.parametrize("make", [_buildah, _umoci])
def test_no_must_fails_on_a_layer_of_an_ordinary_tree(make: Callable[[Bench], None], tmp_path: Path) -> None:
    need(os.geteuid() == 0, "root")
    bench = Bench(tmp_path)
    make(bench)
    tar = bench.tar("made")
    assert len(tar) > 20_000
    assert not broken_musts(tar)


def test_no_must_fails_on_the_layer_that_skopeo_writes(tmp_path: Path) -> None:
    """Of buildah's image: skopeo 1.9.3 never ends on the compressed layer that umoci writes."""
    need(os.geteuid() == 0, "root")
    bench = Bench(tmp_path)
    _buildah(bench)
    policy = ("--policy", str(tmp_path / "policy.json"))
    chunked = ("--dest-compress-format", "zstd:chunked")
    bench.run("skopeo", *policy, "copy", *chunked, "oci:made:latest", "oci:chunked:latest")
    report = check_image(f"oci:{tmp_path}/chunked:latest", CheckOptions(use_panel=False, deep=True))
    assert not [result.id for result in report.verdicts if result.breaks_conformance]
