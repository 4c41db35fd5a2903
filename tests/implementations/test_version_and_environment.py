"""What a tool reports before its version, environments that name what an operation lacks, compressions left out."""

from pathlib import Path

import msgspec
import pytest

from conformance.implementations.adapter import parse_adapter
from conformance.implementations.runner import find_version, run_operation
from conformance.processes.sandbox import Sandbox, make_sandbox

ADAPTER = parse_adapter(
    """
    name = "t"
    description = "d"
    roles = ["copier"]
    version = ["{python}", "-c", "print('Info: creating {home}/9'); print('version: 1.3.17')"]
    compressions = ["uncompressed"]
    [operations]
    recompress = ["{python}", "-c", "import os; print(repr(os.environ['USER_NAME']), os.environ['TRUSTED'] == '')"]
    [environment]
    USER_NAME = "{username}"
    TRUSTED = "{cafile}"
    """,
    source="t",
)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return make_sandbox(tmp_path / "run1")


def test_the_version_is_the_line_that_looks_like_one(sandbox: Sandbox) -> None:
    assert find_version(ADAPTER, sandbox).text == "version: 1.3.17"


def test_the_version_has_no_path_of_this_machine(sandbox: Sandbox) -> None:
    adapter = msgspec.structs.replace(ADAPTER, version=("{python}", "-c", "print('t at {home}/2.1 version 1.0')"))
    assert find_version(adapter, sandbox).text == "t at {home}/2.1 version 1.0"


def test_an_environment_may_name_what_the_operation_lacks(sandbox: Sandbox) -> None:
    run = run_operation(ADAPTER, sandbox, "recompress", {"compression": "uncompressed"})
    assert run.outcome == "succeeded", run.reason
    assert run.stdout.strip() == "'' True"


def test_a_compression_left_out_is_unsupported_also_where_the_operation_does_not_name_it(sandbox: Sandbox) -> None:
    run = run_operation(ADAPTER, sandbox, "recompress", {"compression": "gzip"})
    assert run.outcome == "unsupported"
    assert run.reason == "t cannot write gzip"
