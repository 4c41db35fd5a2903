"""The plugin as a user meets it: pytest runs in their own directory."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import jsonschema
import pytest

from conformance.cases.variants.registries.choices import deletes_nothing_405
from conformance.images.golden import golden_directory
from conformance.registry.client.client import RegistryClient
from conformance.registry.server import defects
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from conformance.trials.registry.push import push_layout
from conformance.trials.registry.target import RegistryUnderTest
from tests.schemas import results_schema

TIMEOUT = 300


def run_pytest(
    directory: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(directory),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **(environ or {}),
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    if subprocess.run(
        [sys.executable, "-c", "import importlib.metadata as m; m.version('zstd-chunked-conformance')"],
        check=False,
        capture_output=True,
    ).returncode:
        command += ["-p", "conformance.plugin"]
    return subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False)


@pytest.fixture
def embedded() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry() as registry:
        yield registry


def results(directory: Path) -> dict[str, object]:
    document = json.loads((directory / "reports" / "latest" / "results.json").read_bytes())
    jsonschema.validate(document, results_schema())
    assert isinstance(document, dict)
    return document


def test_a_whole_run_against_a_registry_in_two_workers(tmp_path: Path, embedded: EmbeddedRegistry) -> None:
    run = run_pytest(tmp_path, "--registry", embedded.url, "-n", "2")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "conforms to profiles registry (" in run.stdout
    for held in ("is not a valid tar", "has a binary zero", "reuses the digests of the layers, and is stripped"):
        assert re.search(rf"\d+ examples?.*, fails < \d.* %: .*{held}", run.stdout), f"{held!r} is not named"
    document = results(tmp_path)
    assert document["conforms"] is True
    assert (tmp_path / "reports" / "latest" / "junit.xml").read_bytes().startswith(b"<?xml")
    sent = [(exchange.method, urlsplit(exchange.url).path) for exchange in embedded.exchanges]
    # One scenario deletes in repositories of its own (REG-031).
    blobs = [
        (place, path) for place, (method, path) in enumerate(sent) if method == "DELETE" and "/blobs/sha256" in path
    ]
    deleted = [place for place, path in blobs if "/apart-" not in path]
    assert deleted, "the run deleted nothing of what it created"
    pushed = [place for place, (method, _) in enumerate(sent) if method == "PUT"]
    assert min(deleted) > max(pushed), "a worker deleted a blob while another one still pushed"


def test_what_a_run_created_is_deleted(tmp_path: Path, embedded: EmbeddedRegistry) -> None:
    import requests

    run_pytest(tmp_path, "--registry", embedded.url, "--role", "registry", "-k", "REG_001 or sentinel_manifest")
    for repository in requests.get(f"{embedded.url}/v2/_catalog?n=1000", timeout=10).json()["repositories"]:
        tags = requests.get(f"{embedded.url}/v2/{repository}/tags/list", timeout=10).json().get("tags") or []
        assert not tags, f"{repository} still has {tags}"


def test_what_a_registry_retains_is_listed_with_the_command_that_deletes_it(tmp_path: Path) -> None:
    with EmbeddedRegistry(defects=[deletes_nothing_405()]) as registry:
        arguments = ("--role", "registry", "-k", "REG-001 or REG-018")
        run = run_pytest(tmp_path, "--registry", registry.url, *arguments)
        (line,) = [line for line in run.stdout.splitlines() if line.startswith("left behind: ")]
        found = re.fullmatch(
            r"left behind: .* retains (\d+) items below zcc/run-\w+: .* \(HTTP 405\)\. .*: (.*) \(.*", line
        )
        assert found is not None, line
        urls = (tmp_path / "reports" / "latest" / "left.txt").read_text().split()
        assert len(urls) == int(found[1]) > 5
        assert any(registry.blobs_of(name) for name in repositories(registry))
        registry.arm()
        subprocess.run(["bash", "-c", found[2].replace("curl", "curl -s")], check=True, timeout=60)
        assert not any(registry.blobs_of(name) for name in repositories(registry))
        again = run_pytest(tmp_path, "--registry", registry.url, *arguments)
    assert "left behind" not in again.stdout
    assert not (tmp_path / "reports" / "latest" / "left.txt").exists(), "that of an earlier run is removed"


def repositories(registry: EmbeddedRegistry) -> set[str]:
    return {
        exchange.url.partition("/v2/")[2].partition("/manifests/")[0]
        for exchange in registry.exchanges
        if "/manifests/" in exchange.url
    }


def test_a_registry_that_is_down_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = run_pytest(tmp_path, "--registry", f"http://127.0.0.1:{port}")
    assert run.returncode == 2, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    (line,) = (run.stdout + run.stderr).strip().splitlines()
    assert line == f"Exit: http://127.0.0.1:{port}: connection refused: is the registry running?"


def test_a_refused_authentication_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with EmbeddedRegistry(auth=BasicAuth("user", "right")) as registry:
        without = run_pytest(tmp_path, "--registry", registry.url)
        wrong = run_pytest(
            tmp_path, "--registry", registry.url, environ={"OCI_USERNAME": "user", "OCI_PASSWORD": "very-wrong"}
        )
    assert without.returncode == wrong.returncode == 2
    assert "it requires authentication" in without.stdout + without.stderr
    assert "authentication failed for user 'user' at 127.0.0.1" in wrong.stdout + wrong.stderr
    assert "very-wrong" not in wrong.stdout + wrong.stderr


def test_the_variables_of_the_oci_conformance_test_work(tmp_path: Path) -> None:
    with EmbeddedRegistry(auth=BasicAuth("user", "right")) as registry:
        environ = {
            "OCI_REGISTRY": registry.url.removeprefix("http://"),
            "OCI_TLS": "disabled",
            "OCI_USERNAME": "user",
            "OCI_PASSWORD": "right",
            "OCI_REPO1": "team/project",
        }
        run = run_pytest(tmp_path, "--pyargs", "conformance.suite", "-k", "REG_004 or sentinel_blob", environ=environ)
        urls = [exchange.url for exchange in registry.exchanges]
    assert run.returncode == 0, run.stdout + run.stderr
    assert any("/v2/team/project/" in url for url in urls), urls[:5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--registry", "ftp://x"), "--registry 'ftp://x'"),
        (("--registry", "http://user:pw@x"), "without path or password"),
        (("--registry", "http://[::1"), "--registry 'http://[::1'"),
        (("--registry", "http://127.0.0.1:99999"), "--registry 'http://127.0.0.1:99999'"),
        (("--registry", "http://127.0.0.1:1", "--role", "king"), "--role king: choose from"),
        (("--registry", "http://127.0.0.1:1", "--effort", "much"), "--effort much: choose from"),
        (("--registry", "http://127.0.0.1:1", "--waivers", "absent.toml"), "--waivers absent.toml"),
        (("--registry", "http://127.0.0.1:1", "--ca-file", "absent.pem"), "--ca-file absent.pem: no such file"),
        (("--read-only", "oci:./x"), "name an image in a registry"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_2(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    run = run_pytest(tmp_path, *arguments)
    assert run.returncode == 2, run.stdout + run.stderr
    assert message in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_something_that_is_no_registry_is_named(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def response() -> None:
        for _ in range(8):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    Thread(target=response, daemon=True).start()
    run = run_pytest(tmp_path, "--registry", f"http://127.0.0.1:{listener.getsockname()[1]}")
    listener.close()
    assert run.returncode == 2
    assert "no OCI registry here" in run.stdout + run.stderr


def test_a_variable_alone_changes_no_run_and_is_reported_where_nothing_is_run(tmp_path: Path) -> None:
    environ = {"OCI_REGISTRY": "127.0.0.1:1"}
    nothing = run_pytest(tmp_path, environ=environ)
    assert "To judge the registry of OCI_REGISTRY: pytest --pyargs conformance.suite" in nothing.stdout
    (tmp_path / "test_mine.py").write_text("def test_mine():\n    pass\n")
    mine = run_pytest(tmp_path, environ=environ)
    assert mine.returncode == 0
    assert "OCI_REGISTRY" not in mine.stdout


def test_an_unrelated_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine():\n    pass\n")
    run = run_pytest(tmp_path)
    assert run.returncode == 0
    assert "1 passed" in run.stdout
    assert "conformance:" not in run.stdout
    assert not (tmp_path / "reports").exists()


def test_a_second_run_into_the_same_report_directory_is_a_conformance_run_too(tmp_path: Path) -> None:
    """pytest takes an existing directory among the arguments for a test path when it searches for its ini file."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pytest.ini").write_text("[pytest]\nconformance_default = true\n")
    (tmp_path / "reports").mkdir()
    run = run_pytest(tmp_path / "project", "--report-dir", str(tmp_path / "reports"), "-k", "sentinel_blob")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "conformance:" in run.stdout
    assert (tmp_path / "reports" / "results.json").is_file()


