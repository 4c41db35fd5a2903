"""The reference and the null clients as the suite runs them: separate processes, driven through their adapters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE, MANIFEST_TYPES
from conformance.implementations.adapter import builtin_adapters, find_adapter
from conformance.implementations.adapter_document import OPERATIONS, Operation
from conformance.implementations.runner import Run, Values, find_version, run_operation
from conformance.observed.credentials import Credentials
from conformance.observed.outcome import RunOutcome
from conformance.processes.sandbox import Sandbox, SandboxOptions, make_sandbox
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from tests.implementations.images import expected_tree, plain_layout, tree_on_disk

NULL = tuple(name for name in builtin_adapters() if name.startswith("null-"))


class Stage:
    """A registry, a sandbox and the image that is pushed."""

    def __init__(self, registry: EmbeddedRegistry, directory: Path, login: Credentials | None = None) -> None:
        self.host = registry.url.removeprefix("http://")
        logins = {self.host: login} if login else {}
        self.sandbox: Sandbox = make_sandbox(directory / "run", SandboxOptions(hosts=[self.host], credentials=logins))
        self.layout = plain_layout(directory / "layout")
        self.output = directory / "tree"
        self.output.mkdir()
        self.client = RegistryClient(registry.url, credentials=login)

    def run(self, name: str, operation: Operation, timeout: float = 60, **more: str) -> Run:
        values: Values = {
            "reference": f"{self.host}/image/a:1",
            "destination": f"{self.host}/image/b:1",
            "layout": self.layout,
            "output": self.output,
            "target": self.output.parent / "stored",
            "compression": "zstd:chunked",
            **more,
        }
        return run_operation(find_adapter(name), self.sandbox, operation, values, timeout=timeout)

    def raw(self, name: str) -> bytes:
        return self.client.get_manifest_raw(f"image/{name}", "1", accept=MANIFEST_TYPES).content


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with EmbeddedRegistry() as registry:
        made = Stage(registry, tmp_path)
        yield made
        made.client.close()


def test_the_reference_pushes_copies_and_unpacks_as_a_process_of_its_own(stage: Stage) -> None:
    assert find_version(find_adapter("reference"), stage.sandbox).text.startswith("reference ")
    for operation, more in (("push", {}), ("copy", {}), ("recompress", {"compression": "gzip"}), ("unpack", {})):
        run = stage.run("reference", operation, **more)  # type: ignore[arg-type]
        assert run.succeeded, run.reason
    assert tree_on_disk(stage.output) == expected_tree()
    assert INDEX_TYPE.encode() in stage.raw("a")


def test_the_reference_refuses_and_declares_by_the_protocol(stage: Stage) -> None:
    refused = stage.run("reference", "unpack", reference=f"{stage.host}/image/nonesuch:1")
    assert refused.outcome == "refused"
    assert "no such image" in refused.reason
    scan = stage.run("reference", "scan")
    assert (scan.outcome, scan.reason) == ("unsupported", "it does not look for packages")


def test_the_reference_logs_in_and_shows_no_secret(tmp_path: Path) -> None:
    with EmbeddedRegistry(auth=BasicAuth("me", "open-sesame")) as registry:
        stage = Stage(registry, tmp_path, Credentials("me", "open-sesame"))
        run = stage.run("reference", "push")
        assert run.succeeded, run.reason
        assert "--authfile" in run.evidence[0].argv
        assert "open-sesame" not in str(run)
        stage.client.close()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("null-always-fail", "refused"),
        ("null-always-succeed", "succeeded"),
        ("null-crash", "crashed"),
        ("null-hang", "timed-out"),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_null_clients_end_as_they_are_named(
    name: str, expected: RunOutcome, operation: Operation, stage: Stage
) -> None:
    timeout = 0.5 if expected == "timed-out" else 60
    assert stage.run(name, operation, timeout).outcome == expected
    assert not find_version(find_adapter(name), stage.sandbox).absent
    assert not list(stage.output.iterdir())


def test_copies_everything_moves_the_bytes_it_was_given(stage: Stage) -> None:
    name = "null-copies-everything"
    for operation, more in (
        ("push", {}),
        ("recompress", {"compression": "gzip"}),
        ("unpack", {}),
        ("scan", {}),
        ("store", {}),
    ):
        run = stage.run(name, operation, **more)  # type: ignore[arg-type]
        assert run.succeeded, run.evidence[-1].as_text()
    assert stage.raw("a") == stage.raw("b")
    assert MANIFEST_TYPE.encode() in stage.raw("a")
    assert (stage.output / "index.json").is_file()
    assert (stage.output.parent / "stored" / "index.json").is_file()
