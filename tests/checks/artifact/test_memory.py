"""Images that are small on the wire and were made to fill memory: at most 512 MiB, and nothing passes unread.

Each check runs in its own process, whose peak is measured; nothing here is large enough for an unpacking process.
"""

import base64
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zstandard

from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import CONFIG_TYPE, LAYER_ZSTD_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor
from conformance.format.seal import CompressedTarSplit, seal
from conformance.sources.layout import write_layout

LIMIT = 512 * 2**20
_MEASURED = """
import resource, sys
from conformance.cli import main
try:
    main(sys.argv[1:])
finally:
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print("peak", peak * 1024, file=sys.stderr)
"""


def zcc(*arguments: str) -> tuple[int, str, int]:
    """Exit status, standard output and peak memory in bytes of a command."""
    # The peak of a process begins with that of the one that forked it: a small one lies between.
    start = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', *sys.argv[1:]]))"
    command = [sys.executable, "-c", start, _MEASURED, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    lines = run.stderr.splitlines()
    assert "Traceback" not in run.stderr, run.stderr
    return run.returncode, run.stdout, int(lines[-1].split()[1])


def one_file() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return held.getvalue()


def layer(tar: bytes, toc: bytes, split: CompressedTarSplit) -> tuple[bytes, dict[str, Any]]:
    """The blob and its descriptor."""
    data = zstandard.compress(tar)
    tail = seal(len(data), toc, split)
    blob = data + tail.content
    described = {"mediaType": LAYER_ZSTD_TYPE, "digest": str(Digest.of(blob)), "size": len(blob)}
    return blob, {**described, "annotations": tail.annotations}


def layout(directory: Path, tar: bytes, layers: Iterable[tuple[bytes, dict[str, Any]]]) -> str:
    made = list(layers)
    diff_ids = [str(Digest.of(tar))] * len(made)
    config = encode({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}})
    named = {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)}
    described = [description for _, description in made]
    raw = encode({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": named, "layers": described})
    blobs = {description["digest"]: blob for blob, description in made}
    blobs |= {named["digest"]: config, str(Digest.of(raw)): raw}
    write_layout(directory, blobs, Descriptor(MANIFEST_TYPE, str(Digest.of(raw)), len(raw)))
    return f"oci:{directory}"


def tiny_entries(count: int, seed: int) -> bytes:
    names = base64.b64encode(Random(seed).randbytes(3 * count)).decode()
    return ",".join(
        f'{{"type":"dir","name":"{names[place : place + 4]}"}}' for place in range(0, 4 * count, 4)
    ).encode()


def entries_of_files(count: int, seed: int) -> bytes:
    random = Random(seed)
    return ",".join(
        f'{{"type":"reg","name":"usr/share/{random.randbytes(20).hex()}","mode":420,"size":100,'
        f'"modtime":"2024-01-01T00:00:00Z","digest":"sha256:{random.randbytes(32).hex()}",'
        f'"offset":{10 * number + 8},"endOffset":{10 * number + 18}}}'
        for number in range(count)
    ).encode()


def segment(content: bytes, position: int) -> bytes:
    return b'{"type":2,"payload":"%s","position":%d}\n' % (base64.b64encode(content), position)


def toc_of(entries: bytes, split: CompressedTarSplit) -> bytes:
    return b'{"version":1,"entries":[' + entries + f'],"tarSplitDigest":"{split.digest}"}}'.encode()


def _entries(place: Path) -> str:
    empty = bytes(1024)
    split = CompressedTarSplit.of(segment(empty, 0))
    return layout(place, empty, [layer(empty, toc_of(tiny_entries(5_000_000, 1), split), split)])


def _layers(place: Path) -> str:
    empty = bytes(1024)
    split = CompressedTarSplit.of(segment(empty, 0))
    many = (layer(empty, toc_of(entries_of_files(450_000, seed), split), split) for seed in range(3))
    return layout(place, empty, many)


def _segments(place: Path) -> str:
    tar, segments = one_file(), 20_000_000
    compressor, size, parts = zstandard.ZstdCompressor().compressobj(), 0, []
    for start in range(0, segments, 100_000):
        lines = b"".join(b'{"type":2,"payload":"","position":%d}\n' % at for at in range(start, start + 100_000))
        size += len(lines)
        parts.append(compressor.compress(lines))
    record = b'{"type":1,"name":"a","payload":null,"position":%d}\n' % (segments + 1)
    last = segment(tar[:512], segments) + record + segment(tar[512:], segments + 2)
    parts += [compressor.compress(last), compressor.flush()]
    long = CompressedTarSplit(b"".join(parts), size + len(last))
    entry = b'{"type":"reg","name":"a","mode":420,"modtime":"1970-01-01T00:00:00Z"}'
    return layout(place, tar, [layer(tar, toc_of(entry, long), long)])


MAKERS = {"entries": _entries, "layers": _layers, "segments": _segments}
# A minute and more each: nox -s bounds; .ci/run leaves them out by this mark.
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("layers", "segments")]


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """A layout by name, made once."""
    return cache(lambda name: MAKERS[name](tmp_path_factory.mktemp("bombs") / name))


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is reported in other units")
@pytest.mark.parametrize("deep", [[], ["--deep"]], ids=["", "deep"])
@pytest.mark.parametrize("name", ["entries", *SLOW])
def test_a_check_takes_at_most_512_mib(name: str, deep: list[str], bombs: Callable[[str], str]) -> None:
    status, output, peak = zcc("check", "--json", "--no-panel", *deep, bombs(name))
    assert peak < LIMIT
    report = json.loads(output)
    verdicts = {verdict["id"]: verdict for verdict in report["verdicts"]}
    if name == "segments":
        decided = "TARSPLIT-004" if deep else "TARSPLIT-003"
        assert verdicts[decided]["verdict"] == "pass"
        return
    # What was not read is reported as not read: it neither passes nor fails.
    assert status != 0
    assert verdicts["TOC-005"]["verdict"] == "not-run"
    told = "".join(finding["message"] for finding in verdicts["TOC-005"]["findings"])
    assert ("more than 1048576 entries" if name == "entries" else "more memory than one image may fill") in told


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is reported in other units")
@pytest.mark.parametrize("command", [["inspect"], ["inspect", "--all"], ["diff"]], ids=" ".join)
@pytest.mark.parametrize("name", ["entries", SLOW[0]])
def test_other_commands_take_no_more(name: str, command: list[str], bombs: Callable[[str], str]) -> None:
    _, _, peak = zcc(*command, bombs(name))
    assert peak < LIMIT


def test_the_measure_measures() -> None:
    """A process that fills memory is seen: the limit above can be exceeded."""
    code = "import resource; x = bytearray(b'1') * (600 * 2**20); print(resource.getrusage(0).ru_maxrss)"
    used = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(used.stdout) * 1024 > LIMIT
