"""The launcher of docker-registry: finds it, starts it, states why it cannot, and leaves no process behind."""

import os
import stat
from pathlib import Path

import pytest
import requests

from conformance.format.digest import Digest
from conformance.format.names import MANIFEST_TYPE
from conformance.images.samples import sample_image
from conformance.observed.credentials import Credentials
from conformance.registry.client.client import AuthenticationError, RegistryClient
from conformance.registry.server import launch
from conformance.registry.server.launch import LaunchError, docker_registry, find_docker_registry
from conformance.registry.server.programs import PROGRAMS
from tests.tools import need

# docker-registry takes bcrypt only: user "user", password "right", cost 5.
HTPASSWD = "user:$2a$05$eKfBDx2nyHUeiT/3ossHR.m2AVv0z0hROHoWSHLicGAIEiXAbsewW\n"


def program(directory: Path, text: str) -> Path:
    """A shell script in place of docker-registry."""
    path = directory / "docker-registry"
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def processes_of(directory: Path) -> list[str]:
    """Command lines that name this directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if str(directory).encode() in line:
            found.append(line.decode(errors="replace"))
    return found


@pytest.fixture
def real() -> None:
    need(find_docker_registry() is not None, "docker-registry")


@pytest.mark.usefixtures("real")
def test_it_runs_while_it_is_needed_and_not_longer(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as launched:
        assert launched.url.startswith("http://127.0.0.1:")
        assert requests.get(f"{launched.url}/v2/", timeout=10).status_code == 200
        assert processes_of(tmp_path)
    assert not processes_of(tmp_path)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{launched.url}/v2/", timeout=10)


@pytest.mark.usefixtures("real")
def test_it_is_stopped_when_the_test_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), docker_registry(tmp_path / "registry"):
        raise ZeroDivisionError
    assert not processes_of(tmp_path)


@pytest.mark.usefixtures("real")
def test_its_storage_outlives_it(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as launched:
        assert RegistryClient(launched.url).upload_blob("a", b"kept").status == 201
    with docker_registry(tmp_path / "registry") as launched:
        assert RegistryClient(launched.url).get_blob("a", str(Digest.of(b"kept"))).content == b"kept"


@pytest.mark.usefixtures("real")
def test_garbage_collection_removes_what_no_manifest_needs(tmp_path: Path) -> None:
    image = sample_image("launch", 500)
    with docker_registry(tmp_path / "registry") as launched:
        client = RegistryClient(launched.url)
        for content in (*image.blobs.values(), b"without a manifest"):
            client.upload_blob("a", content)
        assert client.put_manifest_raw("a", "plain", image.plain, MANIFEST_TYPE).status == 201
        assert launched.collect_garbage is not None
        launched.collect_garbage()
    names = {path.parent.name for path in (tmp_path / "registry" / "storage").glob("**/blobs/sha256/*/*/data")}
    assert Digest.parse(image.layer).hex in names
    assert Digest.of(b"without a manifest").hex not in names


@pytest.mark.usefixtures("real")
def test_deletes_can_be_switched_off(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry", delete_enabled=False) as launched:
        client = RegistryClient(launched.url)
        client.upload_blob("a", b"x")
        assert client.delete_blob_raw("a", str(Digest.of(b"x"))).status == 405


@pytest.mark.usefixtures("real")
def test_a_credential_file_is_used(tmp_path: Path) -> None:
    htpasswd = tmp_path / "htpasswd"
    htpasswd.write_text(HTPASSWD)
    with docker_registry(tmp_path / "registry", htpasswd=htpasswd) as launched:
        assert RegistryClient(launched.url).request("GET", "/v2/").status == 401
        right = RegistryClient(launched.url, credentials=Credentials("user", "right"))
        assert right.request("GET", "/v2/").status == 200
        wrong = RegistryClient(launched.url, credentials=Credentials("user", "wrong"))
        with pytest.raises(AuthenticationError, match="for user 'user'"):
            wrong.request("GET", "/v2/")


def test_what_does_not_start_says_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = program(tmp_path, "echo first >&2; echo 'configuration error: no such driver' >&2; exit 1")
    monkeypatch.setenv("ZCC_DOCKER_REGISTRY", str(script))
    with (
        pytest.raises(LaunchError, match="docker-registry did not start: configuration error: no such driver"),
        docker_registry(tmp_path / "registry"),
    ):
        pytest.fail("it never ran")


def test_what_hangs_is_given_up_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = program(tmp_path, "while :; do sleep 1; done")
    monkeypatch.setenv("ZCC_DOCKER_REGISTRY", str(script))
    monkeypatch.setattr(launch, "_START_SECONDS", 0.5)
    with pytest.raises(LaunchError, match="did not start: no log"), docker_registry(tmp_path / "registry"):
        pytest.fail("it never responded")
    assert not processes_of(tmp_path)


def test_what_ignores_the_request_to_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = program(tmp_path, "trap '' TERM; while :; do :; done")
    monkeypatch.setenv("ZCC_DOCKER_REGISTRY", str(script))
    monkeypatch.setattr(launch, "_START_SECONDS", 0.3)
    monkeypatch.setattr(launch, "_STOP_SECONDS", 0.3)
    with pytest.raises(LaunchError), docker_registry(tmp_path / "registry"):
        pytest.fail("it never responded")
    assert not processes_of(tmp_path)


def test_where_it_is_not_installed_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZCC_DOCKER_REGISTRY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_docker_registry() is None
    with pytest.raises(LaunchError, match="apt-get install docker-registry"), docker_registry(tmp_path / "registry"):
        pytest.fail("there is none")


@pytest.mark.parametrize("name", ["docker-registry", "registry"])
def test_it_is_found_under_both_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    program(tmp_path, "exit 0").rename(tmp_path / name)
    monkeypatch.delenv("ZCC_DOCKER_REGISTRY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_docker_registry() == tmp_path / name


def test_a_named_program_that_is_not_there_is_a_launch_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZCC_DOCKER_REGISTRY", str(tmp_path / "absent"))
    with pytest.raises(LaunchError, match="absent"), docker_registry(tmp_path / "registry"):
        pytest.fail("there is none")


def test_it_gets_a_home_of_its_own_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZCC_DOCKER_REGISTRY", str(program(tmp_path, "env >&2; exit 1")))
    monkeypatch.setenv("OCI_PASSWORD", "open-sesame")
    with pytest.raises(LaunchError), docker_registry(tmp_path / "registry"):
        pytest.fail("it never ran")
    seen = (tmp_path / "registry" / "registry.log").read_text()
    assert f"HOME={tmp_path / 'registry'}" in seen
    assert "open-sesame" not in seen
    assert os.environ["HOME"] not in seen.split("HOME=")[1].splitlines()[0]


def test_a_program_is_searched_for_in_the_directory_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = tmp_path / "path"
    on_path.mkdir()
    found = program(on_path, "true")
    monkeypatch.setenv("PATH", str(on_path))
    docker = next(each for each in PROGRAMS if "docker-registry" in each.names)
    assert docker.find(tmp_path) == found
    assert docker.find_in(tmp_path) is None
    assert docker.find_in(on_path) == found
