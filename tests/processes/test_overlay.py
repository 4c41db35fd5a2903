"""Overlay storage: trees read from mounts of layers, and no mount that outlives a run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from conformance.checks.trial_verdicts import lost_content
from conformance.images.composed import LOWER, UPPER, image, layer_of
from conformance.implementations import runner, storage_tree
from conformance.implementations.adapter import Adapter, find_adapter, parse_adapter
from conformance.implementations.runner import find_version, run_operation
from conformance.processes import overlay
from conformance.processes.sandbox import SandboxOptions, make_sandbox
from conformance.trials.consumer.bench import Bench
from conformance.trials.file_trees import expected_tree
from conformance.trials.under_test import ImplementationUnderTest
from tests.tools import need

NAME = "localhost/image:latest"
TOOL = """
name = "t"
description = "d"
roles = ["consumer-aware"]
version = ["{python}", "-V"]
storage = "overlay"
[operations]
unpack = ["{python}", "-c", "PROGRAM", "{storage}"]
"""
MOUNTS = """
import os, subprocess, sys
os.mkdir(sys.argv[1] + '/a b')
subprocess.run(['mount', '-t', 'tmpfs', 'none', sys.argv[1] + '/a b'], check=True)
os.mkdir(sys.argv[1] + '/a b/inner')
subprocess.run(['mount', '-t', 'tmpfs', 'none', sys.argv[1] + '/a b/inner'], check=True)
"""
needs_mounts = pytest.mark.skipif(overlay.how_to_mount() not in overlay.MOUNTS, reason=overlay.how_to_mount())
needs_root = pytest.mark.skipif(
    overlay.how_to_mount() != "native" or os.geteuid() != 0, reason="mounts outside of a namespace are for root"
)


def tool(program: str) -> Adapter:
    return parse_adapter(TOOL.replace("PROGRAM", program.strip().replace("\n", "\\n")), source="t")


def put(storage: Path, layers: dict[str, dict[str, bytes]]) -> None:
    """Layers, the lowest first, as the overlay driver of containers-storage keeps them."""
    below: list[str] = []
    listed: list[dict[str, str]] = []
    for number, (layer, files) in enumerate(layers.items()):
        diff = storage / "overlay" / layer / "diff"
        diff.mkdir(parents=True)
        for name, content in files.items():
            path = diff / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        link = f"LINK{number}"
        (storage / "overlay" / "l").mkdir(exist_ok=True)
        (storage / "overlay" / "l" / link).symlink_to(f"../{layer}/diff")
        (storage / "overlay" / layer / "link").write_text(link)
        if below:
            (storage / "overlay" / layer / "lower").write_text(":".join(below))
        listed.append({"id": layer, "parent": listed[-1]["id"]} if listed else {"id": layer})
        below.insert(0, f"l/{link}")
    for folder, document in (
        ("overlay-images/images.json", [{"id": "cafe", "names": [NAME], "layer": listed[-1]["id"]}]),
        ("overlay-layers/layers.json", listed),
    ):
        path = storage / folder
        path.parent.mkdir()
        path.write_text(json.dumps(document))


@needs_mounts
@pytest.mark.parametrize("name", [NAME, "cafe"])
def test_the_tree_is_read_from_a_mount_of_the_layers(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    storage, output = tmp_path / "graph", tmp_path / "out"
    output.mkdir()
    put(storage, {"base": {"kept": b"1", "changed": b"1", "gone": b"1"}, "top": {"changed": b"2", "d/new": b"2"}})
    os.mknod(storage / "overlay" / "top" / "diff" / "gone", 0o600 | 0o020000, 0) if os.geteuid() == 0 else None
    command = [sys.executable, "-m", "conformance.implementations.storage_tree", str(storage), name, str(output)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"image_id": "cafe", "layer_ids": ["base", "top"]}
    found = {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*") if path.is_file()}
    assert found == {"kept": b"1", "changed": b"2", "d/new": b"2"} | ({} if os.geteuid() == 0 else {"gone": b"1"})
    assert overlay.mounts_below(tmp_path) == ()


@needs_mounts
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_whiteout_of_a_name_that_no_layer_has_is_no_fault_of_the_tool(tmp_path: Path) -> None:
    storage, output = tmp_path / "graph", tmp_path / "out"
    output.mkdir()
    put(storage, {"base": {"d/kept": b"1"}, "top": {"other": b"2"}})
    os.mknod(storage / "overlay" / "base" / "diff" / "d" / "never-was", 0o600 | 0o020000, 0)
    command = [sys.executable, "-m", "conformance.implementations.storage_tree", str(storage), NAME, str(output)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in output.rglob("*") if path.is_file()) == ["kept", "other"]


@needs_mounts
def test_a_single_layer_is_a_tree(tmp_path: Path) -> None:
    storage, output = tmp_path / "graph", tmp_path / "out"
    output.mkdir()
    put(storage, {"only": {"file": b"1"}})
    command = [sys.executable, "-m", "conformance.implementations.storage_tree", str(storage), NAME, str(output)]
    subprocess.run(command, check=True, capture_output=True)
    assert (output / "file").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("overlay/top/link", "../../../etc", "not as the overlay driver writes them"),
        ("overlay/top/lower", "l/A,upperdir=x:l/B", "not as the overlay driver writes them"),
        ("overlay-images/images.json", "{", "error: "),
        ("overlay-images/images.json", "null", "holds no image"),
        ("overlay-images/images.json", '[{"id": "cafe", "names": null, "layer": "../x"}]', "holds no image"),
    ],
)
def test_a_strange_storage_is_one_line(
    file: str, content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, {"base": {"file": b"1"}, "top": {"file": b"2"}})
    (tmp_path / file).write_text(content)
    assert storage_tree.main([str(tmp_path), NAME, str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


@needs_root
@pytest.mark.parametrize("ending", ["", "sys.exit('error: no')", "os.kill(os.getpid(), 9)"])
def test_what_a_tool_mounts_is_gone_after_the_run(ending: str, tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    run = run_operation(tool(MOUNTS + ending), sandbox, "unpack", {})
    assert run.succeeded is (not ending), run.stderr
    assert (sandbox.storage / "a b").is_dir()
    assert overlay.mounts_below(tmp_path) == ()


@needs_root
def test_an_interruption_leaves_no_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = make_sandbox(tmp_path)

    def interrupted(*_: object, **__: object) -> None:
        target = sandbox.storage / "mounted"
        target.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", str(target)], check=True)
        assert overlay.mounts_below(tmp_path) == (target,)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_program", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_operation(tool(""), sandbox, "unpack", {})
    assert overlay.mounts_below(tmp_path) == ()


def test_where_nothing_can_be_mounted_the_tool_is_absent_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "how_to_mount", lambda: "overlay mounts are not possible here: no")
    sandbox = make_sandbox(tmp_path)
    adapter = tool("")
    assert "not possible here: no" in find_version(adapter, sandbox).absent
    assert run_operation(adapter, sandbox, "unpack", {}).outcome == "absent"
    plain = msgspec.structs.replace(adapter, storage="vfs")
    assert run_operation(plain, sandbox, "unpack", {}).succeeded


def test_the_settings_of_storage_and_engine_point_below_the_sandbox(tmp_path: Path) -> None:
    options = SandboxOptions(storage_driver="overlay", mount_program="/usr/bin/fuse-overlayfs")
    sandbox = make_sandbox(tmp_path, options)
    settings = sandbox.home / ".config" / "containers"
    storage = (settings / "storage.conf").read_text()
    assert 'driver = "overlay"' in storage
    assert '[storage.options.overlay]\nmount_program = "/usr/bin/fuse-overlayfs"' in storage
    assert storage.endswith('[storage.options.pull_options]\nenable_partial_images = "true"\n')
    engine = (settings / "containers.conf").read_text()
    paths = [line.partition(" = ")[2].strip('"') for line in engine.splitlines() if "/" in line]
    assert paths
    assert all(path.startswith(str(tmp_path)) for path in paths)
    assert sandbox.environment["CONTAINERS_CONF"] == str(settings / "containers.conf")


@needs_mounts
@pytest.mark.skipif(shutil.which("fuse-overlayfs") is None, reason="fuse-overlayfs is not installed on this machine")
@pytest.mark.skipif(not os.access("/dev/fuse", os.W_OK), reason="/dev/fuse cannot be used here")
def test_fuse_overlayfs_mounts_where_the_kernel_may_not() -> None:
    program = "from conformance.processes import overlay; overlay.MOUNTS = ('fuse-overlayfs',); exit(overlay.main())"
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "fuse-overlayfs\n"), ended.stderr


@needs_mounts
@pytest.mark.parametrize("name", ["skopeo-partial", "podman-partial", "buildah-partial"])
def test_a_client_of_this_machine_unpacks_two_layers_into_overlay_storage(name: str, tmp_path: Path) -> None:
    adapter = find_adapter(name)
    need(shutil.which(adapter.executable) is not None, adapter.executable)
    subject = ImplementationUnderTest(adapter, "", tmp_path)
    seen = Bench(subject).pull(image([layer_of(LOWER), layer_of(UPPER)]), "unpack")
    assert seen.succeeded, seen.reason
    assert lost_content(expected_tree([LOWER, UPPER]), seen.tree or {}) == ""
    assert len(seen.identity) == 3, "the id of the image and of two layers"
    assert overlay.mounts_below(tmp_path) == ()
