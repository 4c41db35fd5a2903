"""Bad input of every kind: one clear line; exit status 2 where nothing could be judged, else a finding.

For ``zcc check`` on layouts and registries, and for ``pytest --registry`` and ``--read-only``.
"""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from conformance.images.golden import golden_directory
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from conformance.registry.server.serving import Call, Reply
from conformance.registry.server.tokens import TokenAuth
from conformance.results import EXIT_INCOMPLETE
from conformance.trials.registry.push import push_layout
from conformance.trials.registry.target import RegistryUnderTest
from tests.commands.test_cli import zcc
from tests.registry.certificates import certificate
from tests.servers import raw_server
from tests.suite.test_plugin import run_pytest

HUGE = 2 * 2**30


def one_line(run: subprocess.CompletedProcess[str], *words: str) -> None:
    """Nothing on standard output, one line on standard error that has these words, exit status 2."""
    assert run.returncode == 2, run.stdout + run.stderr
    assert not run.stdout
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    assert "Traceback" not in run.stderr
    for word in words:
        assert word in run.stderr


class Layout:
    """A copy of the golden image that may be spoilt."""

    def __init__(self, directory: Path) -> None:
        shutil.copytree(golden_directory("sentinel-single"), directory)
        self.directory = directory
        self.index = directory / "index.json"
        self.root = json.loads(self.index.read_bytes())["manifests"][0]["digest"]
        entries = json.loads(self.blob(self.root).read_bytes())["manifests"]
        self.plain, self.sentinel = (entry["digest"] for entry in entries)

    def blob(self, digest: str) -> Path:
        return self.directory / "blobs" / "sha256" / digest.removeprefix("sha256:")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "image")


def _swap(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b""), "document is not JSON"),
        (lambda path: path.write_bytes(b"\xff\xfe{}"), "document is not UTF-8"),
        (lambda path: path.write_bytes(b"[" * 100_000), "nested deeper than 64 levels"),
        (lambda path: path.write_bytes(b"[]"), "document is a JSON array, not an object"),
        (lambda path: path.write_bytes(b'{"schemaVersion":2,"manifests":[]}'), "the layout holds no image"),
        (lambda path: path.write_bytes(b'{"schemaVersion":' + b"9" * 9999 + b"}"), "neither manifests nor layers"),
        (lambda path: os.truncate(path, HUGE), f"{HUGE} bytes; the limit here is"),
        (lambda path: path.unlink(), "no such file"),
        (lambda path: _swap(path, Path.mkdir), "not a regular file"),
        (lambda path: _swap(path, os.mkfifo), "not a regular file"),
        (lambda path: _swap(path, lambda link: link.symlink_to(link)), "symbolic links"),
    ],
    ids=["empty", "not UTF-8", "deep", "array", "no image", "long number", "2 GB", "missing", "directory",
         "FIFO", "link to itself"],
)  # fmt: skip
def test_a_damaged_index_json(layout: Layout, spoil: Callable[[Path], object], words: str) -> None:
    spoil(layout.index)
    one_line(zcc("check", f"oci:{layout.directory}"), str(layout.directory), words)


def test_a_truncated_index_json_is_a_finding(layout: Layout) -> None:
    layout.index.write_bytes(layout.index.read_bytes()[:100])
    run = zcc("check", f"oci:{layout.directory}")
    assert run.returncode == 1, run.stderr
    assert "the root document is not JSON" in run.stdout


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: os.truncate(path, HUGE), f"{HUGE} bytes; the limit here is"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n"), "the stored bytes have digest"),
        (lambda path: path.unlink(), "no such file"),
        (lambda path: _swap(path, os.mkfifo), "not a regular file"),
    ],
    ids=["2 GB", "other bytes", "missing", "FIFO"],
)
def test_a_damaged_root_manifest(layout: Layout, spoil: Callable[[Path], object], words: str) -> None:
    spoil(layout.blob(layout.root))
    one_line(zcc("check", f"oci:{layout.directory}"), layout.root, words)


