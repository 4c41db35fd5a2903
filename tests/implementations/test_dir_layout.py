"""An image in the form ``dir:`` as an OCI layout."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from conformance.trials.copier.layouts import diff_ids_in, observe_layout

TAR = bytes(1024)
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()


def described(content: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": f"sha256:{sha256(content).hexdigest()}", "size": len(content)}


def directory_with(path: Path, manifest: bytes) -> Path:
    path.mkdir()
    (path / "version").write_text("Directory Transport Version: 1.1\n")
    (path / "manifest.json").write_bytes(manifest)
    for content in (TAR, CONFIG):
        (path / sha256(content).hexdigest()).write_bytes(content)
    return path


def convert(directory: Path, layout: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conformance.implementations.dir_layout", str(directory), str(layout)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_every_byte_is_in_the_layout(tmp_path: Path) -> None:
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": described(CONFIG, "application/vnd.oci.image.config.v1+json"),
        "layers": [described(TAR, "application/vnd.oci.image.layer.v1.tar")],
    }
    raw = json.dumps(manifest).encode()
    ran = convert(directory_with(tmp_path / "dir", raw), tmp_path / "layout")
    assert (ran.returncode, ran.stdout.strip()) == (0, f"sha256:{sha256(raw).hexdigest()}")
    seen = observe_layout(tmp_path / "layout")
    assert seen is not None
    assert seen.manifests[0].stored.content == raw
    assert diff_ids_in(tmp_path / "layout", seen) == (f"sha256:{sha256(TAR).hexdigest()}",)


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"manifests": []}', b"[" * 9000], ids=repr)
def test_a_manifest_that_is_not_of_one_image_is_one_line(manifest: bytes, tmp_path: Path) -> None:
    ran = convert(directory_with(tmp_path / "dir", manifest), tmp_path / "layout")
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: ")
    assert ran.stderr.count("\n") == 1


def test_an_absent_directory_is_one_line(tmp_path: Path) -> None:
    ran = convert(tmp_path / "none", tmp_path / "layout")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
