"""The embedded registry in a directory: what was acknowledged survives, whatever ends the process, and damage is
named.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from conformance.assurance.matrix.registries import judge_registry, verdicts
from conformance.format.digest import Digest
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE, MANIFEST_TYPES
from conformance.images.samples import SampleImage, sample_image
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.storage import DirectoryStorage, StorageError

IMAGE = sample_image("storage", 2000)


def push(url: str, repository: str = "team/app", image: SampleImage = IMAGE) -> None:
    client = RegistryClient(url)
    for content in image.blobs.values():
        assert client.upload_blob(repository, content).status == 201
    for raw in (image.plain, image.sentinel):
        assert client.put_manifest_raw(repository, str(Digest.of(raw)), raw, MANIFEST_TYPE).status == 201
    assert client.put_manifest_raw(repository, "latest", image.index, INDEX_TYPE).status == 201


def assert_whole(url: str, repository: str = "team/app", image: SampleImage = IMAGE) -> None:
    client = RegistryClient(url)
    got = client.get_manifest_raw(repository, "latest", accept=MANIFEST_TYPES)
    assert (got.status, got.content, got.header("Content-Type")) == (200, image.index, INDEX_TYPE)
    for raw in (image.plain, image.sentinel):
        assert client.get_manifest_raw(repository, str(Digest.of(raw)), accept=MANIFEST_TYPES).content == raw
    for digest, content in image.blobs.items():
        assert client.get_blob(repository, digest).content == content


def test_an_image_survives_a_restart(tmp_path: Path) -> None:
    with EmbeddedRegistry(directory=tmp_path / "store") as registry:
        push(registry.url)
    with EmbeddedRegistry(directory=tmp_path / "store") as registry:
        assert_whole(registry.url)
        assert requests.get(f"{registry.url}/v2/_catalog", timeout=10).json() == {"repositories": ["team/app"]}


def test_what_was_deleted_stays_deleted_and_the_rest_stays(tmp_path: Path) -> None:
    with EmbeddedRegistry(directory=tmp_path) as registry:
        push(registry.url)
        push(registry.url, "team/copy")
        client = RegistryClient(registry.url)
        for raw in (IMAGE.index, IMAGE.sentinel, IMAGE.plain):
            assert client.delete_manifest_raw("team/app", str(Digest.of(raw))).status == 202
        registry.collect_garbage()
    with EmbeddedRegistry(directory=tmp_path) as registry:
        assert RegistryClient(registry.url).get_manifest_raw("team/app", "latest").status == 404
        assert RegistryClient(registry.url).get_blob("team/app", IMAGE.layer).status == 404
        assert_whole(registry.url, "team/copy")


def test_garbage_collection_frees_the_files(tmp_path: Path) -> None:
    with EmbeddedRegistry(directory=tmp_path) as registry:
        push(registry.url)
        client = RegistryClient(registry.url)
        client.upload_blob("team/app", b"without a manifest")
        held = {path.name for path in tmp_path.glob("blobs/sha256/*")}
        registry.collect_garbage()
        assert held - {path.name for path in tmp_path.glob("blobs/sha256/*")} == {Digest.of(b"without a manifest").hex}
        assert_whole(registry.url)


def test_a_blob_is_stored_once_and_linked_where_it_was_pushed(tmp_path: Path) -> None:
    with EmbeddedRegistry(directory=tmp_path) as registry:
        push(registry.url, "a")
        push(registry.url, "b")
        assert RegistryClient(registry.url).get_blob("c", IMAGE.layer).status == 404
    assert len(list(tmp_path.glob("blobs/sha256/*"))) == len(IMAGE.blobs) + 3


def test_a_killed_registry_keeps_every_acknowledged_push(tmp_path: Path) -> None:
    """The process is killed in the middle of its work: nothing that was acknowledged is lost, nothing half is
    served.
    """
    code = (
        "import sys, time; from pathlib import Path\n"
        "from conformance.registry.server.embedded import EmbeddedRegistry\n"
        "with EmbeddedRegistry(directory=Path(sys.argv[1])) as r: print(r.url, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            push(url)
            requests.post(f"{url}/v2/team/app/blobs/uploads/", data=b"half", timeout=10)
        finally:
            os.kill(process.pid, signal.SIGKILL)
    (tmp_path / "blobs" / "sha256" / ".half.0000").write_bytes(b"what an interrupted write leaves")
    with EmbeddedRegistry(directory=tmp_path) as registry:
        assert_whole(registry.url)


def test_it_conforms_as_the_one_in_memory_does(tmp_path: Path) -> None:
    with EmbeddedRegistry(directory=tmp_path) as registry:
        found = verdicts(judge_registry(registry.url, registry.collect_garbage))
    assert {name for name, verdict in found.items() if verdict != "pass"} == {"REG-010"}, "no redirects here"


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(StorageError, match=r"not empty, and no store of a registry"):
        DirectoryStorage(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        DirectoryStorage(tmp_path / "file" / "store")


@pytest.mark.parametrize("damage", ["cut", "other bytes", "gone", "not an object", "of another"])
def test_damage_is_named_and_not_served(tmp_path: Path, damage: str) -> None:
    with EmbeddedRegistry(directory=tmp_path) as registry:
        push(registry.url)
    (state,) = (tmp_path / "repositories").glob("*.json")
    manifest = tmp_path / "blobs" / "sha256" / Digest.of(IMAGE.plain).hex
    if damage == "cut":
        state.write_bytes(state.read_bytes()[:-1])
    elif damage == "other bytes":
        manifest.write_bytes(b"{}")
    elif damage == "gone":
        manifest.unlink()
    elif damage == "not an object":
        state.write_bytes(b"[]")
    else:
        state.write_bytes(state.read_bytes().replace(b"team/app", b"team/ape"))
    with pytest.raises(StorageError, match=rf"{state.name}: (damaged: .|it is the file of another)"):
        EmbeddedRegistry(directory=tmp_path)


def test_a_full_disk_is_an_response_and_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedRegistry(directory=tmp_path) as registry:
        push(registry.url)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        response = RegistryClient(registry.url).upload_blob("team/app", b"one more")
        assert response.status == 500
        assert b"No space left" in response.content
        monkeypatch.undo()
        assert_whole(registry.url)
    assert not list(tmp_path.glob("blobs/sha256/.*")), "what could not be written whole is taken away"