def test_a_layout_none_of_whose_blobs_matches_its_name(layout: Layout) -> None:
    for path in (layout.directory / "blobs" / "sha256").iterdir():
        path.write_bytes(path.read_bytes() + b"\n")
    one_line(zcc("check", f"oci:{layout.directory}"), "the stored bytes have digest")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda path: os.truncate(path, HUGE), f"{HUGE} bytes; the limit here is"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n"), "the stored bytes have digest"),
        (lambda path: path.unlink(), "no such file"),
    ],
    ids=["2 GB", "other bytes", "missing"],
)
def test_one_damaged_manifest_is_a_finding(layout: Layout, spoil: Callable[[Path], object], found: str) -> None:
    """The rest of the image is judged."""
    spoil(layout.blob(layout.sentinel))
    run = zcc("check", f"oci:{layout.directory}")
    assert run.returncode == 1, run.stdout + run.stderr
    assert not run.stderr
    assert "FAIL SENT-INDEX-011" in run.stdout
    assert found in run.stdout


def test_a_damaged_sentinel_blob_is_a_finding(layout: Layout) -> None:
    first = json.loads(layout.blob(layout.sentinel).read_bytes())["layers"][0]["digest"]
    layout.blob(first).write_bytes(b"\0" * 512)
    run = zcc("check", f"oci:{layout.directory}")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "FAIL SENT-DESC-002" in run.stdout


@contextmanager
def endless(head: bytes) -> Iterator[str]:
    """A server that responds to every request with this head, and then never stops to send."""

    def send(connection: socket.socket, over: Event) -> None:
        connection.sendall(b"HTTP/1.1 " + head + b"\r\n\r\n")
        while not over.is_set():
            connection.sendall(b" " * 65536)

    with raw_server(send) as url:
        yield url.removeprefix("http://")


def test_a_registry_that_sends_a_manifest_without_end() -> None:
    with endless(b"200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\nConnection: close") as host:
        run = zcc("check", f"{host}/app:1")
    one_line(run, f"{host}/app:1", "larger than")


def test_a_registry_that_announces_a_manifest_of_2_gb() -> None:
    with endless(f"200 OK\r\nContent-Length: {HUGE}\r\nConnection: close".encode()) as host:
        one_line(zcc("check", f"{host}/app:1"), "larger than")


def test_a_run_against_a_registry_that_sends_without_end(tmp_path: Path) -> None:
    with endless(b"200 OK\r\nConnection: close") as host:
        run = run_pytest(tmp_path, "--registry", f"http://{host}")
    assert run.returncode == 2, run.stdout + run.stderr
    assert "the response is larger than" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


class EndlessManifests(Defect):
    """Every manifest is followed by more than a client may be asked to read."""

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:  # noqa: ARG002
        wanted = call.method == "GET" and "/manifests/" in call.path and reply.status == 200
        return reply.replace(body=reply.body + b" " * (9 * 2**20)) if wanted else reply


def test_a_run_against_a_registry_of_endless_manifests_says_what_it_could_not_judge(tmp_path: Path) -> None:
    with EmbeddedRegistry(defects=[EndlessManifests()]) as registry:
        run = run_pytest(tmp_path, "--registry", registry.url, "-k", "REG-001")
    assert run.returncode == EXIT_INCOMPLETE, run.stdout + run.stderr
    assert "NOT-RUN REG-001 [MUST]" in run.stdout
    assert "the response is larger than" in run.stdout
    assert "client.py" not in run.stdout, "no source text of the suite"