@pytest.mark.parametrize("option", ["--registry", "--implementation", "--report-dir", "--waivers"])
def test_an_empty_option_is_not_the_default(tmp_path: Path, option: str) -> None:
    """Of a variable that is not set: the embedded registry would be judged, and conform."""
    run = run_pytest(tmp_path, option, "")
    assert run.returncode == 2, run.stdout + run.stderr
    assert f"{option}: empty" in run.stdout + run.stderr


def test_a_report_directory_that_cannot_be_created_ends_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = run_pytest(tmp_path, "--report-dir", str(tmp_path / "file" / "reports"))
    assert run.returncode == 2, run.stdout + run.stderr
    assert "Not a directory" in run.stdout + run.stderr
    assert "collected" not in run.stdout


def test_a_selection_makes_no_statement_on_conformance(tmp_path: Path, embedded: EmbeddedRegistry) -> None:
    run = run_pytest(tmp_path, "--registry", embedded.url, "-k", "sentinel_blob")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "partial run, no statement on conformance" in run.stdout


def test_a_selection_of_nothing_says_where_the_ids_are(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, "--registry", "http://127.0.0.1:1", "--collect-only", "-k", "REG-999")
    assert run.returncode == 5
    assert "-k 'REG-999' selects nothing" in run.stdout
    assert "zcc requirements" in run.stdout


