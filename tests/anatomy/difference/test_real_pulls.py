"""What ``zcc diff --pull`` computes beside the bytes that a real client fetches, counted by the embedded registry."""

import random
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from conformance.anatomy.difference.pulling import compare_pulls
from conformance.audit.checking import open_source
from conformance.images.composed import Image, image, layer_of
from conformance.images.trees import Node, Tree
from conformance.implementations.adapter import find_adapter
from conformance.observed.evidence import Exchange
from conformance.processes import overlay
from conformance.registry.client.options import ConnectionOptions
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.trials.under_test import ImplementationUnderTest
from tests.tools import need

NAME = "trial/image"
# A response to several ranges has a boundary and two headers before each part (RFC 9110, section 14.6).
OF_A_RANGE = 200


def tree(**files: bytes) -> Tree:
    return (Node("d", "dir", mode=0o755), *(Node(f"d/{name}", content=content) for name, content in files.items()))


def noise(seed: int, size: int = 150_000) -> bytes:
    return random.Random(seed).randbytes(size)


LONG = noise(9, 2 * 2**20)
OLD = tree(a=noise(1), b=noise(2), c=noise(3), long=LONG)
CHANGES = {
    "one file of four": tree(a=noise(1), b=noise(4), c=noise(3), long=LONG),
    "the begin of a long file": tree(a=noise(1), b=noise(2), c=noise(3), long=noise(7, 1000) + LONG[1000:]),
    "files under other names": tree(x=noise(1), y=noise(2), z=noise(3), long=LONG),
    "all of it": tree(a=noise(11), b=noise(12), c=noise(13), long=noise(19, 2 * 2**20)),
    "many small files": tree(**{f"f{number:03}": noise(100 + number, 3000) for number in range(200)}),
}


def of_layers(exchanges: Iterable[Exchange], image_: Image) -> list[Exchange]:
    """The reads of data layers."""
    layers = [digest for digest, blob in image_.blobs.items() if blob[:4] == b"\x28\xb5\x2f\xfd"]
    return [each for each in exchanges if each.method == "GET" and each.url.partition("/blobs/")[2] in layers]


def clones_files(directory: Path) -> bool:
    """Whether the file system has reflinks: without them containers-storage searches for whole files only."""
    (directory / "original").write_bytes(b"x")
    argv = ["cp", "--reflink=always", str(directory / "original"), str(directory / "clone")]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def is_new_enough(program: str) -> bool:
    """Debian 12's skopeo 1.9 and buildah 1.28 fetch such layers whole; those of findings.md fetch parts."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", told)
    return found is not None and tuple(map(int, found.groups())) >= {"skopeo": (1, 14), "buildah": (1, 33)}[program]


@pytest.mark.large_tool
@pytest.mark.skipif(not overlay.how_to_mount(), reason="overlay file systems cannot be mounted here")
@pytest.mark.parametrize("name", ["skopeo-partial", "buildah-partial"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_client_fetches_what_was_computed(name: str, change: str, tmp_path: Path) -> None:
    """Expected: the requests and ranges as computed, and the bytes but for what stands between ranges."""
    adapter = find_adapter(name)
    need(shutil.which(adapter.executable) is not None, adapter.executable)
    need(is_new_enough(adapter.executable), f"{adapter.executable} that pulls such layers in parts")
    subject = ImplementationUnderTest(adapter, "", tmp_path)
    old, new = image([layer_of(OLD)]), image([layer_of(CHANGES[change])])
    with EmbeddedRegistry() as registry:
        host = registry.url.partition("://")[2]
        registry.load(NAME, old.blobs, old.manifests, old=old.root)
        registry.load(NAME, new.blobs, new.manifests, new=new.root)
        sources = [open_source(f"{host}/{NAME}:{tag}", ConnectionOptions()) for tag in ("old", "new")]
        computed = compare_pulls(sources[0], sources[1], None).pull
        sandbox = subject.sandbox(hosts=[host])
        for tag in ("old", "new"):
            before = len(registry.exchanges)
            output = subject.new_directory("tree")
            run = subject.run("unpack", {"reference": f"{host}/{NAME}:{tag}", "output": output}, sandbox=sandbox)
            assert run.outcome == "succeeded", (run.outcome, run.reason)
        reads = of_layers(registry.exchanges[before:], new)
    fetched = sum(each.response_size for each in reads)
    ranges = sum(len((each.request_header("Range") or "").split(",")) for each in reads)
    expected = computed.by_chunk if clones_files(tmp_path) else computed.by_file
    assert (len(reads), ranges) == (expected.requests, expected.ranges)
    assert 0 <= fetched - expected.bytes <= OF_A_RANGE * ranges