@pytest.mark.parametrize(
    ("auth", "password"),
    [(BasicAuth("user", "right"), "wrong"), (TokenAuth("user", "right"), "wrong"), (TokenAuth("user", "right"), "")],
    ids=["Basic", "Bearer", "Bearer, no login"],
)
def test_a_refused_authentication(tmp_path: Path, auth: BasicAuth | TokenAuth, password: str) -> None:
    with EmbeddedRegistry(auth=auth) as registry:
        host = registry.url.removeprefix("http://")
        login = {"OCI_USERNAME": "user", "OCI_PASSWORD": password} if password else {}
        run = zcc("check", f"{host}/app:1", directory=tmp_path, **login)
    one_line(run, "authentication failed for user 'user'" if password else "requires authentication (HTTP 401)")


def test_an_unknown_certificate(tmp_path: Path) -> None:
    tls, ca = certificate(tmp_path)
    with EmbeddedRegistry(tls=tls) as registry:
        unknown = zcc("check", f"{registry.url}/app:1")
        trusted = zcc("check", "--ca-file", str(ca), f"{registry.url}/app:1")
        insecure = zcc("check", "--insecure", f"{registry.url}/app:1")
    one_line(unknown, "its TLS certificate cannot be verified; give --ca-file, or --insecure")
    one_line(trusted, "no such image (HTTP 404)")
    one_line(insecure, "no such image (HTTP 404)")


def test_a_ca_file_asks_for_tls_on_this_machine_too(tmp_path: Path) -> None:
    tls, ca = certificate(tmp_path)
    with EmbeddedRegistry(tls=tls) as registry:
        run = zcc("check", "--ca-file", str(ca), f"{registry.url.removeprefix('https://')}/app:1")
    one_line(run, "no such image (HTTP 404)")


def test_a_request_without_tls_to_a_port_with_tls() -> None:
    content = b"Client sent an HTTP request to an HTTPS server.\n"
    head = b"HTTP/1.0 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(content)
    with raw_server(lambda connection, _: connection.sendall(head + content)) as url:
        run = zcc("check", "--insecure", f"{url.removeprefix('http://')}/app:1")
    one_line(run, "expects TLS", "https://", "OCI_TLS")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["absent", "empty", "not PEM"])
def test_a_ca_file_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    (tmp_path / "server").mkdir()
    tls, _ = certificate(tmp_path / "server")
    with EmbeddedRegistry(tls=tls) as registry:
        checked = zcc("check", "--ca-file", str(path), f"{registry.url}/app:1")
        run = run_pytest(tmp_path, "--registry", registry.url, "--ca-file", str(path))
    one_line(checked, "ca.pem")
    assert run.returncode == 2
    assert "ca.pem" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("layouts", "{}/absent/index.json"), "absent/index.json: no such file"),
        (("layouts", "{}"), "a directory: name its index.json"),
        (("audit", "--from", "{}/empty"), "empty: it names nothing"),
        (("check", "--waivers", "{}/binary", "oci:{}"), "binary: it is not UTF-8 text"),
        (("check", "--waivers", "{}/absent", "oci:{}"), "absent: No such file"),
        (("build", "{}/absent", "-o", "oci:{}/new:1"), "no such directory or file"),
    ],
)
def test_bad_files_of_other_commands(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\x7fELF\xff")
    one_line(zcc(*(word.format(tmp_path) for word in words)), said)


@pytest.mark.parametrize("reference", ["absent:1", "absent@sha256:" + "0" * 64])
def test_a_read_only_run_of_an_absent_image_is_one_line_and_exit_2(tmp_path: Path, reference: str) -> None:
    with EmbeddedRegistry() as registry:
        run = run_pytest(tmp_path, "--read-only", f"{registry.url}/{reference}")
    assert run.returncode == 2, run.stdout + run.stderr
    assert "no such image (HTTP 404)" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_the_undamaged_image_conforms(tmp_path: Path, layout: Layout) -> None:
    """The same image, layout and registry: what is refused above is refused for the damage."""
    assert zcc("check", f"oci:{layout.directory}").returncode == 0
    with EmbeddedRegistry() as registry:
        reference = push_layout(RegistryUnderTest(RegistryClient(registry.url), "team"), layout.directory, "app")
        assert zcc("check", f"{reference}", directory=tmp_path).returncode == 0