def test_read_only_judges_an_image_and_pushes_nothing(tmp_path: Path, embedded: EmbeddedRegistry) -> None:
    client = RegistryClient(embedded.url)
    reference = push_layout(RegistryUnderTest(client, "team"), golden_directory("sentinel-single"), "app")
    before = len(embedded.exchanges)
    run = run_pytest(tmp_path, "--read-only", f"http://{reference}")
    assert f"conformance: {reference}, read-only" in run.stdout
    assert run.returncode == 0, run.stdout + run.stderr
    methods = {exchange.method for exchange in embedded.exchanges[before:]}
    assert methods <= {"GET", "HEAD"}, f"a read-only run sent {methods}"
    text = " ".join(run.stdout.split())
    assert "WARNING SENT-MANIFEST-006" in text
    assert f"{reference} conforms to profile pair: " in text
    assert "serving team/app: no profile is claimed, no statement on conformance; " in text


def test_a_defect_is_found_reported_in_full_and_fails_the_run(tmp_path: Path) -> None:
    with EmbeddedRegistry(defects=[defects.wrong_bytes_in_206()]) as registry:
        run = run_pytest(tmp_path, "--registry", registry.url, "--role", "registry")
    assert run.returncode == 1
    for words in (
        "FAIL REG-028 [MUST]",
        "expected:",
        "found:",
        "curl -i -H 'Range: bytes=",
        "replay:",
        "does not conform",
    ):
        assert words in run.stdout, f"{words!r} is missing in:\n{run.stdout[-3000:]}"
    junit = (tmp_path / "reports" / "latest" / "junit.xml").read_text()
    assert "<failure" in junit
